import Runs

/// One run, as the template shows it.
extension Report {
    func details(of run: RunRecord, index: Int, single: Bool) -> [String: Any] {
        let id = "run\(index)"
        let split = run.headlineSplit ?? "development"
        let scatters = scatterCharts(run, split: split, id: id)
        let speakers = speakerRows(run)
        let drawn =
            scatters.map { ($0.points.count + ScatterChart.mostPoints - 1) / ScatterChart.mostPoints }.max() ?? 1
        return [
            "id": id, "name": run.name, "single": single, "colour": "\(index % 8)", "split": split,
            "cards": cards(run, split: split, id: id),
            "hasScatters": !scatters.isEmpty,
            "scatters": scatters.map { ["dimension": $0.title, "svg": $0.svg] },
            "thinned": drawn > 1 ? "\(drawn)" : "",
            "scores": scoreRows(run), "dimensions": run.dimensions,
            "hasSpeakers": !speakers.isEmpty, "speakers": speakers, "speakerCount": "\(speakers.count)",
            "speakersOpen": speakers.count <= 20,
            "trained": trained(run), "timing": timing(run), "configuration": run.configuration.yaml,
        ]
    }

    private func cards(_ run: RunRecord, split: String, id: String) -> [[String: Any]] {
        run.dimensions.enumerated().compactMap { index, dimension in
            guard let scores = run.result.scores[split]?[dimension] else { return nil }
            let bar = IntervalBar(
                id: "\(id)-card\(index)", title: "\(dimension), CCC on \(split)", scores: scores, colour: index % 8)
            return [
                "dimension": dimension, "split": split, "ccc": Format.fixed(scores.ccc, 2), "colour": "\(index % 8)",
                "interval": interval(scores) ?? "", "count": Format.count(scores.count), "svg": bar.svg,
            ]
        }
    }

    private func scatterCharts(_ run: RunRecord, split: String, id: String) -> [ScatterChart] {
        guard let predictions = run.predictions[split] else { return [] }
        return run.configuration.labels.enumerated().compactMap { index, label in
            let points = predictions.rows.compactMap { row -> ScatterChart.Point? in
                guard let value = row.values[label.name], let truth = value.truth, let prediction = value.prediction,
                    truth.isFinite, prediction.isFinite
                else { return nil }
                return ScatterChart.Point(truth: truth, prediction: prediction, label: row.id)
            }
            guard !points.isEmpty else { return nil }
            return ScatterChart(
                id: "\(id)-scatter\(index)", title: label.name, colour: index % 8, points: points, scale: label.scale)
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

    private func trained(_ run: RunRecord) -> [[String: String]] {
        let result = run.result
        let configuration = run.configuration
        let optimiser = configuration.optimiser
        let share =
            result.totalParameters > 0 ? Double(result.trainableParameters) / Double(result.totalParameters) : .nan
        let warmup =
            switch optimiser.warmup {
            case .fraction(let fraction): "\(Format.significant(100 * fraction)) % warm-up"
            case .steps(let steps): "\(steps) steps of warm-up"
            }
        let head = configuration.head
        return facts([
            ("Layers", "top \(result.layers), above cut \(result.cut)"),
            (
                "Parameters trained",
                "\(Format.millions(result.trainableParameters)) of \(Format.millions(result.totalParameters)) (\(Format.fixed(100 * share, 1)) %)"
            ),
            (
                "Heads",
                head.layers == 0 ? "linear, one per dimension" : "\(head.layers) × \(head.hidden), one per dimension"
            ),
            ("Learning rate, layers", Format.significant(optimiser.layersLearningRate)),
            ("Learning rate, heads", Format.significant(optimiser.headsLearningRate)),
            ("Schedule", "\(optimiser.schedule.rawValue), \(warmup)"),
            ("Weight decay", Format.significant(optimiser.weightDecay)),
            ("Batch", "\(configuration.batchUtterances) utterances"),
            ("Kept epoch", "\(result.bestEpoch) of \(result.epochs)"),
            ("Seed", "\(result.seed)"),
        ])
    }

    private func timing(_ run: RunRecord) -> [[String: String]] {
        let result = run.result
        return facts([
            ("Training in all", Format.seconds(result.secondsTotal)),
            ("Per epoch", Format.seconds(result.secondsPerEpoch)),
            ("Speech per second", "\(Format.count(Int(result.audioSecondsPerSecond.rounded()))) s"),
            ("Frames per second", Format.count(Int(result.framesPerSecond.rounded()))),
            ("Peak memory", Format.bytes(result.peakMemoryBytes)),
            ("Precision", result.compute),
            ("Threads", "\(result.threads)"),
            ("Device", result.device),
        ])
    }

    func facts(of cache: CacheFacts) -> [[String: String]] {
        var rows: [(String, String)] = []
        if let count = cache.utteranceCount { rows.append(("Utterances", Format.count(count))) }
        if let seconds = cache.audioSeconds { rows.append(("Speech", Format.seconds(seconds))) }
        if let count = cache.frameCount { rows.append(("Frames", Format.count(count))) }
        if let bytes = cache.byteCount { rows.append(("On disk", Format.bytes(bytes))) }
        if let cuts = cache.cuts { rows.append(("Cut", cuts)) }
        if let storage = cache.storage { rows.append(("Stored as", storage)) }
        if let seconds = cache.secondsTaken {
            rows.append(("Made in", Format.seconds(seconds)))
            if let audio = cache.audioSeconds, seconds > 0 {
                rows.append(("Speech per second", "\(Format.fixed(audio / seconds, 1)) s"))
            }
        }
        for fidelity in cache.fidelity {
            rows.append(("Against float32: \(fidelity.name)", Format.significant(fidelity.value)))
        }
        if let key = cache.key { rows.append(("Key", key.count > 16 ? "\(key.prefix(16))…" : key)) }
        return facts(rows)
    }

    private func facts(_ rows: [(String, String)]) -> [[String: String]] { rows.map { ["name": $0.0, "value": $0.1] } }
}
