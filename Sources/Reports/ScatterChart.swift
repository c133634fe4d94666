/// Truth across, prediction up, one dot per utterance, and the line on which they would all lie.
struct ScatterChart {
    struct Point {
        var truth: Double
        var prediction: Double
        var label: String
    }

    var id: String
    var title: String
    var colour: Int
    var points: [Point]
    /// The labels' own scale, where it is known: both axes show all of it.
    var scale: ClosedRange<Double>?

    static let size = 420.0
    /// Beyond this many, every further dot costs more page than it shows: some are left out, and the page says so.
    static let mostPoints = 3000

    /// One dot for every so many utterances.
    var thinning: Int { max(1, (points.count + Self.mostPoints - 1) / Self.mostPoints) }

    var svg: String {
        let ends = scale.map { [$0.lowerBound, $0.upperBound] } ?? []
        let values = points.flatMap { [$0.truth, $0.prediction] } + ends
        // The same range both ways, so that the identity is the diagonal.
        let x = Axis(values, from: 44, to: Self.size - 12)
        let y = Axis(values, from: Self.size - 50, to: 34)
        let dots = stride(from: 0, to: points.count, by: thinning).map { index in
            let point = points[index]
            let at = (unit(x.position(point.truth)), unit(y.position(point.prediction)))
            let truth = Format.fixed(point.truth, 2)
            let tip = "\(point.label) · truth \(truth) · predicted \(Format.fixed(point.prediction, 2))"
            return #"<circle class="point" cx="\#(at.0)" cy="\#(at.1)" r="4" data-tip="\#(Format.escaped(tip))"/>"#
        }
        let body = """
            \(SVG.grid(x, y, xTitle: "truth", yTitle: "prediction", verticals: true))
            \(SVG.line("identity", (x.start, y.start), (x.end, y.end)))
            <g class="c\(colour)">
            \(dots.joined(separator: "\n"))
            </g>
            """
        return SVG.figure(
            width: Self.size, height: Self.size, kind: "scatter", id: id, title: "\(title): truth against prediction",
            description: "\(points.count) utterances; a prediction equal to the truth lies on the diagonal.", body: body
        )
    }
}
