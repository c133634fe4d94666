import Runs

/// A sweep, as the template shows it.
extension Report {
    func details(of sweep: SweepRecord) -> [String: Any] {
        var context: [String: Any] = [
            "counts": sweep.counts, "curves": sweepCurves(sweep),
            "hasSeeds": sweep.isSeeded, "isHalved": sweep.rungs.count > 1,
            "cost": sweep.cost.map { ["name": $0.name, "value": $0.value] },
        ]
        if sweep.trials.count > 1 { context["table"] = sweep.table }
        let varied = sweep.parameters.filter { parameter in
            Set(sweep.trials.map { $0.settings[parameter.key] }).count > 1
        }
        if !varied.isEmpty, sweep.trials.count > 1 {
            let chart = ParallelChart(sweep: sweep)
            // Words on it stay legible, and no larger than those beside it.
            context["parameters"] =
                [
                    "metric": sweep.criterion.title, "svg": chart.svg,
                    "width": unit(chart.width * 0.86), "most": unit(chart.width * 1.2),
                    "charts": varied.enumerated().map { index, parameter in
                        let chart = ParameterChart(sweep: sweep, parameter: parameter, id: "parameter\(index)")
                        return ["title": sweep.title(of: parameter), "key": parameter.key, "svg": chart.svg]
                    },
                ] as [String: Any]
        }
        context["halving"] = sweep.halving
        context["best"] = sweep.bestTrial.map { best(sweep, $0) }
        return context
    }

    // MARK: The best

    private func best(_ sweep: SweepRecord, _ trial: SweepRecord.Trial) -> [String: Any] {
        var context: [String: Any] = [
            "id": trial.id, "score": sweep.text(sweep.score(trial)), "metric": sweep.criterion.title,
            "count": Format.counted(sweep.trials.count, "configuration"), "isChosen": sweep.trials.count > 1,
            "split": sweep.headlineSplit, "isTested": sweep.headlineSplit != "development",
            "settings": sweep.parameters.compactMap { parameter in
                trial.settings[parameter.key].map {
                    ["name": sweep.title(of: parameter), "key": parameter.key, "value": sweep.text($0, of: parameter)]
                }
            },
        ]
        let runs = sweep.best
        guard let typical = sweep.typicalRun else { return context }
        context["cards"] = runs.count == 1 ? cards(of: typical) : seedCards(sweep)
        if runs.count > 1 {
            context["seeds"] = seedScores(sweep)
            context["typicalSeed"] = "\(typical.result.seed)"
        }
        // Its own numbers are on the cards, unless these are several runs' means.
        context["run"] = details(of: typical, index: 0, single: true)
        return context
    }

    private func cards(of run: RunRecord) -> [[String: Any]] {
        details(of: run, index: 0, single: true)["cards"] as? [[String: Any]] ?? []
    }

    private func seedCards(_ sweep: SweepRecord) -> [[String: Any]] {
        let split = sweep.headlineSplit
        return sweep.dimensions.enumerated().compactMap { index, dimension in
            let scores = sweep.best.compactMap { $0.result.scores[split]?[dimension] }
            guard let first = scores.first else { return nil }
            let spread = SeedSummary.Spread(scores.map(\.ccc))
            let title = "\(dimension), CCC on \(split), \(scores.count) seeds"
            let mean = Scores(ccc: spread.mean, pearson: .nan, rmse: .nan, mae: .nan, count: first.count)
            let bar = IntervalBar(
                id: "seeds-card\(index)", title: title, scores: mean, colour: index % 8, seeds: spread.values)
            return [
                "dimension": dimension, "split": split, "svg": bar.svg, "ccc": Format.fixed(spread.mean, 2),
                "colour": "\(index % 8)", "count": Format.count(first.count), "seedCount": "\(scores.count)",
                "spread": Format.fixed(spread.deviation),
            ]
        }
    }

    private func seedScores(_ sweep: SweepRecord) -> [String: Any] {
        let summary = SeedSummary(sweep.best.map(\.result))
        let rows = sortedSplits(summary.scores.keys).flatMap { split in
            sweep.dimensions.compactMap { dimension -> [String: Any]? in
                guard let scores = summary.scores[split]?[dimension] else { return nil }
                let cells = Metric.allCases.map { metric in
                    [
                        "text": sweep.text(scores[metric.rawValue]),
                        "value": scores[metric.rawValue].map { "\($0.mean)" } ?? "",
                    ]
                }
                return [
                    "split": split, "dimension": dimension, "cells": cells,
                    "seeds": (scores[Metric.ccc.rawValue]?.values ?? []).map { Format.fixed($0) },
                ]
            }
        }
        return ["names": summary.seeds.map { "\($0)" }, "metrics": Metric.allCases.map(\.title), "rows": rows]
    }

    // MARK: Curves

    private func sweepCurves(_ sweep: SweepRecord) -> [[String: Any]] {
        let criterion = sweep.criterion
        let charts = [
            SweepCurveChart(
                sweep: sweep, id: "sweep-score", title: "\(capitalised(criterion.title)) on development, per epoch",
                value: { criterion.value(of: $0) }),
            SweepCurveChart(
                sweep: sweep, id: "sweep-loss", title: "Training loss, per epoch", value: { $0.trainLoss }, include: [0]
            ),
        ]
        let legend = sweep.trials.prefix(SweepCurveChart.highlighted).enumerated().map { index, trial in
            let words = sweep.words(trial)
            return ["colour": "\(index)", "name": "#\(index + 1)" + (words.isEmpty ? "" : " \(words)")]
        }
        return charts.enumerated().map { number, chart in
            // One legend serves both.
            ["title": chart.title, "svg": chart.svg, "legend": number == 0 && sweep.trials.count > 1 ? legend : []]
        }
    }

    private func capitalised(_ text: String) -> String { text.prefix(1).uppercased() + text.dropFirst() }
}
