import Runs

/// What the template shows, as the dictionaries and lists that Mustache reads.
extension Report {
    var context: [String: Any] {
        let single = runs.count == 1
        var context: [String: Any] = [
            "title": title, "style": reportStyle, "script": reportScript, "badges": badges, "single": single,
            "warnings": runs.flatMap(\.warnings), "versions": versions,
            "caches": caches.enumerated().map { details(of: $0.element, index: $0.offset) },
        ]
        if let sweep {
            context["sweep"] = details(of: sweep)
        } else {
            context["curves"] = single ? curvesOfOneRun : curvesOfSeveralRuns
            context["runs"] = runs.enumerated().map { details(of: $0.element, index: $0.offset, single: single) }
            if !single { context["comparison"] = comparison }
        }
        // What is not there is left out rather than empty: Mustache takes an empty text for true.
        context["corpus"] = corpus.map { note in
            var entry: [String: Any] = [:]
            entry["name"] = note.name
            entry["description"] = note.description
            return entry
        }
        let methods = Set(runs.compactMap(\.result.intervalMethod))
        if !methods.isEmpty { context["intervalMethod"] = methods.sorted().joined(separator: "; ") }
        return context
    }

    private var badges: [[String: String]] {
        var badges: [[String: String]] = []
        if corpus?.synthetic == true { badges.append(["text": "synthetic speech", "kind": "synthetic"]) }
        if runs.contains(where: { $0.result.status == .interrupted }) {
            badges.append(["text": "interrupted", "kind": "alarm"])
        }
        for model in Set(runs.map(\.result.model)).sorted() { badges.append(["text": model, "kind": ""]) }
        for trained in Set(runs.map(\.result.trained)).sorted() {
            badges.append(["text": "\(trained) trained", "kind": ""])
        }
        for compute in Set(runs.map(\.result.compute)).sorted() { badges.append(["text": compute, "kind": ""]) }
        return badges
    }

    private var versions: String {
        var versions: [String: Set<String>] = [:]
        for run in runs { for (name, version) in run.result.versions { versions[name, default: []].insert(version) } }
        let named = versions.keys.sorted().map { "\($0) \(versions[$0]!.sorted().joined(separator: " and "))" }
        return named.joined(separator: " · ")
    }

    // MARK: Curves

    private var curvesOfOneRun: [[String: Any]] {
        let run = runs[0]
        let best = run.result.bestEpoch
        let scores = run.dimensions.enumerated().map { index, dimension in
            LineChart.Series(
                name: dimension, colour: index % 8,
                points: run.epochs.compactMap { epoch in epoch.development[dimension].map { (epoch.epoch, $0.ccc) } },
                markedEpoch: best)
        }
        let loss = LineChart.Series(
            name: "training loss", colour: 7, points: run.epochs.map { ($0.epoch, $0.trainLoss) }, markedEpoch: best)
        return [
            curve("development-ccc", "CCC on development, per epoch", scores),
            curve("training-loss", "Training loss (1 − CCC), per epoch", [loss]),
        ]
    }

    private var curvesOfSeveralRuns: [[String: Any]] {
        let scores = runs.enumerated().map { index, run in
            LineChart.Series(
                name: run.name, colour: index % 8,
                points: run.epochs.compactMap { epoch in epoch.meanDevelopmentCCC.map { (epoch.epoch, $0) } },
                markedEpoch: run.result.bestEpoch)
        }
        let losses = runs.enumerated().map { index, run in
            LineChart.Series(
                name: run.name, colour: index % 8, points: run.epochs.map { ($0.epoch, $0.trainLoss) },
                markedEpoch: run.result.bestEpoch)
        }
        return [
            curve("development-ccc", "Mean CCC on development, per epoch", scores),
            curve("training-loss", "Training loss (1 − CCC), per epoch", losses),
        ]
    }

    private func curve(_ id: String, _ title: String, _ series: [LineChart.Series]) -> [String: Any] {
        let chart = LineChart(id: id, title: title, series: series, include: [0])
        let legend = series.map { ["name": $0.name, "colour": "\($0.colour)"] }
        return ["title": title, "svg": chart.svg, "legend": series.count > 1 ? legend : []]
    }

    // MARK: Several runs

    private var comparison: [String: Any] {
        // What the runs have in common, in the first run's order.
        let dimensions = runs[0].dimensions.filter { name in runs.allSatisfy { $0.dimensions.contains(name) } }
        let split = runs[0].headlineSplit ?? "development"
        func score(_ run: RunRecord, _ dimension: String) -> Scores? { run.result.scores[split]?[dimension] }
        func best(_ values: [Double?]) -> Double? { values.compactMap { $0 }.filter(\.isFinite).max() }

        let bestCCC = dimensions.map { dimension in best(runs.map { score($0, dimension)?.ccc }) }
        // Runs that went by different metrics have numbers beside each other that cannot be compared.
        let criteria = Set(runs.map(\.result.bestMetric.name)).map(BestCriterion.init)
        let criterion = criteria.count == 1 ? criteria[0] : nil
        let kept = runs.map(\.result.bestMetric.value)
        let bestDevelopment = criterion.flatMap { $0.isHigherBetter ? best(kept) : best(kept.map { -$0 }).map { -$0 } }
        let rows = runs.enumerated().map { index, run -> [String: Any] in
            var cells: [[String: Any]] = dimensions.enumerated().map { column, dimension in
                let scores = score(run, dimension)
                var cell: [String: Any] = ["text": Format.fixed(scores?.ccc)]
                cell["best"] = scores != nil && scores?.ccc == bestCCC[column]
                cell["detail"] = interval(scores)
                return cell
            }
            let result = run.result
            let development = result.bestMetric.value
            var cell: [String: Any] = ["text": Format.fixed(development), "best": development == bestDevelopment]
            if criterion == nil {
                cell["detail"] = BestCriterion(result.bestMetric.name)?.title ?? result.bestMetric.name
            }
            cells.append(cell)
            cells.append(["text": "\(result.bestEpoch) of \(result.epochs)"])
            cells.append(["text": result.trained])
            cells.append([
                "text": Format.millions(result.trainableParameters), "value": "\(result.trainableParameters)",
            ])
            cells.append(["text": Format.seconds(result.secondsPerEpoch), "value": "\(result.secondsPerEpoch)"])
            cells.append(["text": "\(result.seed)"])
            return ["name": run.name, "colour": "\(index % 8)", "cells": cells]
        }
        let scoreHeaders = dimensions.map { "CCC \($0)" } + ["\(criterion?.title ?? "Best"), development"]
        let headers = ["Run"] + scoreHeaders + ["Kept epoch", "Trained", "Trainable", "Per epoch", "Seed"]
        return ["split": split, "headers": headers, "rows": rows]
    }

    func interval(_ scores: Scores?, _ metric: Metric = .ccc) -> String? {
        scores?.intervals[metric].map { "\(Format.fixed($0.low, 2)) to \(Format.fixed($0.high, 2))" }
    }
}
