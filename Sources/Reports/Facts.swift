import Runs

/// The lists of names and values: what was trained, how long it took, what the cache is.
extension Report {
    func trained(_ run: RunRecord) -> [[String: String]] {
        let result = run.result
        let configuration = run.configuration
        let optimiser = configuration.optimiser
        let parameters = "\(Format.millions(result.trainableParameters)) of \(Format.millions(result.totalParameters))"
        let share = Double(result.trainableParameters) / Double(result.totalParameters)
        let warmup =
            switch optimiser.warmup {
            case .fraction(let fraction): "\(Format.significant(100 * fraction)) % warm-up"
            case .steps(let steps): "\(steps) steps of warm-up"
            }
        let isAdapted = configuration.tuning == .lora
        return facts([
            ("Trained", "\(result.trained), from cut \(result.cut)"),
            ("Parameters trained", "\(parameters) (\(Format.fixed(100 * share, 1))\u{A0}%)"),
            ("Pooling", words(configuration.pooling)),
            ("Heads", words(configuration.head)),
            ("Loss", configuration.loss.yaml),
            isAdapted
                ? ("Learning rate, adapters", Format.significant(optimiser.adaptersLearningRate))
                : ("Learning rate, layers", Format.significant(optimiser.layersLearningRate)),
            ("Learning rate, heads", Format.significant(optimiser.headsLearningRate)),
            ("Schedule", "\(optimiser.schedule.rawValue), \(warmup)"),
            ("Weight decay", Format.significant(optimiser.weightDecay)),
            ("Batch", configuration.batch.summary),
            ("Kept epoch", "\(result.bestEpoch) of \(result.epochs), by \(configuration.bestMetric.title)"),
            ("Seed", "\(result.seed)"),
        ])
    }

    private func words(_ pooling: TrainConfiguration.Pooling) -> String {
        switch pooling {
        case .mean: "mean"
        case .meanDeviation: "mean and standard deviation"
        case .attentive: "attentive statistics"
        }
    }

    private func words(_ head: TrainConfiguration.Head) -> String {
        switch head.form {
        case .mlp:
            (head.layers == 0 ? "linear" : "\(head.layers) × \(head.hidden)")
                + (head.shared ? ", shared" : ", one per dimension")
        case .huggingFace: "projector of \(head.hidden) and classifier (Hugging Face)"
        case .audEERING: "dense and out_proj (audEERING)"
        }
    }

    func timing(_ run: RunRecord) -> [[String: String]] {
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
        if let pool = cache.pool, pool > 1 { rows.append(("Pooled in time", "means of \(pool) frames")) }
        if let compute = cache.compute { rows.append(("Computed in", compute)) }
        for fidelity in cache.fidelity {
            rows.append(("Against float32: \(fidelity.name)", Self.fidelity(fidelity.value)))
        }
        if let key = cache.key { rows.append(("Key", key.count > 16 ? "\(key.prefix(16))…" : key)) }
        return facts(rows)
    }

    /// A cosine near 1 is told apart by its distance from 1.
    static func fidelity(_ value: Double) -> String {
        value > 0.999 && value < 1 ? "1 − \(Format.significant(1 - value))" : Format.significant(value)
    }

    private func facts(_ rows: [(String, String)]) -> [[String: String]] { rows.map { ["name": $0.0, "value": $0.1] } }
}
