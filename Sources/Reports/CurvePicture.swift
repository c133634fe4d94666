import Files
import Runs

/// Scores over time, a chart per recording: a picture (SVG) or a page (HTML) that needs nothing but itself and follows light and
/// dark.
public struct CurvePicture: Sendable {
    public struct Recording: Sendable {
        public var name: String
        /// Of each window, in seconds.
        public var times: [(start: Double, end: Double)]
        /// `[dimension][window]`.
        public var values: [[Double]]

        public init(name: String, dimensionCount: Int) {
            self.name = name
            times = []
            values = Array(repeating: [], count: dimensionCount)
        }

        public mutating func append(startSeconds: Double, endSeconds: Double, _ scores: [Double]) {
            times.append((startSeconds, endSeconds))
            for (dimension, score) in scores.enumerated() { values[dimension].append(score) }
        }
    }

    public let dimensions: [String]
    /// The ends of the labels' scales, where they are known: the value axis shows all of them.
    public let scaleEnds: [Double]
    public let recordings: [Recording]

    public init(dimensions: [String], scales: [ClosedRange<Double>], recordings: [Recording]) {
        self.dimensions = dimensions
        scaleEnds = scales.flatMap { [$0.lowerBound, $0.upperBound] }
        self.recordings = recordings
    }

    private var charts: [CurveChart] {
        recordings.enumerated().map { CurveChart(id: "curve-\($0)", picture: self, recording: $1) }
    }

    /// One picture, the charts one below the other.
    public var svg: String {
        let height = 40 + Double(recordings.count) * (CurveChart.height + 30), width = CurveChart.width + 40
        let drawn = charts.enumerated().map { index, chart in
            let top = 40 + Double(index) * (CurveChart.height + 30)
            return """
                <g class="lines" transform="translate(20 \(unit(top)))">
                <text class="heading" x="0" y="0">\(Format.escaped(chart.recording.name))</text>
                \(chart.body)
                </g>
                """
        }
        return """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(unit(width)) \(unit(height))" role="img" \
            aria-labelledby="title description">
            <title id="title">\(Format.escaped(title))</title>
            <desc id="description">\(Format.escaped(charts.map(\.description).joined(separator: " ")))</desc>
            <style>
            \(paletteStyle)
            \(chartStyle)
            svg { font-family: ui-sans-serif, system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
            svg .heading { fill: var(--ink); font-size: 15px; font-weight: 600; }
            .paper { fill: var(--paper); }
            </style>
            <rect class="paper" width="100%" height="100%"/>
            \(drawn.joined(separator: "\n"))
            </svg>

            """
    }

    /// A page with a figure per recording.
    public var html: String {
        let figures = charts.map { chart in
            """
            <figure>
            <figcaption><strong>\(Format.escaped(chart.recording.name))</strong></figcaption>
            \(chart.svg)
            </figure>
            """
        }
        let body = """
            <main>
            <h1>\(Format.escaped(title))</h1>
            <div class="charts" style="grid-template-columns: 1fr">
            \(figures.joined(separator: "\n"))
            </div>
            </main>
            """
        return pageFrame(
            generator: "undertone predict", title: Format.escaped(title), style: reportStyle, body: body) + "\n"
    }

    private var title: String {
        let names = dimensions.joined(separator: ", ")
        return "\(names.prefix(1).uppercased())\(names.dropFirst()) over time"
    }

    /// Writes the picture, or the page where the path ends so, whole or not at all.
    /// - Throws: `RunError.cannotWrite`.
    public func write(to path: String) throws(RunError) {
        let text = path.lowercased().hasSuffix(".svg") ? svg : html
        try writing(as: RunError.self) { () throws(WriteFailure) in
            try AtomicFile.write(text, to: path, makingFolders: true)
        }
    }
}

/// The curves of one recording: a value per window and dimension, drawn at the window's middle.
struct CurveChart {
    let id: String
    let picture: CurvePicture
    let recording: CurvePicture.Recording

    static let width = 960.0
    static let height = 300.0

    var body: String {
        let longest = picture.dimensions.map { SVG.shortened($0).count }.max() ?? 0
        let right = Self.width - 16 - Double(longest) * 7.2
        // Minutes from three on: nobody reads 2400 seconds.
        let last = recording.times.last?.end ?? 0, unitSeconds = last > 180 ? 60.0 : 1.0
        let first = recording.times.first?.start ?? 0
        let x = Axis([first / unitSeconds, last / unitSeconds], from: 40, to: right, ticks: 10, padded: false)
        let y = Axis(recording.values.joined() + picture.scaleEnds, from: Self.height - 50, to: 24)
        var parts = [
            SVG.grid(x, y, xTitle: unitSeconds == 60 ? "minutes" : "seconds", yTitle: nil, verticals: false)
        ]
        var ends: [SVG.EndLabel] = []
        for (index, values) in recording.values.enumerated() {
            let colour = index % 8
            parts.append(
                #"<g class="c\#(colour)"><path class="line" d="\#(path(values, x, y, unitSeconds: unitSeconds))"/></g>"#
            )
            if let value = values.last(where: \.isFinite) {
                ends.append(
                    SVG.EndLabel(name: picture.dimensions[index], colour: colour, y: y.position(value)))
            }
        }
        parts.append(SVG.endLabels(ends, x: right + 8, bottom: y.start - 2))
        return parts.joined(separator: "\n")
    }

    /// Of one window, a level line as long as that; a window without a score leaves a gap.
    private func path(_ values: [Double], _ x: Axis, _ y: Axis, unitSeconds: Double) -> String {
        func point(_ seconds: Double, _ value: Double) -> String {
            "\(unit(x.position(seconds / unitSeconds))) \(unit(y.position(value)))"
        }
        if values.count == 1, let only = recording.times.first, values[0].isFinite {
            return "M\(point(only.start, values[0])) L\(point(only.end, values[0]))"
        }
        var path = "", isDrawing = false
        for (time, value) in zip(recording.times, values) {
            if value.isFinite {
                path += (isDrawing ? " L" : " M") + point((time.start + time.end) / 2, value)
            }
            isDrawing = value.isFinite
        }
        return String(path.dropFirst())
    }

    var description: String {
        let ranges = zip(picture.dimensions, recording.values).map { name, values in
            "\(name) from \(Format.fixed(values.min(), 2)) to \(Format.fixed(values.max(), 2))"
        }
        return
            "\(recording.name), \(Format.counted(recording.times.count, "window")): \(ranges.joined(separator: ", "))."
    }

    var svg: String {
        SVG.figure(
            width: Self.width, height: Self.height, kind: "lines", id: id, title: recording.name,
            description: description, body: body)
    }
}
