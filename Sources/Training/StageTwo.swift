import Buffers
import Checkpoints
import Corpus
import Evaluation
import FeatureStore
import Foundation
import Kernels
import Runs
import SpeechEncoder

/// Stage two: from a cache to a run directory. Reads as the pipeline does.
public struct StageTwo {
    let settings: Settings
    let report: (TrainingEvent) -> Void
    let isInterrupted: () -> Bool

    public init(
        _ settings: Settings, report: @escaping (TrainingEvent) -> Void, isInterrupted: @escaping () -> Bool
    ) {
        self.settings = settings
        self.report = report
        self.isInterrupted = isInterrupted
    }

    /// - Returns: the result, as written to `result.json`.
    /// - Throws: `EpochReached` where the run stopped at `untilEpoch`.
    public func run() throws -> RunResult {
        let directory = RunDirectory(path: settings.runDirectory)
        let cache = try FeatureCache.open(directories: settings.cacheDirectories)
        let manifestPath = settings.manifest ?? "\(cacheDirectory)/corpus.csv"
        let corpus = try TrainingCorpus(
            cache: cache, manifest: try CorpusManifest.load(manifestPath), labels: settings.configuration.labels,
            groups: settings.configuration.scoring.by)
        let hygiene = Hygiene(corpus.hygiene())
        if settings.configuration.strict, !hygiene.problems.isEmpty {
            throw TrainingError.unclean(corpus: manifestPath, problems: hygiene.problems)
        }
        let note = try CorpusNote.beside(manifest: manifestPath)
        let identity = TrainingState.Identity(
            configuration: settings.configuration.yaml, cacheKey: cache.description.cacheKey, corpus: corpus.sha256())
        if let finished = try prepare(directory, identity: identity) { return finished }

        let (trainer, start) = try makeTrainer(cache: cache, corpus: corpus, directory: directory, identity: identity)
        if !(hygiene.problems + hygiene.notes).isEmpty { report(.hygiene(hygiene)) }
        let progress = try trainer.run(from: start)
        try BestWeights.restore(trainer.model, from: directory.bestWeightsPath, engine: settings.engine)
        let scores = try writePredictions(trainer, to: directory)
        let result = makeResult(
            trainer, cache: cache, progress: progress, scores: scores, note: note, hygiene: hygiene)
        try directory.write(result)
        try? FileManager.default.removeItem(atPath: directory.statePath)
        return result
    }

    /// Makes the run directory fit to be written: empty, or with the same run in it when that is to be resumed.
    /// - Returns: the result, if the same run is there and finished.
    private func prepare(_ directory: RunDirectory, identity: TrainingState.Identity) throws -> RunResult? {
        let files = FileManager.default, state = TrainingState(directory: directory)
        var difference: String?
        if files.fileExists(atPath: directory.resultPath) {
            let result = try directory.result()
            let found = TrainingState.Identity(
                configuration: try directory.configuration().yaml, cacheKey: result.cacheKey,
                corpus: result.corpusSHA256)
            difference = identity.difference(from: found)
            if difference == nil, settings.resume { return result }
            if !settings.resume, !settings.replace {
                throw TrainingError.occupied(path: directory.path, detail: "already holds a finished run")
            }
        } else if state.exists {
            if !settings.resume, !settings.replace {
                throw TrainingError.occupied(path: directory.path, detail: "already holds a run that is not finished")
            }
            difference = identity.difference(from: try state.identity())
        }
        if let difference {
            guard settings.replace else { throw TrainingError.otherRun(path: directory.path, difference: difference) }
        }
        if difference != nil || !settings.resume { try clear(directory) }
        try directory.create()
        return nil
    }

    /// Takes away what a run writes, and nothing else that may lie in its folder.
    private func clear(_ directory: RunDirectory) throws {
        let own = [
            directory.resultPath, directory.metricsPath, directory.bestWeightsPath, directory.statePath,
            directory.configurationPath, directory.scoresPath,
        ]
        let files = FileManager.default
        let predictions = ((try? directory.predictedSplits()) ?? []).map { directory.predictionsPath(split: $0) }
        for path in own + predictions where files.fileExists(atPath: path) { try files.removeItem(atPath: path) }
    }

    private func makeTrainer(
        cache: FeatureCache, corpus: TrainingCorpus, directory: RunDirectory, identity: TrainingState.Identity
    ) throws -> (trainer: Trainer, start: TrainingProgress) {
        let configuration = settings.configuration, engine = settings.engine
        let encoderConfiguration = try EncoderConfiguration(
            ConfigurationFile(
                path: "\(cacheDirectory)/cache.json", data: try JSONEncoder().encode(cache.description.model)))
        let setUp = try SetUp(
            configuration, encoder: encoderConfiguration, cuts: cache.description.cuts.compactMap { Cut($0.name) },
            cache: cacheDirectory)
        let cut = setUp.cut
        let upperPath = "\(cacheDirectory)/upper.safetensors"
        guard FileManager.default.fileExists(atPath: upperPath) else {
            throw TrainingError.noUpperWeights(path: upperPath)
        }
        let encoder = try UpperEncoder(
            encoderConfiguration, weights: try SafetensorsFile.open(upperPath), cut: cut,
            trained: setUp.parts, recomputes: configuration.recomputes, precision: settings.precision,
            seed: configuration.seed, engine: engine)
        let reader = BatchReader(
            cache: cache, cut: "\(cut)", columns: encoderConfiguration.width(at: cut), engine: engine)

        let pooling = Pooling(
            configuration.pooling, columns: encoderConfiguration.hiddenSize,
            attentionWidth: configuration.attention.hidden, seed: configuration.seed, engine: engine)

        let state = TrainingState(directory: directory)
        let saved = settings.resume && state.exists ? try state.load(identity: identity) : nil
        let standardisation =
            try saved.map {
                try TrainingState.standardisation(in: $0.file, columns: pooling.outputs)
            } ?? standardise(corpus.train, encoder: encoder, pooling: pooling, reader: reader)

        let top = RegressionTop(
            dimensions: corpus.dimensions, pooling: pooling, head: configuration.head,
            dropout: configuration.dropout.head.map { Float($0) } ?? encoderConfiguration.headDropout,
            standardisation: standardisation, seed: configuration.seed, engine: engine)
        let model = RegressionModel(
            encoder: encoder, top: top, loss: RegressionLoss(configuration.loss, dimensions: corpus.dimensions),
            engine: engine)
        let optimiser = makeOptimiser(model)
        let trainer = Trainer(
            configuration: configuration, corpus: corpus, statistics: corpus.labelStatistics(), model: model,
            setUp: setUp, optimiser: optimiser, schedule: makeSchedule(utterances: corpus.train.count),
            average: configuration.averageDecay.map {
                WeightAverage(of: optimiser.parameters, decay: $0, engine: engine)
            }, dropouts: encoderConfiguration.dropouts.overridden(by: configuration.dropout),
            mask: SpanMask(configuration: configuration.mask, seed: configuration.seed, engine: engine), reader: reader,
            directory: directory, identity: identity, engine: engine, untilEpoch: settings.untilEpoch, report: report,
            isInterrupted: isInterrupted)
        report(.setUp("\(setUp.description), from cut \(cut)", parameterCount(trainer)))
        try directory.write(configuration)
        guard let saved else {
            try directory.replaceMetrics([])
            return (trainer, TrainingProgress())
        }
        try TrainingState.restore(trainer.optimiser.parameters, from: saved.file, engine: engine)
        try trainer.average?.restore(from: saved.file)
        // Lines of epochs after the state was saved are of steps that will be taken again.
        let epochs = FileManager.default.fileExists(atPath: directory.metricsPath) ? try directory.metrics().epochs : []
        try directory.replaceMetrics(epochs.filter { $0.epoch <= saved.progress.epoch })
        report(.resumed(epoch: saved.progress.epoch, step: saved.progress.step))
        return (trainer, saved.progress)
    }

    /// Mean and reciprocal standard deviation of the training split's pooled rows before any training.
    private func standardise(
        _ examples: [TrainingCorpus.Example], encoder: UpperEncoder, pooling: Pooling, reader: BatchReader
    ) throws -> RegressionModel.Standardisation {
        let columns = pooling.outputs
        guard settings.configuration.standardise else { return .identity(columns: columns) }
        // A sample is enough for two moments, and keeps the start of a large corpus quick.
        var stream = RandomStream(seed: settings.configuration.seed, "standardisation")
        let sample = examples.count <= 2048 ? examples : Array(examples.shuffled(using: &stream).prefix(2048))
        report(.standardising(utterances: sample.count))
        var sum = [Double](repeating: 0, count: columns), squares = sum
        for batch in Batches.inOrder(sample.count, size: settings.configuration.batchUtterances) {
            let (rows, offsets) = try reader.read(batch.map { sample[$0] })
            let (pooled, _) = pooling.forward(encoder(rows, offsets: offsets), offsets: offsets)
            for (index, value) in settings.engine.download(pooled).enumerated() {
                sum[index % columns] += Double(value)
                squares[index % columns] += Double(value) * Double(value)
            }
        }
        let count = Double(sample.count)
        let mean = sum.map { $0 / count }
        let scale = zip(squares, mean).map { square, mean in
            1 / (max(0, square / count - mean * mean) + 1e-10).squareRoot()
        }
        return RegressionModel.Standardisation(shift: mean.map { Float($0) }, scale: scale.map { Float($0) })
    }

    private func makeOptimiser(_ model: RegressionModel) -> AdamW {
        let settings = self.settings.configuration.optimiser
        var options = AdamW.Options()
        options.beta1 = settings.beta1
        options.beta2 = settings.beta2
        options.epsilon = settings.epsilon
        options.weightDecay = settings.weightDecay
        options.clipNorm = settings.clipNorm
        return AdamW(
            groups: AdamW.Group.groups(model.encoder, heads: model.headParameters, self.settings.configuration),
            options: options,
            engine: self.settings.engine)
    }

    private func makeSchedule(utterances: Int) -> LearningRateSchedule {
        let configuration = settings.configuration
        let steps = configuration.epochs * Batches.count(of: utterances, size: configuration.batchUtterances)
        return LearningRateSchedule(
            totalSteps: steps, warmupSteps: configuration.optimiser.warmup.stepCount(of: steps),
            shape: configuration.optimiser.schedule)
    }
}
