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

    /// Grid lines, ticks with their numbers, and the axes' titles.
    static func grid(_ x: Axis, _ y: Axis, xTitle: String, yTitle: String?, verticals: Bool) -> String {
        var parts: [String] = []
        for tick in y.ticks {
            let at = y.position(tick)
            parts.append(line(abs(tick) < 1e-12 ? "grid zero" : "grid", (x.start, at), (x.end, at)))
            parts.append(text("tick", (x.start - 8, at), "end", y.label(tick), shift: ".32em"))
        }
        for tick in x.ticks {
            let at = x.position(tick)
            parts.append(
                verticals ? line("grid", (at, y.start), (at, y.end)) : line("axis", (at, y.start), (at, y.start + 5)))
            parts.append(text("tick", (at, y.start + 19), "middle", x.label(tick)))
        }
        parts.append(line("axis", (x.start, y.start), (x.end, y.start)))
        parts.append(text("label", ((x.start + x.end) / 2, y.start + 38), "middle", xTitle))
        if let yTitle { parts.append(text("label", (x.start, y.end - 12), "start", yTitle)) }
        return parts.joined(separator: "\n")
    }

    static func line(_ kind: String, _ from: (Double, Double), _ to: (Double, Double)) -> String {
        #"<line class="\#(kind)" x1="\#(unit(from.0))" y1="\#(unit(from.1))" x2="\#(unit(to.0))" y2="\#(unit(to.1))"/>"#
    }

    static func text(
        _ kind: String, _ at: (Double, Double), _ anchor: String, _ text: String, shift: String = "0"
    ) -> String {
        #"<text class="\#(kind)" x="\#(unit(at.0))" y="\#(unit(at.1))" dy="\#(shift)" text-anchor="\#(anchor)">"#
            + "\(Format.escaped(text))</text>"
    }

    /// A line's name at its end.
    struct EndLabel {
        var name: String
        var colour: Int
        var y: Double
    }

    /// Names beside lines' ends, pushed apart where lines end close together.
    static func endLabels(_ labels: [EndLabel], x: Double, bottom: Double) -> String {
        var labels = labels.sorted { $0.y < $1.y }
        let gap = 15.0
        for index in labels.indices.dropFirst() { labels[index].y = max(labels[index].y, labels[index - 1].y + gap) }
        let overflow = (labels.last?.y ?? 0) - bottom
        if overflow > 0 {
            labels[labels.count - 1].y -= overflow
            for index in labels.indices.dropLast().reversed() {
                labels[index].y = min(labels[index].y, labels[index + 1].y - gap)
            }
        }
        return labels.map { label in
            let name = Format.escaped(shortened(label.name))
            return
                #"<text class="name c\#(label.colour)" x="\#(unit(x))" y="\#(unit(label.y))" dy=".32em">\#(name)</text>"#
        }.joined(separator: "\n")
    }

    static func shortened(_ name: String) -> String { name.count > 16 ? name.prefix(15) + "…" : name }
}
