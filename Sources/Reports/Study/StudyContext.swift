import Runs

/// A study, as the template shows it.
extension Report {
    func details(of study: Study) -> [String: Any] {
        var context: [String: Any] = [
            "counts": study.counts, "curves": studyCurves(study),
            "hasSeeds": study.isSeeded, "isHalved": study.rungs.count > 1,
            "cost": study.cost.map { ["name": $0.name, "value": $0.value] },
        ]
        if study.trials.count > 1 { context["table"] = study.table }
        let varied = study.parameters.filter { parameter in
            Set(study.trials.map { $0.settings[parameter.key] }).count > 1
        }
        if !varied.isEmpty, study.trials.count > 1 {
            let chart = ParallelChart(study: study)
            // Words on it stay legible, and no larger than those beside it.
            context["parameters"] =
                [
                    "metric": study.criterion.title, "svg": chart.svg,
                    "width": unit(chart.width * 0.86), "most": unit(chart.width * 1.2),
                    "charts": varied.enumerated().map { index, parameter in
                        let chart = ParameterChart(study: study, parameter: parameter, id: "parameter\(index)")
                        return ["title": study.title(of: parameter), "key": parameter.key, "svg": chart.svg]
                    },
                ] as [String: Any]
        }
        context["halving"] = study.halving
        context["best"] = study.bestTrial.map { best(study, $0) }
        return context
    }

    // MARK: The best

    private func best(_ study: Study, _ trial: Study.Trial) -> [String: Any] {
        var context: [String: Any] = [
            "id": trial.id, "score": study.text(study.score(trial)), "metric": study.criterion.title,
            "count": Format.counted(study.trials.count, "configuration"), "isChosen": study.trials.count > 1,
            "split": study.headlineSplit, "isTested": study.headlineSplit != "development",
            "settings": study.parameters.compactMap { parameter in
                trial.settings[parameter.key].map {
                    ["name": study.title(of: parameter), "key": parameter.key, "value": study.text($0, of: parameter)]
                }
            },
        ]
        let runs = study.best
        guard let typical = study.typicalRun else { return context }
        context["cards"] = runs.count == 1 ? cards(of: typical) : seedCards(study)
        if runs.count > 1 {
            context["seeds"] = seedScores(study)
            context["typicalSeed"] = "\(typical.result.seed)"
        }
        // Its own numbers are on the cards, unless these are several runs' means.
        context["run"] = details(of: typical, index: 0, single: true)
        return context
    }

    private func cards(of run: RunRecord) -> [[String: Any]] {
        details(of: run, index: 0, single: true)["cards"] as? [[String: Any]] ?? []
    }

    private func seedCards(_ study: Study) -> [[String: Any]] {
        let split = study.headlineSplit
        return study.dimensions.enumerated().compactMap { index, dimension in
            let scores = study.best.compactMap { $0.result.scores[split]?[dimension] }
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

    private func seedScores(_ study: Study) -> [String: Any] {
        let summary = SeedSummary(study.best.map(\.result))
        let rows = sortedSplits(summary.scores.keys).flatMap { split in
            study.dimensions.compactMap { dimension -> [String: Any]? in
                guard let scores = summary.scores[split]?[dimension] else { return nil }
                let cells = Metric.allCases.map { metric in
                    [
                        "text": study.text(scores[metric.rawValue]),
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

    private func studyCurves(_ study: Study) -> [[String: Any]] {
        let criterion = study.criterion
        let charts = [
            StudyCurveChart(
                study: study, id: "study-score", title: "\(capitalised(criterion.title)) on development, per epoch",
                value: { criterion.value(of: $0) }),
            StudyCurveChart(
                study: study, id: "study-loss", title: "Training loss, per epoch", value: { $0.trainLoss }, include: [0]
            ),
        ]
        let legend = study.trials.prefix(StudyCurveChart.highlighted).enumerated().map { index, trial in
            let words = study.words(trial)
            return ["colour": "\(index)", "name": "#\(index + 1)" + (words.isEmpty ? "" : " \(words)")]
        }
        return charts.enumerated().map { number, chart in
            // One legend serves both.
            ["title": chart.title, "svg": chart.svg, "legend": number == 0 && study.trials.count > 1 ? legend : []]
        }
    }

    private func capitalised(_ text: String) -> String { text.prefix(1).uppercased() + text.dropFirst() }
}
