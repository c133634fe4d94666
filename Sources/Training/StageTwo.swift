import Buffers
import Checkpoints
import Corpus
import Evaluation
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
    public func run() throws -> RunResult {
        do {
            return try runUntilStopped()
        } catch is StopRequest {
            throw TrainingError.interrupted(path: nil)
        }
    }

    private func runUntilStopped() throws -> RunResult {
        let directory = RunDirectory(path: settings.runDirectory)
        let features = settings.features
        let manifestPath = settings.manifest ?? features.manifestPath
        let corpus = try TrainingCorpus(
            features: features, manifest: try CorpusManifest.load(manifestPath), labels: settings.configuration.labels,
            groups: settings.configuration.scoring.by)
        let hygiene = Hygiene(corpus.hygiene())
        if settings.configuration.strict, !hygiene.problems.isEmpty {
            throw TrainingError.unclean(corpus: manifestPath, problems: hygiene.problems)
        }
        let note = try CorpusNote.beside(manifest: manifestPath)
        let identity = TrainingState.Identity(
            configuration: settings.configuration.yaml, cacheKey: features.key, corpus: corpus.sha256())
        if let finished = try prepare(directory, identity: identity) { return finished }

        let (trainer, start) = try makeTrainer(corpus: corpus, directory: directory, identity: identity)
        if !(hygiene.problems + hygiene.notes).isEmpty { report(.hygiene(hygiene)) }
        let result = try trainer.run(from: start) { progress in
            try BestWeights.restore(trainer.model, from: directory.bestWeightsPath, engine: settings.engine)
            let scores = try writePredictions(trainer, to: directory)
            return makeResult(trainer, progress: progress, scores: scores, note: note, hygiene: hygiene)
        }
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
            difference = try state.difference(from: identity)
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
        corpus: TrainingCorpus, directory: RunDirectory, identity: TrainingState.Identity
    ) throws -> (trainer: Trainer, start: TrainingProgress) {
        let configuration = settings.configuration, engine = settings.engine
        let encoderConfiguration = try settings.features.encoderConfiguration()
        let cut = try chooseCut(encoderConfiguration)
        let weights = try settings.features.upperWeights()
        func makeEncoder(_ engine: any Engine) throws -> UpperEncoder {
            try UpperEncoder(
                encoderConfiguration, weights: weights, cut: cut, trained: TrainedParts(layers: configuration.layers),
                precision: settings.precision, seed: configuration.seed, engine: engine)
        }
        func makeModel(
            _ encoder: UpperEncoder, _ standardisation: RegressionModel.Standardisation, _ engine: any Engine
        )
            -> RegressionModel
        {
            RegressionModel(
                encoder: encoder, dimensions: corpus.dimensions, headWidth: configuration.head.hidden,
                headLayers: configuration.head.layers,
                headDropout: configuration.dropout.head.map { Float($0) } ?? encoderConfiguration.headDropout,
                standardisation: standardisation, seed: configuration.seed, engine: engine)
        }
        var dropouts = encoderConfiguration.dropouts
        dropouts.layer = 0
        if let hidden = configuration.dropout.hidden { dropouts.hidden = Float(hidden) }
        if let attention = configuration.dropout.attention { dropouts.attention = Float(attention) }
        if let activation = configuration.dropout.activation { dropouts.activation = Float(activation) }

        let source = try settings.features.rows(cut: cut, engine: engine)
        let columns = encoderConfiguration.hiddenSize
        let memory = try configuration.memory.map { limit in
            try MemoryPlan(
                limit: limit, rows: source, cut: cut, dropouts: dropouts,
                threads: settings.threads
            ) { engine in makeModel(try makeEncoder(engine), .none(columns: columns), engine) }
        }
        let reader = BatchReader(source: source, cut: cut, pool: settings.features.pool, memory: memory)
        let batches = Batches(
            lengths: corpus.train.map(\.frameCount), form: configuration.batch, seed: configuration.seed)
        try reportPieces(corpus, reader: reader, batches: batches)

        let state = TrainingState(directory: directory)
        let saved = settings.resume && state.exists ? try state.load(identity: identity) : nil
        let encoder = try makeEncoder(engine)
        let standardisation =
            try saved.map { try TrainingState.standardisation(in: $0.file, columns: columns) }
            ?? standardise(corpus.train, encoder: encoder, reader: reader)
        let model = makeModel(encoder, standardisation, engine)
        let trainer = Trainer(
            configuration: configuration, corpus: corpus, statistics: corpus.labelStatistics(), model: model,
            optimiser: makeOptimiser(model), batches: batches, schedule: makeSchedule(batches), dropouts: dropouts,
            reader: reader, directory: directory, identity: identity, engine: engine,
            secondsBetweenStates: settings.secondsBetweenStates, report: report, isInterrupted: isInterrupted)
        try directory.write(configuration)
        guard let saved else {
            try directory.replaceMetrics([])
            return (trainer, TrainingProgress())
        }
        try TrainingState.restore(trainer.optimiser.parameters, from: saved.file, engine: engine)
        // Lines of epochs after the state was saved are of steps that will be taken again.
        let epochs = FileManager.default.fileExists(atPath: directory.metricsPath) ? try directory.metrics().epochs : []
        try directory.replaceMetrics(epochs.filter { $0.epoch <= saved.progress.epoch })
        report(.resumed(epoch: saved.progress.epoch, step: saved.progress.step))
        return (trainer, saved.progress)
    }

    /// The highest cut at hand from which all the layers to be trained can be.
    private func chooseCut(_ encoder: EncoderConfiguration) throws -> Cut {
        let highest = try settings.configuration.highestCut(of: encoder, model: settings.features.modelSource)
        let cuts = settings.features.cuts
        guard let cut = cuts.filter({ $0 > .cnn && $0 <= highest }).max() else {
            throw TrainingError.noCut(
                cache: settings.features.location, layers: settings.configuration.layers, needed: highest.layersBelow,
                cuts: cuts.map { "\($0)" })
        }
        return cut
    }

    /// Under a limit of memory, finds out before any compute whether all utterances fit.
    private func reportPieces(_ corpus: TrainingCorpus, reader: BatchReader, batches: Batches) throws {
        guard let memory = reader.memory else { return }
        // The longest utterance first: where that does not fit, nothing else matters.
        _ = try reader.passes([corpus.longestUtterance])
        let lengths = batches.epoch(0).map { batch in batch.map { corpus.train[$0].frameCount } }
        guard let largest = lengths.max(by: { $0.reduce(0, +) < $1.reduce(0, +) }) else { return }
        let count = try reader.passes(largest).pieces.count
        if count > 1 { report(.splitting(pieces: count, limit: memory.limit)) }
    }

    /// Mean and reciprocal standard deviation of the training split's pooled rows before any training.
    private func standardise(
        _ examples: [TrainingCorpus.Example], encoder: UpperEncoder, reader: BatchReader
    ) throws -> RegressionModel.Standardisation {
        let columns = encoder.configuration.hiddenSize
        guard settings.configuration.standardise else { return .none(columns: columns) }
        // A sample is enough for two moments, and keeps the start of a large corpus quick.
        var stream = RandomStream(seed: settings.configuration.seed, "standardisation")
        let sample = examples.count <= 2048 ? examples : Array(examples.shuffled(using: &stream).prefix(2048))
        report(.standardising(utterances: sample.count))
        var sum = [Double](repeating: 0, count: columns), squares = sum
        for indices in Batches.inOrder(sample.map(\.frameCount), settings.configuration.batch) {
            let batch = try reader.batch(indices.map { sample[$0] })
            for piece in batch.pieces {
                if isInterrupted() { throw StopRequest() }
                let pooled = RegressionModel.pooled(
                    try batch.rows(piece), offsets: piece.offsets, encoder: encoder, engine: settings.engine)
                for (index, value) in settings.engine.download(pooled).enumerated() {
                    sum[index % columns] += Double(value)
                    squares[index % columns] += Double(value) * Double(value)
                }
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
            groups: [
                AdamW.Group(
                    name: "layers", parameters: model.encoderParameters, learningRate: settings.layersLearningRate),
                AdamW.Group(name: "heads", parameters: model.headParameters, learningRate: settings.headsLearningRate),
            ], options: options, engine: self.settings.engine)
    }

    private func makeSchedule(_ batches: Batches) -> LearningRateSchedule {
        let configuration = settings.configuration, steps = batches.stepCount(epochs: configuration.epochs)
        return LearningRateSchedule(
            totalSteps: steps, warmupSteps: configuration.optimiser.warmup.stepCount(of: steps),
            shape: configuration.optimiser.schedule)
    }
}
