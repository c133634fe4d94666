import Buffers
import FeatureStore
import FrozenModels
import Pipelines
import Runs
import SpeechEncoder
import Study
import Training

/// What a pipeline takes from its corpora to its report, in units that no machine decides.
public struct Workload: Sendable, Equatable {
    /// Runs that may go on side by side, and are all done before what comes next begins.
    public struct Phase: Sendable, Equatable {
        public var name: String
        public var runs: Int
        /// That each does.
        public var epochs: Int
        /// Whether they begin, and whether they come to their end.
        public var begins: Bool
        public var ends: Bool
        /// On average: which trials go on is known only then.
        public var work: RunWork
    }

    public var caches: [CacheWork]
    public var phases: [Phase]
    /// Runs, weights and states that are left at the end.
    public var runBytes: Double
    public var runFiles: Int

    /// - Parameters:
    ///   - plan: with its study or its sweep, if it has one.
    ///   - encoder: of the pipeline's model, of which shapes alone are needed.
    ///   - speech: of each of the plan's corpora.
    ///   - sampleRateHz: that the model hears at.
    ///   - threads: of a run.
    /// - Throws: `ModelError` for a cut that the model has not; `TrainingError` for what cannot be trained from the pipeline's cuts.
    public init(
        _ plan: Plan, encoder: EncoderConfiguration, speech: [Speech], sampleRateHz: Int, threads: Int
    ) throws {
        let all = speech.count == 1 ? speech[0] : Speech(joining: speech)
        func run(_ configuration: TrainConfiguration, cuts: [Cut], store: StorageFormat?, pool: Int) throws -> RunWork {
            try RunWork(
                configuration, encoder: encoder, cuts: cuts, store: store, pool: pool, speech: all,
                sampleRateHz: sampleRateHz,
                threads: threads)
        }
        let seeds = plan.pipeline.seeds.count, train = plan.pipeline.train
        if let study = plan.study {
            caches = study.caches.map { cache in
                CacheWork(
                    name: "cut \(cache.cut), \(cache.store)" + (cache.pool > 1 ? ", means of \(cache.pool)" : ""),
                    encoder: encoder, cuts: [Cut(cache.cut) ?? .cnn],
                    store: StorageFormat(rawValue: cache.store) ?? .float16, pool: cache.pool,
                    precision: cache.compute,
                    shardCount: plan.pipeline.cache.shards, speech: all, sampleRateHz: sampleRateHz, oneProcess: true)
            }
            phases = try study.members.map { member in
                let cuts = member.cache.map { [Cut($0.cut) ?? .cnn] } ?? encoder.cuts
                let configuration = member.configuration
                return Phase(
                    name: member.setUp.name, runs: seeds, epochs: configuration.epochs, begins: true, ends: true,
                    work: try run(
                        configuration, cuts: cuts, store: member.cache.flatMap { StorageFormat(rawValue: $0.store) },
                        pool: member.setUp.pool)
                )
            }
        } else {
            let cache = plan.pipeline.cache, cuts = cache.cuts.compactMap { Cut($0) }.sorted()
            let store = StorageFormat(rawValue: cache.store.rawValue) ?? .float16
            if let highest = cuts.last, highest.layersBelow > encoder.layerCount {
                throw ModelError.cut(highest, model: plan.pipeline.model, layerCount: encoder.layerCount)
            }
            caches = zip(plan.caches, speech).map { planned, speech in
                CacheWork(
                    name: planned.corpus.name.isEmpty ? "cache" : planned.corpus.name, encoder: encoder, cuts: cuts,
                    store: store, pool: cache.pool, precision: cache.compute.precision.rawValue,
                    shardCount: cache.shards,
                    speech: speech, sampleRateHz: sampleRateHz)
            }
            if plan.trials.isEmpty {
                phases = [
                    Phase(
                        name: "runs", runs: plan.runs.count, epochs: train.epochs, begins: true, ends: true,
                        work: try run(train, cuts: cuts, store: store, pool: cache.pool))
                ]
            } else {
                var known: [String: RunWork] = [:]
                let works = try plan.trials.filter { $0.seed == plan.pipeline.seeds[0] }.map { trial in
                    let configuration = trial.point.configuration.costing
                    if let work = known[configuration.yaml] { return work }
                    let work = try run(configuration, cuts: cuts, store: store, pool: cache.pool)
                    known[configuration.yaml] = work
                    return work
                }
                let mean = RunWork(meanOf: works)
                phases = plan.rungs.map { rung in
                    let before = rung.number == 0 ? 0 : plan.rungs[rung.number - 1].epochs
                    let isLast = rung.number == plan.rungs.count - 1
                    return Phase(
                        name: plan.rungs.count == 1 ? "trials" : "rung \(rung.number)", runs: rung.points * seeds,
                        epochs: rung.epochs - before, begins: rung.number == 0, ends: isLast, work: mean)
                }
            }
        }
        // Of a sweep, whoever is not in the last rung leaves a state behind in place of a result.
        runBytes = 0
        runFiles = 0
        for (index, phase) in phases.enumerated() {
            let leaving = phase.ends ? phase.runs : phase.runs - phases[index + 1].runs
            runBytes += Double(leaving) * (phase.work.bytes + (phase.ends ? 0 : phase.work.stateBytes))
            // With the settings beside each, and the stamps of a sweep's rungs.
            runFiles += leaving * (phase.work.files + 1 + (plan.trials.isEmpty ? 0 : plan.rungs.count))
        }
    }
}

extension TrainConfiguration {
    /// Without what decides nothing of what a run takes, so that configurations which take the same are equal.
    fileprivate var costing: TrainConfiguration {
        var configuration = self
        configuration.optimiser = .init()
        configuration.seed = 0
        configuration.loss = .init()
        return configuration
    }
}
