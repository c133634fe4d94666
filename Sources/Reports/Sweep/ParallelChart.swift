import Runs

/// Parallel coordinates: an upright axis for every parameter and, last, one for the score; a line for every trial.
///
/// Lines are coloured by their score, the axis of which is the legend; the better is drawn over the worse.
struct ParallelChart {
    var sweep: SweepRecord

    private static let gap = 128.0
    private static let top = 70.0
    private static let bottom = 352.0
    private static let left = 66.0
    private static let right = 46.0
    /// Steps of the colour scale.
    static let shades = 6

    var width: Double { Self.left + Self.gap * Double(sweep.parameters.count) + Self.right }

    private func x(_ index: Int) -> Double { Self.left + Self.gap * Double(index) }

    var svg: String {
        let scores = sweep.trials.map { sweep.score($0)?.mean }
        let scoreAxis = ScoreAxis(
            scores, isHigherBetter: sweep.criterion.isHigherBetter, from: Self.bottom, to: Self.top)
        let axes = sweep.parameters.map { parameter in
            ParameterAxis(
                parameter.scale, sweep.trials.map { $0.settings[parameter.key] }, from: Self.bottom, to: Self.top)
        }
        // The best are drawn last.
        let lines = sweep.trials.indices.reversed().map { index in
            line(of: index, axes, scoreAxis, score: scores[index])
        }
        let drawn = zip(sweep.parameters, axes).enumerated().map { index, pair in
            axis(
                at: x(index), title: sweep.titleParts(of: pair.0), ticks: pair.1.ticks, absent: pair.1.absent,
                pair.1.attributes)
        }
        let score = axis(
            at: x(axes.count), title: [sweep.criterion.title], ticks: scoreAxis.ticks, absent: scoreAxis.absent,
            scoreAxis.attributes, shades: scoreAxis)
        let names = sweep.parameters.map { sweep.title(of: $0) }.joined(separator: ", ")
        return SVG.figure(
            width: width, height: Self.bottom + 22, kind: "parallel", id: "parallel",
            title: "Hyperparameters against \(sweep.criterion.title)",
            description: "A line for each of \(sweep.trials.count) configurations across \(names) and its "
                + "\(sweep.criterion.title) on development; the table of configurations has the same numbers.",
            body: """
                <g class="trials\(sweep.trials.count > 100 ? " many" : "")">
                \(lines.joined(separator: "\n"))
                </g>
                \((drawn + [score]).joined(separator: "\n"))
                """)
    }

    private func line(of index: Int, _ axes: [ParameterAxis], _ scoreAxis: ScoreAxis, score: Double?) -> String {
        let trial = sweep.trials[index]
        var points = zip(sweep.parameters, axes).enumerated().compactMap { column, pair in
            pair.1.position(trial.settings[pair.0.key]).map { "\(unit(x(column))) \(unit($0))" }
        }
        points.append("\(unit(x(axes.count))) \(unit(scoreAxis.position(score)))")
        return #"<path class="\#(trial.state.rawValue) q\#(scoreAxis.shade(score))" data-t="\#(index)" "#
            + #"d="M\#(points.joined(separator: " "))"/>"#
    }

    private func axis(
        at x: Double, title: [String], ticks: [(position: Double, label: String)], absent: Double?,
        _ attributes: String,
        shades: ScoreAxis? = nil
    ) -> String {
        var parts = title.enumerated().map { row, word in
            // Above what the page's script lays over the axis's end.
            SVG.text("label", (x, Self.top - 26 - 15 * Double(title.count - 1 - row)), "middle", SVG.shortened(word))
        }
        parts.append(SVG.line("axis", (x, Self.bottom), (x, Self.top)))
        if let shades { parts += shades.strip(at: x + 5) }
        let isScore = shades != nil, missing = isScore ? "none" : "not set"
        for tick in ticks + (absent.map { [(position: $0, label: missing)] } ?? []) {
            parts.append(SVG.line("axis", (x - 3, tick.position), (x + 3, tick.position)))
            parts.append(
                SVG.text(
                    "tick halo", (isScore ? x + 16 : x - 7, tick.position), isScore ? "start" : "end",
                    SVG.shortened(tick.label),
                    shift: ".32em"))
        }
        return """
            <g class="column" data-x="\(unit(x))" data-title="\(Format.escaped(title.joined(separator: " ")))" \
            data-absent="\(absent == nil ? "" : missing)" \(attributes)>
            \(parts.joined(separator: "\n"))
            </g>
            """
    }
}
