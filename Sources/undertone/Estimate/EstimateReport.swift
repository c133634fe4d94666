import Estimation

/// An estimate as `--json` prints it.
struct EstimateReport: Encodable {
    struct Speech: Encodable {
        var hours: Double
        var utterances: Int
        var meanSeconds: Double
        /// Every recording's header, a sample's, or assumed.
        var lengths: String
    }

    struct Cache: Encodable {
        var name: String
        var cuts: [String]
        var store: String
        var compute: String
        var shards: Int
        var processes: Int
        var gigaflopsPerSpeechSecond: Double
        var teraflops: Double
        var rows: Int
        var bytes: Int
        var shardBytes: Int
        var upperBytes: Int
        var files: Int
        var memoryBytes: Int
        var seconds: Double
        var nodeSeconds: Double
    }

    struct Runs: Encodable {
        var name: String
        var runs: Int
        var epochs: Int
        var compute: String
        var trainableParameters: Int
        var gigaflopsPerSpeechSecond: Double
        var teraflopsPerEpoch: Double
        var trainingSecondsPerEpoch: Double
        var evaluatingSecondsPerEpoch: Double
        var secondsPerRun: Double
        var seconds: Double
        var nodeSeconds: Double
        var memoryBytes: Int
        var bytesPerRun: Int
        var filesPerRun: Int
    }

    struct Total: Encodable {
        var seconds: Double
        var nodes: Int
        var nodeSeconds: Double
        var bytes: Int
        var files: Int
    }

    var pipeline: String
    var model: String
    var speech: Speech
    var caches: [Cache]
    var runs: [Runs]
    var total: Total
    var rates: Rates
    /// Of measuring the rates; nil where they were given.
    var measuringSeconds: Double?
    var assumptions: [String]

    init(_ estimate: Estimate, _ basis: EstimateJob.Basis) {
        pipeline = basis.plan.source.path
        model = basis.plan.pipeline.model
        let all = Estimation.Speech(joining: basis.speech)
        speech = Speech(
            hours: all.seconds / 3600, utterances: all.utterances,
            meanSeconds: all.seconds / Double(max(1, all.utterances)), lengths: EstimateText.origin(of: basis.speech))
        caches = estimate.caches.map { cache in
            let work = cache.work
            return Cache(
                name: work.name, cuts: work.cuts.map(\.description), store: work.store.rawValue,
                compute: work.precision,
                shards: work.shardCount, processes: work.processes, gigaflopsPerSpeechSecond: work.gigaflopsPerSecond,
                teraflops: work.operations / 1e12, rows: work.rows, bytes: work.bytes, shardBytes: work.shardBytes,
                upperBytes: work.upperBytes, files: work.files, memoryBytes: cache.memoryBytes, seconds: cache.seconds,
                nodeSeconds: cache.nodeSeconds)
        }
        runs = estimate.phases.map { phase in
            let work = phase.phase.work
            return Runs(
                name: phase.phase.name, runs: phase.phase.runs, epochs: phase.phase.epochs, compute: work.precision,
                trainableParameters: Int(work.trainableParameters),
                gigaflopsPerSpeechSecond: work.trainingOperations / max(work.trainingSeconds, 1e-9) / 1e9,
                teraflopsPerEpoch: (work.trainingOperations + work.developmentOperations + work.frozenOperations)
                    / 1e12,
                trainingSecondsPerEpoch: phase.trainingSecondsPerEpoch,
                evaluatingSecondsPerEpoch: phase.evaluatingSecondsPerEpoch, secondsPerRun: phase.secondsPerRun,
                seconds: phase.seconds, nodeSeconds: phase.nodeSeconds, memoryBytes: Int(work.memoryBytes),
                bytesPerRun: Int(work.bytes), filesPerRun: work.files)
        }
        total = Total(
            seconds: estimate.seconds, nodes: estimate.nodes, nodeSeconds: estimate.nodeSeconds,
            bytes: Int(estimate.bytes),
            files: estimate.files)
        rates = estimate.rates
        measuringSeconds = basis.measuringSeconds
        assumptions = EstimateText.assumptions(estimate, basis)
    }
}
