import CacheInspection

/// How many recordings are how long, a bar per bin.
struct HistogramChart {
    var id: String
    var title: String
    var colour: Int
    var histogram: DurationHistogram

    static let width = 520.0
    static let height = 270.0

    var svg: String {
        let bins = histogram.bins
        let step = (bins.first?.toSeconds ?? bins[0].fromSeconds + 1) - bins[0].fromSeconds
        let end = bins[bins.count - 1].toSeconds ?? bins[bins.count - 1].fromSeconds + step
        let x = Axis([bins[0].fromSeconds, end], from: 52, to: Self.width - 12, ticks: 8, padded: false)
        let y = Axis(bins.map { Double($0.count) } + [0], from: Self.height - 50, to: 24, whole: true)
        let bars = bins.map { bin in
            let left = x.position(bin.fromSeconds), right = x.position(bin.toSeconds ?? end)
            let top = y.position(Double(bin.count))
            let tip = "\(Self.range(bin)) · \(Format.count(bin.count))"
            return """
                <rect class="bar\(bin.toSeconds == nil ? " open" : "")" x="\(unit(left + 1))" y="\(unit(top))" \
                width="\(unit(max(1, right - left - 2)))" height="\(unit(y.start - top))" \
                data-tip="\(Format.escaped(tip))"/>
                """
        }
        let body = """
            \(SVG.grid(x, y, xTitle: "seconds", yTitle: "recordings", verticals: false))
            <g class="c\(colour)">
            \(bars.joined(separator: "\n"))
            </g>
            """
        return SVG.figure(
            width: Self.width, height: Self.height, kind: "histogram", id: id, title: title,
            description: bins.map { "\(Self.range($0)): \($0.count)." }.joined(separator: " "), body: body)
    }

    private static func range(_ bin: DurationHistogram.Bin) -> String {
        let from = Format.fixed(bin.fromSeconds, 1)
        return bin.toSeconds.map { "\(from) to \(Format.fixed($0, 1)) s" } ?? "\(from) s and more"
    }
}
