import Runs

/// A quantity per epoch, over the seeds of a trial.
struct SweepCurve {
    struct Point {
        var epoch: Int
        var mean: Double
        /// Between the seeds; nil for one seed.
        var deviation: Double?
    }

    /// Only epochs that every seed has come to, and for which each has a value: a mean over fewer would jump.
    let points: [Point]

    init(_ trial: SweepRecord.Trial, value: (EpochMetrics) -> Double?) {
        var values: [Int: [Double]] = [:]
        for run in trial.runs {
            for epoch in run.epochs {
                if let value = value(epoch), value.isFinite { values[epoch.epoch, default: []].append(value) }
            }
        }
        points = values.filter { $0.value.count == trial.runs.count }.sorted { $0.key < $1.key }.map { epoch, values in
            let spread = SeedSummary.Spread(values)
            return Point(epoch: epoch, mean: spread.mean, deviation: spread.deviation)
        }
    }

    private init(points: [Point]) { self.points = points }

    /// At most so many points, the last among them: hundreds of curves of hundreds of epochs are more page than picture.
    func thinned(to count: Int) -> SweepCurve {
        let step = (points.count + count - 1) / count
        guard step > 1 else { return self }
        return SweepCurve(
            points: points.enumerated().filter { ($0.offset - points.count + 1) % step == 0 }.map(\.element))
    }
}

/// Learning curves: the best few trials in colours of their own with a band of one standard deviation between seeds, the others grey.
struct SweepCurveChart {
    var sweep: SweepRecord
    var id: String
    var title: String
    var value: (EpochMetrics) -> Double?
    /// Where the value axis must reach at least.
    var include: [Double] = []

    static let width = 520.0
    static let height = 330.0
    /// Trials in colours of their own.
    static let highlighted = 5
    /// Further trials that are drawn.
    static let mostGrey = 300
    static let mostPoints = 120
    static let mostGreyPoints = 24

    var svg: String {
        let shown = sweep.trials.prefix(Self.highlighted + Self.mostGrey).enumerated().map { index, trial in
            let curve = SweepCurve(trial, value: value)
            return (index: index, curve: curve.thinned(to: isColoured(index) ? Self.mostPoints : Self.mostGreyPoints))
        }.filter { !$0.curve.points.isEmpty }
        let all = shown.flatMap(\.curve.points)
        let right = Self.width - 16 - (sweep.trials.count > 1 ? 30 : 0)
        let x = Axis(
            all.map { Double($0.epoch) } + [1], from: 40, to: right, ticks: 8, padded: false, whole: true)
        let bands = shown.filter { isColoured($0.index) }.flatMap(\.curve.points)
        let y = Axis(
            all.map(\.mean) + bands.flatMap { [$0.mean - ($0.deviation ?? 0), $0.mean + ($0.deviation ?? 0)] }
                + include,
            from: Self.height - 50, to: 30)
        let grey = shown.filter { !isColoured($0.index) }.map { line($0.index, $0.curve, x, y) }
        let coloured = shown.filter { isColoured($0.index) }.reversed()
        let ends = coloured.compactMap { index, curve in
            curve.points.last.map { SVG.EndLabel(name: "#\(index + 1)", colour: index, y: y.position($0.mean)) }
        }
        let body = """
            \(SVG.grid(x, y, xTitle: "epoch", yTitle: nil, verticals: false))
            \(rungs(x, y))
            <g class="trials">
            <g class="grey">\(grey.joined(separator: "\n"))</g>
            \(coloured.map { band($0.index, $0.curve, x, y) }.joined(separator: "\n"))
            \(coloured.map { line($0.index, $0.curve, x, y) }.joined(separator: "\n"))
            </g>
            \(sweep.trials.count > 1 ? SVG.endLabels(ends, x: right + 8, bottom: y.start - 2) : "")
            """
        return SVG.figure(
            width: Self.width, height: Self.height, kind: "curves", id: id, title: title,
            description: description(Array(coloured.reversed())), body: body)
    }

    private func isColoured(_ index: Int) -> Bool { index < Self.highlighted }

    private func line(_ index: Int, _ curve: SweepCurve, _ x: Axis, _ y: Axis) -> String {
        let points = curve.points.map { "\(unit(x.position(Double($0.epoch)))) \(unit(y.position($0.mean)))" }
        // A line of no length with round ends is a dot.
        let path = points.count == 1 ? "\(points[0])h0" : points.joined(separator: " ")
        let colour = (isColoured(index) ? "line c\(index)" : "line") + (points.count == 1 ? " dot" : "")
        return #"<path class="\#(colour)" data-t="\#(index)" d="M\#(path)"/>"#
    }

    /// One standard deviation up and down.
    private func band(_ index: Int, _ curve: SweepCurve, _ x: Axis, _ y: Axis) -> String {
        let spread = curve.points.compactMap { point in point.deviation.map { (point.epoch, point.mean, $0) } }
        guard spread.count > 1 else { return "" }
        func edge(_ points: [(Int, Double, Double)], _ sign: Double) -> [String] {
            points.map { "\(unit(x.position(Double($0.0)))) \(unit(y.position($0.1 + sign * $0.2)))" }
        }
        let around = edge(spread, 1) + edge(spread.reversed(), -1)
        return #"<path class="band c\#(index)" d="M\#(around.joined(separator: " "))Z"/>"#
    }

    /// Where trials are compared and most of them stopped.
    private func rungs(_ x: Axis, _ y: Axis) -> String {
        sweep.rungs.dropLast().filter { Double($0.epochs) <= x.high }.enumerated().map { number, rung in
            let at = x.position(Double(rung.epochs))
            return SVG.line("best", (at, y.start), (at, y.end)) + "\n"
                + SVG.text("best", (at, y.end - 9), "middle", "rung \(number)")
        }.joined(separator: "\n")
    }

    private func description(_ coloured: [(index: Int, curve: SweepCurve)]) -> String {
        coloured.compactMap { index, curve in
            guard let last = curve.points.last else { return nil }
            let deviation = last.deviation.map { " ± \(Format.fixed($0))" } ?? ""
            return "Configuration \(index + 1): \(Format.fixed(last.mean))\(deviation) at epoch \(last.epoch)."
        }.joined(separator: " ")
    }
}
