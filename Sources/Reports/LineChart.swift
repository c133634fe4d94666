/// Values per epoch, a line each, labelled at its end.
struct LineChart {
    struct Series {
        var name: String
        /// Which of the style sheet's colours.
        var colour: Int
        var points: [(epoch: Int, value: Double)]
        /// The epoch to set apart, where this series has one.
        var markedEpoch: Int?
    }

    var id: String
    var title: String
    var series: [Series]
    /// Where the value axis must reach at least, e.g. zero.
    var include: [Double] = []

    static let width = 520.0
    static let height = 310.0

    var svg: String {
        var drawn = series
        for index in drawn.indices { drawn[index].points.removeAll { !$0.value.isFinite } }
        // A single line needs no name at its end: the caption says what it is.
        let longest = drawn.count > 1 ? drawn.map { SVG.shortened($0.name).count }.max() ?? 0 : 0
        let right = Self.width - 16 - Double(longest) * 7.2
        let epochs = drawn.flatMap { $0.points.map { Double($0.epoch) } }
        let x = Axis(epochs, from: 40, to: right, ticks: 8, padded: false, whole: true)
        let y = Axis(drawn.flatMap { $0.points.map(\.value) } + include, from: Self.height - 50, to: 24)

        var body = SVG.grid(x, y, xTitle: "epoch", yTitle: nil, verticals: false)
        if Set(drawn.map(\.markedEpoch)).count == 1, let best = drawn.first?.markedEpoch {
            body += "\n" + bestLine(at: x.position(Double(best)), right: right, y)
        }
        for series in drawn { body += "\n" + line(series, x, y) }
        let ends = drawn.compactMap { series in
            series.points.last.map { SVG.EndLabel(name: series.name, colour: series.colour, y: y.position($0.value)) }
        }
        if drawn.count > 1 { body += "\n" + SVG.endLabels(ends, x: right + 8, bottom: y.start - 2) }
        return SVG.figure(
            width: Self.width, height: Self.height, kind: "lines", id: id, title: title,
            description: description(drawn), body: body)
    }

    private func bestLine(at position: Double, right: Double, _ y: Axis) -> String {
        let at = unit(position)
        let anchor = position > right - 30 ? "end" : "middle"
        return """
            <line class="best" x1="\(at)" x2="\(at)" y1="\(unit(y.start))" y2="\(unit(y.end))"/>
            <text class="best" x="\(at)" y="\(unit(y.end - 7))" text-anchor="\(anchor)">kept</text>
            """
    }

    private func line(_ series: Series, _ x: Axis, _ y: Axis) -> String {
        let positions = series.points.map { (x.position(Double($0.epoch)), y.position($0.value)) }
        let path = positions.enumerated().map {
            "\($0.offset == 0 ? "M" : "L")\(unit($0.element.0)) \(unit($0.element.1))"
        }
        let dots = zip(series.points, positions).map { point, position in
            let tip = "\(series.name) · epoch \(point.epoch) · \(Format.fixed(point.value))"
            let kind = point.epoch == series.markedEpoch ? "dot kept" : "dot"
            return """
                <circle class="\(kind)" cx="\(unit(position.0))" cy="\(unit(position.1))" \
                r="\(point.epoch == series.markedEpoch ? 4.5 : 2.4)" data-tip="\(Format.escaped(tip))"/>
                """
        }
        return """
            <g class="c\(series.colour)"><path class="line" d="\(path.joined(separator: " "))"/>
            \(dots.joined(separator: "\n"))</g>
            """
    }

    private func description(_ drawn: [Series]) -> String {
        drawn.compactMap { series in
            guard let first = series.points.first, let last = series.points.last else { return nil }
            var text = "\(series.name): \(Format.fixed(first.value)) at epoch \(first.epoch)"
            text += ", \(Format.fixed(last.value)) at epoch \(last.epoch)"
            if let kept = series.points.first(where: { $0.epoch == series.markedEpoch }) {
                text += ", \(Format.fixed(kept.value)) at the kept epoch \(kept.epoch)"
            }
            return text + "."
        }.joined(separator: " ")
    }
}
