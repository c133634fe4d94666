import Pipelines
import Runs

/// What a pipeline takes on a machine of measured rates, and on several of them.
///
/// Of a process of stage one, with its share of the cache's shards:
///
///     open + load + operations / rate + speech / decoding + 2 · bytes / writing
///
/// since rows are written into segments and then into the shard. Of a run:
///
///     once + epochs · (training operations / rate + steps · parameters / optimiser + predicting operations / rate
///                      + weights / writing + read bytes / reading)
///
/// Every epoch is taken to be the best so far, whose weights are written. On `N` nodes, shards and runs go side by side as far as there
/// are any, `⌈count / N⌉` one after another on each.
public struct Estimate: Sendable, Equatable {
    public struct Cache: Sendable, Equatable {
        public var work: CacheWork
        /// On one machine, and on the nodes.
        public var seconds: Double
        public var nodeSeconds: Double
        public var memoryBytes: Int
    }

    public struct Phase: Sendable, Equatable {
        public var phase: Workload.Phase
        /// Of one epoch's training, and of what follows it: predicting the development split and saving the weights.
        public var trainingSecondsPerEpoch: Double
        public var evaluatingSecondsPerEpoch: Double
        public var secondsPerRun: Double
        public var seconds: Double
        public var nodeSeconds: Double
    }

    public let rates: Rates
    public let nodes: Int
    public let caches: [Cache]
    public let phases: [Phase]
    public let runBytes: Double
    public let runFiles: Int

    public var cacheSeconds: Double { caches.reduce(0) { $0 + $1.seconds } }
    public var trainingSeconds: Double { phases.reduce(0) { $0 + $1.seconds } }
    public var seconds: Double { cacheSeconds + trainingSeconds }
    public var nodeSeconds: Double {
        caches.reduce(0) { $0 + $1.nodeSeconds } + phases.reduce(0) { $0 + $1.nodeSeconds }
    }
    public var cacheBytes: Int { caches.reduce(0) { $0 + $1.work.bytes } }
    public var bytes: Double { Double(cacheBytes) + runBytes }
    /// With each cache's settings beside it, and the report.
    public var files: Int { caches.reduce(0) { $0 + $1.work.files + 1 } + runFiles + 2 }

    /// What rows are read at while they fit the page cache: only decoded, and never what limits training.
    static let pageCacheBytesPerSecond = 5e9
    /// `undertone-train` saves its state so often.
    private static let secondsBetweenStates = 30.0

    /// - Parameters:
    ///   - workload: caches, and phases of runs one after another.
    ///   - rates: of one machine, as `Calibration` measures them.
    ///   - nodes: machines of these rates.
    ///   - atOnce: the most tasks of stage one, and of stage two, that the launcher lets run at the same time.
    ///   - memoryBytes: of a machine; what of a cache does not fit is read at the disk's rate.
    ///   - cacheMemory: of a process of stage one, with what the work tells of the cache.
    public init(
        _ workload: Workload, rates: Rates, nodes: Int = 1, atOnce: (cache: Int?, train: Int?) = (nil, nil),
        memoryBytes: Int,
        cacheMemory: (CacheWork) -> Int
    ) {
        precondition(nodes > 0, "an estimate for no node")
        self.rates = rates
        self.nodes = nodes
        let cacheNodes = min(nodes, atOnce.cache ?? .max), trainNodes = min(nodes, atOnce.train ?? .max)
        caches = workload.caches.map { work in
            let rate = Rates.rate(rates.stageOne, work.precision)
            let start = rates.openSeconds + rates.loadSeconds
            let computing =
                work.operations / rate + work.speechSeconds / rates.decoding + 2 * Double(work.shardBytes)
                / rates.writing
            let isOneProcess = work.processes == 1
            // One utterance at a time, on one thread, after the float32 layers are loaded.
            let fidelity =
                rates.loadSeconds
                + work.fidelityOperations * Double(rates.threads) / Rates.rate(rates.stageOne, "float32")
            let completing = (isOneProcess ? 0 : rates.openSeconds) + fidelity + Double(work.upperBytes) / rates.writing
            let starts = isOneProcess ? 1 : work.shardCount
            let side = isOneProcess ? 1 : min(cacheNodes, work.shardCount)
            let turns = Double((work.shardCount + side - 1) / side) / Double(work.shardCount)
            return Cache(
                work: work, seconds: Double(starts) * start + computing + completing,
                nodeSeconds: (Double(starts) * start + computing) * (side == 1 ? 1 : turns) + completing,
                memoryBytes: cacheMemory(work))
        }
        // Every run reads the whole cache in each epoch.
        let isHeld = workload.caches.reduce(0) { $0 + $1.shardBytes } < memoryBytes / 2
        let reading = isHeld ? Self.pageCacheBytesPerSecond : rates.writing
        phases = workload.phases.map { phase in
            let work = phase.work
            let training = Rates.rate(rates.training, work.precision),
                scoring = Rates.rate(rates.scoring, work.precision)
            let frozen = Rates.rate(rates.stageOne, work.precision)
            let predictedShare =
                work.developmentOperations / max(work.developmentOperations + work.trainingOperations, 1)
            let frozenSeconds = work.frozenOperations / frozen + work.decodedSeconds / rates.decoding
            let epoch =
                work.trainingOperations / training + work.steps * work.trainableParameters / rates.optimiser
                + work.readBytes / reading
            var evaluating = work.developmentOperations / scoring + work.weightsBytes / rates.writing
            // The frozen layers are computed for what is trained on and for what is predicted.
            let trainedSeconds = epoch + frozenSeconds * (1 - predictedShare)
            evaluating += frozenSeconds * predictedShare
            let once =
                (phase.begins ? work.standardisingOperations / scoring + work.frozenOnceOperations / frozen : 0)
                + (phase.begins ? work.decodedOnceSeconds / rates.decoding : 0)
                + (phase.ends ? work.finalOperations / scoring : work.stateBytes / rates.writing)
            let epochs = Double(phase.epochs) * (trainedSeconds + evaluating)
            let states = (epochs / Self.secondsBetweenStates).rounded(.down) * work.stateBytes / rates.writing
            let run = once + epochs + states
            return Phase(
                phase: phase, trainingSecondsPerEpoch: trainedSeconds, evaluatingSecondsPerEpoch: evaluating,
                secondsPerRun: run, seconds: run * Double(phase.runs),
                nodeSeconds: run * Double((phase.runs + trainNodes - 1) / trainNodes))
        }
        runBytes = workload.runBytes
        runFiles = workload.runFiles
    }
}
