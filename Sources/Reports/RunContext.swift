import Runs

/// One run, as the template shows it.
extension Report {
    func details(of run: RunRecord, index: Int, single: Bool) -> [String: Any] {
        let id = "run\(index)"
        let split = run.headlineSplit ?? "development"
        // Alone, a run tells its dimensions apart by colour; among others, each run has its own.
        let colours = run.dimensions.indices.map { (single ? $0 : index) % 8 }
        let scatters = scatterCharts(run, split: split, id: id, colours: colours)
        let speakers = speakerRows(run)
        var details: [String: Any] = [
            "id": id, "name": run.name, "single": single, "colour": "\(index % 8)", "split": split,
            "cards": cards(run, split: split, id: id, colours: colours),
            "hasScatters": !scatters.isEmpty,
            "scatters": scatters.map { ["dimension": $0.title, "svg": $0.svg] },
            "scores": scoreRows(run), "dimensions": run.dimensions,
            "hasSpeakers": !speakers.isEmpty, "speakers": speakers, "speakerCount": "\(speakers.count)",
            "speakersOpen": speakers.count <= 20,
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
                    "split": split, "first": index == 0, "dimension": dimension, "ccc": Format.fixed(scores.ccc),
                    "interval": interval(scores) ?? "–", "pearson": Format.fixed(scores.pearson),
                    "rmse": Format.fixed(scores.rmse), "mae": Format.fixed(scores.mae),
                    "count": Format.count(scores.count),
                ]
            }
        }
    }

    /// Every speaker of the splits that were not trained on.
    private func speakerRows(_ run: RunRecord) -> [[String: Any]] {
        sortedSplits(run.predictions.keys).filter { $0 != "train" }.flatMap { split -> [[String: Any]] in
            let named = (run.predictions[split]?.rows ?? []).filter { $0.speaker != nil }
            let bySpeaker = Dictionary(grouping: named) { $0.speaker! }
            return bySpeaker.keys.sorted().map { speaker in
                let values = run.dimensions.map { dimension -> [String: Any] in
                    let agreement = Agreement(Agreement.pairs(bySpeaker[speaker]!, dimension: dimension))
                    return [
                        "ccc": Format.fixed(agreement?.ccc, 2), "bar": "\(Int(100 * max(0, agreement?.ccc ?? 0)))",
                        "mae": Format.fixed(agreement?.mae, 2), "count": Format.count(agreement?.count ?? 0),
                    ]
                }
                return ["speaker": speaker, "split": split, "values": values]
            }
        }
    }
}
