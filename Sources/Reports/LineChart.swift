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
    var yTitle: String
    var series: [Series]
    /// Where the value axis must reach at least, e.g. zero.
    var include: [Double] = []

    static let width = 520.0
    static let height = 310.0

    var svg: String {
        let drawn = series.map {
            Series(
                name: $0.name, colour: $0.colour, points: $0.points.filter(\.value.isFinite),
                markedEpoch: $0.markedEpoch)
        }
        let longest = drawn.map { Self.shortened($0.name).count }.max() ?? 0
        let right = Self.width - 16 - Double(longest) * 7.2
        let x = Axis(
            drawn.flatMap { $0.points.map { Double($0.epoch) } }, from: 52, to: right, ticks: 8, padded: false,
            whole: true)
        let y = Axis(drawn.flatMap { $0.points.map(\.value) } + include, from: Self.height - 50, to: 34)

        var body = SVG.grid(x, y, xTitle: "epoch", yTitle: yTitle, verticals: false)
        if drawn.count == 1 || Set(drawn.map(\.markedEpoch)).count == 1, let best = drawn.first?.markedEpoch {
            let at = unit(x.position(Double(best)))
            body += """

                <line class="best" x1="\(at)" x2="\(at)" y1="\(unit(y.start))" y2="\(unit(y.end))"/>
                <text class="best" x="\(at)" y="\(unit(y.end - 4))" text-anchor="\(x.position(Double(best)) > right - 40 ? "end" : "middle")">kept</text>
                """
        }
        for series in drawn { body += "\n" + line(series, x, y) }
        body += "\n" + endLabels(drawn, x: right + 8, y).joined(separator: "\n")
        return SVG.figure(
            width: Self.width, height: Self.height, kind: "lines", id: id, title: title,
            description: description(drawn),
            body: body)
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

    /// Names at the lines' ends, pushed apart where lines end close together.
    private func endLabels(_ drawn: [Series], x: Double, _ y: Axis) -> [String] {
        guard drawn.count > 1 else { return [] }
        var labels = drawn.compactMap { series in series.points.last.map { (series, y.position($0.value)) } }
        labels.sort { $0.1 < $1.1 }
        let gap = 15.0
        for index in labels.indices.dropFirst() { labels[index].1 = max(labels[index].1, labels[index - 1].1 + gap) }
        let overflow = (labels.last?.1 ?? 0) - (y.start - 2)
        if overflow > 0 {
            labels[labels.count - 1].1 -= overflow
            for index in labels.indices.dropLast().reversed() {
                labels[index].1 = min(labels[index].1, labels[index + 1].1 - gap)
            }
        }
        return labels.map { series, at in
            #"<text class="name c\#(series.colour)" x="\#(unit(x))" y="\#(unit(at))" dy=".32em">\#(Format.escaped(Self.shortened(series.name)))</text>"#
        }
    }

    private func description(_ drawn: [Series]) -> String {
        drawn.compactMap { series in
            guard let first = series.points.first, let last = series.points.last else { return nil }
            let kept =
                series.points.first { $0.epoch == series.markedEpoch }.map {
                    ", \(Format.fixed($0.value)) at the kept epoch \($0.epoch)"
                } ?? ""
            return "\(series.name): \(Format.fixed(first.value)) at epoch \(first.epoch), "
                + "\(Format.fixed(last.value)) at epoch \(last.epoch)\(kept)."
        }.joined(separator: " ")
    }

    private static func shortened(_ name: String) -> String { name.count > 16 ? name.prefix(15) + "…" : name }
}
