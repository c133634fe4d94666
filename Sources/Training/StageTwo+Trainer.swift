import Buffers
import Checkpoints
import Foundation
import Kernels
import Runs
import SpeechEncoder

extension StageTwo {
    /// All that a run is made of, and where it begins: at the start, or where the state in its directory says.
    func makeTrainer(
        corpus: TrainingCorpus, directory: RunDirectory, identity: TrainingState.Identity
    ) throws -> (trainer: Trainer, start: TrainingProgress) {
        let configuration = settings.configuration, engine = settings.engine, features = settings.features
        let encoderConfiguration = try features.encoderConfiguration()
        let setUp = try SetUp(
            configuration, encoder: encoderConfiguration, cuts: features.cuts, cache: features.location)
        let blueprint = Blueprint(
            configuration: configuration, encoder: encoderConfiguration, setUp: setUp,
            weights: try features.upperWeights(), dimensions: corpus.dimensions, precision: settings.precision)

        let source = try features.rows(cut: setUp.cut, engine: engine)
        let memory = try configuration.memory.map { limit in
            try MemoryPlan(
                limit: limit, rows: source, dropouts: blueprint.dropouts, averageDecay: configuration.averageDecay,
                threads: settings.threads
            ) { engine in try blueprint.model(on: engine) { _, pooling in .identity(columns: pooling.outputs) } }
        }
        let reader = BatchReader(source: source, cut: setUp.cut, pool: features.pool, memory: memory)
        let batches = Batches(
            lengths: corpus.train.map(\.frameCount), form: configuration.batch, seed: configuration.seed)
        try reportPieces(corpus, reader: reader, batches: batches)

        let state = TrainingState(directory: directory)
        let saved = settings.resume && state.exists ? try state.load() : nil
        let model = try blueprint.model(on: engine) { encoder, pooling in
            try saved.map { try TrainingState.standardisation(in: $0.file, columns: pooling.outputs) }
                ?? standardise(corpus.train, encoder: encoder, pooling: pooling, reader: reader)
        }
        let optimiser = makeOptimiser(model)
        let trainer = Trainer(
            configuration: configuration, corpus: corpus, statistics: corpus.labelStatistics(), model: model,
            setUp: setUp, optimiser: optimiser, batches: batches, schedule: makeSchedule(batches),
            average: configuration.averageDecay.map {
                WeightAverage(of: optimiser.parameters, decay: $0, engine: engine)
            }, dropouts: blueprint.dropouts,
            mask: SpanMask(configuration: configuration.mask, seed: configuration.seed, engine: engine), reader: reader,
            directory: directory, identity: identity, engine: engine,
            secondsBetweenStates: settings.secondsBetweenStates, untilEpoch: settings.untilEpoch, report: report,
            isInterrupted: isInterrupted)
        report(.setUp("\(setUp.description), from cut \(setUp.cut)", parameterCount(trainer)))
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

    private func makeSchedule(_ batches: Batches) -> LearningRateSchedule {
        let configuration = settings.configuration, steps = batches.stepCount(epochs: configuration.epochs)
        return LearningRateSchedule(
            totalSteps: steps, warmupSteps: configuration.optimiser.warmup.stepCount(of: steps),
            shape: configuration.optimiser.schedule)
    }
}
