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

    static let size = 380.0
    /// Beyond this many, every further dot costs more page than it shows: every n-th is drawn, and the page says so.
    static let mostPoints = 3000

    var drawnPoints: [Point] {
        let every = max(1, (points.count + Self.mostPoints - 1) / Self.mostPoints)
        return every == 1 ? points : stride(from: 0, to: points.count, by: every).map { points[$0] }
    }

    var svg: String {
        let values =
            points.flatMap { [$0.truth, $0.prediction] } + (scale.map { [$0.lowerBound, $0.upperBound] } ?? [])
        // The same range both ways, so that the identity is the diagonal.
        let x = Axis(values, from: 48, to: Self.size - 12)
        let y = Axis(values, from: Self.size - 50, to: 34)
        let dots = drawnPoints.map { point in
            let tip =
                "\(point.label) · truth \(Format.fixed(point.truth, 2)) · predicted \(Format.fixed(point.prediction, 2))"
            return """
                <circle class="point" cx="\(unit(x.position(point.truth)))" cy="\(unit(y.position(point.prediction)))" \
                r="4" data-tip="\(Format.escaped(tip))"/>
                """
        }
        let middle = (x.position(x.high - (x.high - x.low) * 0.04), y.position(y.high - (y.high - y.low) * 0.04))
        let body = """
            \(SVG.grid(x, y, xTitle: "truth", yTitle: "prediction", verticals: true))
            <line class="identity" x1="\(unit(x.start))" y1="\(unit(y.start))" x2="\(unit(x.end))" y2="\(unit(y.end))"/>
            <text class="best" x="\(unit(middle.0 - 8))" y="\(unit(middle.1 - 2))" text-anchor="end">truth = prediction</text>
            <g class="c\(colour)">
            \(dots.joined(separator: "\n"))
            </g>
            """
        return SVG.figure(
            width: Self.size, height: Self.size, kind: "scatter", id: id, title: title,
            description: "\(points.count) utterances; a prediction equal to the truth lies on the diagonal.", body: body
        )
    }
}
