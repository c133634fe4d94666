/// Drawing units rounded to a tenth: a page of a thousand points should not be a page of digits.
func unit(_ value: Double) -> String {
    let text = Format.fixed(value, 1).replacing("−", with: "-")
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
}

/// Pieces that the charts share. Colours come from the page's style sheet, so that a chart follows light and dark.
enum SVG {
    /// The outermost element, with a title and a description for those who do not see it.
    static func figure(
        width: Double, height: Double, kind: String, id: String, title: String, description: String, body: String
    ) -> String {
        """
        <svg class="chart \(kind)" viewBox="0 0 \(unit(width)) \(unit(height))" role="img" \
        aria-labelledby="\(id)-title \(id)-description">
        <title id="\(id)-title">\(Format.escaped(title))</title>
        <desc id="\(id)-description">\(Format.escaped(description))</desc>
        \(body)
        </svg>
        """
    }

    static func grid(_ x: Axis, _ y: Axis, xTitle: String, yTitle: String, verticals: Bool) -> String {
        var parts: [String] = []
        for tick in y.ticks {
            let at = unit(y.position(tick))
            let kind = abs(tick) < 1e-12 ? "grid zero" : "grid"
            parts.append(
                #"<line class="\#(kind)" x1="\#(unit(x.start))" x2="\#(unit(x.end))" y1="\#(at)" y2="\#(at)"/>"#)
            parts.append(
                #"<text class="tick" x="\#(unit(x.start - 8))" y="\#(at)" dy=".32em" text-anchor="end">\#(y.label(tick))</text>"#
            )
        }
        for tick in x.ticks {
            let at = unit(x.position(tick))
            let bottom = y.start
            if verticals {
                parts.append(
                    #"<line class="grid" x1="\#(at)" x2="\#(at)" y1="\#(unit(y.start))" y2="\#(unit(y.end))"/>"#)
            } else {
                parts.append(
                    #"<line class="axis" x1="\#(at)" x2="\#(at)" y1="\#(unit(bottom))" y2="\#(unit(bottom + 5))"/>"#)
            }
            parts.append(
                #"<text class="tick" x="\#(at)" y="\#(unit(bottom + 19))" text-anchor="middle">\#(x.label(tick))</text>"#
            )
        }
        parts.append(
            #"<line class="axis" x1="\#(unit(x.start))" x2="\#(unit(x.end))" y1="\#(unit(y.start))" y2="\#(unit(y.start))"/>"#
        )
        parts.append(
            #"<text class="label" x="\#(unit((x.start + x.end) / 2))" y="\#(unit(y.start + 38))" text-anchor="middle">\#(Format.escaped(xTitle))</text>"#
        )
        parts.append(
            #"<text class="label" x="\#(unit(x.start))" y="\#(unit(y.end - 12))" text-anchor="start">\#(Format.escaped(yTitle))</text>"#
        )
        return parts.joined(separator: "\n")
    }
}
