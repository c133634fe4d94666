/// One parameter against the score, a dot per trial; those that were stopped early are rings.
struct ParameterChart {
    var sweep: SweepRecord
    var parameter: SweepRecord.Parameter
    var id: String

    static let width = 330.0
    static let height = 250.0

    var svg: String {
        let scored = sweep.trials.enumerated().compactMap { index, trial in
            sweep.score(trial).map { (index: index, trial: trial, score: $0.mean) }
        }
        let x = ParameterAxis(
            parameter.scale, sweep.trials.map { $0.settings[parameter.key] }, from: 46, to: Self.width - 14,
            inset: 18)
        let scores = ScoreAxis(
            scored.map(\.score), isHigherBetter: sweep.criterion.isHigherBetter, from: Self.height - 36, to: 14)
        let dots = scored.reversed().compactMap { index, trial, score -> String? in
            guard let at = x.position(trial.settings[parameter.key]) else { return nil }
            return #"<circle class="\#(trial.state.rawValue) q\#(scores.shade(score))" data-t="\#(index)" "#
                + #"cx="\#(unit(at + spread(index)))" cy="\#(unit(scores.position(score)))" r="4.5"/>"#
        }
        let title = "\(sweep.title(of: parameter)) against \(sweep.criterion.title)"
        return SVG.figure(
            width: Self.width, height: Self.height, kind: "parameter", id: id, title: title,
            description: "\(dots.count) configurations; the table of configurations has the same numbers.",
            body: """
                \(grid(x, scores.axis))
                <g class="trials\(sweep.trials.count > 100 ? " many" : "")">
                \(dots.joined(separator: "\n"))
                </g>
                """)
    }

    /// Dots of one category lie beside one another, in an order that is always the same.
    private func spread(_ index: Int) -> Double {
        guard case .categorical = parameter.scale else { return 0 }
        return Double(index * 7 % 11 - 5) * 2.6
    }

    private func grid(_ x: ParameterAxis, _ y: Axis) -> String {
        var parts: [String] = []
        for tick in y.ticks {
            let at = y.position(tick)
            parts.append(SVG.line(abs(tick) < 1e-12 ? "grid zero" : "grid", (46, at), (Self.width - 14, at)))
            parts.append(SVG.text("tick", (38, at), "end", y.label(tick), shift: ".32em"))
        }
        for tick in x.ticks + (x.absent.map { [(position: $0, label: "–")] } ?? []) {
            parts.append(SVG.line("axis", (tick.position, y.start), (tick.position, y.start + 5)))
            parts.append(SVG.text("tick", (tick.position, y.start + 20), "middle", SVG.shortened(tick.label)))
        }
        parts.append(SVG.line("axis", (46, y.start), (Self.width - 14, y.start)))
        return parts.joined(separator: "\n")
    }
}
