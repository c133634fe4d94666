import Evaluation
import Runs

/// One run, as the template shows it.
extension Report {
    func details(of run: RunRecord, index: Int, single: Bool) -> [String: Any] {
        let id = "run\(index)"
        let split = run.headlineSplit ?? "development"
        // Alone, a run tells its dimensions apart by colour; among others, each run has its own.
        let colours = run.dimensions.indices.map { (single ? $0 : index) % 8 }
        let scatters = scatterCharts(run, split: split, id: id, colours: colours)
        var details: [String: Any] = [
            "id": id, "name": run.name, "single": single, "colour": "\(index % 8)", "split": split,
            "cards": cards(run, split: split, id: id, colours: colours),
            "hasScatters": !scatters.isEmpty,
            "scatters": scatters.map { ["dimension": $0.title, "svg": $0.svg] },
            "scores": scoreRows(run), "dimensions": run.dimensions,
            "groupings": groupings(run, id: id), "hygiene": hygiene(run),
            "trained": trained(run), "timing": timing(run), "configuration": run.configuration.yaml,
        ]
        let thinning = scatters.map(\.thinning).max() ?? 1
        if thinning > 1 { details["thinning"] = "\(thinning)" }
        return details
    }

    private func cards(_ run: RunRecord, split: String, id: String, colours: [Int]) -> [[String: Any]] {
        run.dimensions.enumerated().compactMap { index, dimension in
            guard let scores = run.result.scores[split]?[dimension] else { return nil }
            let title = "\(dimension), CCC on \(split)"
            let bar = IntervalBar(id: "\(id)-card\(index)", title: title, scores: scores, colour: colours[index])
            var card: [String: Any] = ["dimension": dimension, "split": split, "svg": bar.svg]
            card["ccc"] = Format.fixed(scores.ccc, 2)
            card["colour"] = "\(colours[index])"
            card["interval"] = interval(scores)
            card["count"] = Format.count(scores.count)
            return card
        }
    }

    private func scatterCharts(_ run: RunRecord, split: String, id: String, colours: [Int]) -> [ScatterChart] {
        guard let predictions = run.predictions[split] else { return [] }
        return run.configuration.labels.enumerated().compactMap { index, label in
            let points = predictions.rows.compactMap { row -> ScatterChart.Point? in
                guard let value = row.values[label.name], let truth = value.truth, let prediction = value.prediction,
                    truth.isFinite, prediction.isFinite
                else { return nil }
                return ScatterChart.Point(truth: truth, prediction: prediction, label: row.id)
            }
            guard !points.isEmpty else { return nil }
            let name = "\(id)-scatter\(index)"
            return ScatterChart(
                id: name, title: label.name, colour: colours[index], points: points, scale: label.scale)
        }
    }

    private func scoreRows(_ run: RunRecord) -> [[String: Any]] {
        run.splits.flatMap { split in
            run.dimensions.enumerated().compactMap { index, dimension in
                guard let scores = run.result.scores[split]?[dimension] else { return nil }
                return [
                    "split": split, "first": index == 0, "dimension": dimension,
                    "values": Metric.allCases.map { value(scores, $0) }, "count": Format.count(scores.count),
                ]
            }
        }
    }

    /// A score with its interval, and the reason where there is none.
    private func value(_ scores: Scores, _ metric: Metric, digits: Int = 3) -> [String: Any] {
        var value: [String: Any] = ["text": Format.fixed(scores[metric], digits)]
        value["interval"] = interval(scores, metric)
        value["reason"] = scores.undefined[metric] ?? scores.withoutInterval[metric].map { "no interval: \($0)" }
        return value
    }

    // MARK: By group

    /// A table for every column that tells groups of utterances apart, over the splits that were not trained on.
    private func groupings(_ run: RunRecord, id: String) -> [[String: Any]] {
        let columns = run.configuration.scoring.by.filter { column in
            run.predictions.values.contains { $0.rows.contains { $0.group(by: column) != nil } }
        }
        return columns.enumerated().map { index, column in
            let rows = groupRows(run, column)
            return [
                "id": "\(id)-group\(index)", "column": column, "count": "\(rows.count)", "open": rows.count <= 20,
                "dimensions": run.dimensions, "rows": rows,
                "what": (column == "speaker" ? "speakers" : "groups") + " in the splits not trained on",
            ]
        }
    }

    private func groupRows(_ run: RunRecord, _ column: String) -> [[String: Any]] {
        sortedSplits(run.predictions.keys).filter { $0 != "train" }.flatMap { split -> [[String: Any]] in
            guard let predictions = run.predictions[split] else { return [] }
            let grouped = Scoring.groups(
                predictions, split: split, by: column, resamples: run.configuration.scoring.resamples,
                seed: run.result.seed)
            var groups: [(name: String, scores: [String: Scores])] = []
            for row in grouped {
                if groups.last?.name != row.group { groups.append((row.group, [:])) }
                groups[groups.count - 1].scores[row.dimension] = row.scores
            }
            return groups.map { group in
                let values = run.dimensions.map { dimension -> [String: Any] in
                    guard let scores = group.scores[dimension] else {
                        return ["text": "–", "bar": "0", "mae": "–", "count": "0"]
                    }
                    var value = value(scores, .ccc, digits: 2)
                    value["bar"] = "\(Int(100 * max(0, scores.ccc.isFinite ? scores.ccc : 0)))"
                    value["mae"] = Format.fixed(scores.mae, 2)
                    value["count"] = Format.count(scores.count)
                    return value
                }
                return ["group": group.name, "split": split, "values": values]
            }
        }
    }

    // MARK: Hygiene

    private func hygiene(_ run: RunRecord) -> [[String: String]] {
        guard let hygiene = run.result.hygiene else { return [] }
        return hygiene.problems.map { ["kind": "warning", "text": $0] }
            + hygiene.notes.map { ["kind": "note", "text": $0] }
    }
}
