import Buffers
import Corpus
import Evaluation
import FeatureStore
import Foundation
import Kernels
import Runs
import SpeechEncoder

/// What a run tells while it goes on.
public enum TrainingEvent: Sendable {
    /// What is trained, in words, and how much of it.
    case setUp(String, (trainable: Int, total: Int))
    case standardising(utterances: Int)
    case resumed(epoch: Int, step: Int)
    /// What was found of the corpus's splits, where anything was.
    case hygiene(Hygiene)
    /// No epoch was better than this one for as long as the configuration waits.
    case stoppedEarly(bestEpoch: Int)
    /// Training begins, with so many steps to go.
    case began(steps: Int)
    case step(epoch: Int, done: Int, of: Int, frames: Int, loss: Double)
    case epoch(EpochMetrics)
}

/// The training loop: epochs of shuffled batches, a score on the development split after each, the best weights kept.
struct Trainer {
    let configuration: TrainConfiguration
    let corpus: TrainingCorpus
    let statistics: [LabelStatistics]
    let model: RegressionModel
    let setUp: SetUp
    let optimiser: AdamW
    let schedule: LearningRateSchedule
    /// What is evaluated and kept instead of the weights themselves, if anything.
    let average: WeightAverage?
    let dropouts: EncoderConfiguration.Dropouts
    let mask: SpanMask
    let reader: BatchReader
    let directory: RunDirectory
    let identity: TrainingState.Identity
    let engine: any Engine
    let untilEpoch: Int?
    let report: (TrainingEvent) -> Void
    let isInterrupted: () -> Bool

    /// The state is saved at the end of an epoch, but not more often than this.
    static let secondsBetweenStates = 30.0

    /// Stops before the configured epochs where none was better for as many as its patience. The learning rate falls as if
    /// all were to come.
    /// - Returns: the progress at the end of the last epoch.
    /// - Throws: `TrainingError.interrupted` and `EpochReached` once the state is saved; `TrainingError.loss` when the loss is not finite.
    func run(from start: TrainingProgress) throws -> TrainingProgress {
        var progress = start
        report(.began(steps: schedule.totalSteps - start.step))
        let begin = ContinuousClock.now, secondsBefore = start.totalSeconds
        var lastState = begin
        while progress.epoch < configuration.epochs {
            if let patience = configuration.patience, progress.epoch - progress.bestEpoch >= patience {
                report(.stoppedEarly(bestEpoch: progress.bestEpoch))
                break
            }
            if let untilEpoch, progress.epoch >= untilEpoch {
                if progress != start { try save(progress) }
                throw EpochReached(epoch: progress.epoch)
            }
            try trainEpoch(&progress)
            let metrics = try finishEpoch(&progress)
            progress.totalSeconds = secondsBefore + (ContinuousClock.now - begin).seconds
            try directory.append(metrics)
            report(.epoch(metrics))
            if (ContinuousClock.now - lastState).seconds > Self.secondsBetweenStates {
                try save(progress)
                lastState = .now
            }
        }
        return progress
    }

    func save(_ progress: TrainingProgress) throws {
        try TrainingState(directory: directory).save(
            progress, identity: identity, parameters: optimiser.parameters, average: average,
            standardisation: model.standardisation, engine: engine)
    }

    private func trainEpoch(_ progress: inout TrainingProgress) throws {
        let batches = Batches.shuffled(
            corpus.train.count, size: configuration.batchUtterances, seed: configuration.seed, epoch: progress.epoch)
        while progress.batch < batches.count {
            if isInterrupted() {
                try save(progress)
                throw TrainingError.interrupted(path: directory.statePath)
            }
            let clock = ContinuousClock.now
            let examples = batches[progress.batch].map { corpus.train[$0] }
            let (rows, offsets) = try reader.read(examples)
            mask.apply(to: rows, offsets: offsets, ids: examples.map(\.id), step: progress.step)
            let step = TrainingStep(
                dropouts: dropouts, seed: configuration.seed, number: UInt64(progress.step))
            let loss = model.accumulateGradients(
                rows, offsets: offsets, labels: standardisedLabels(examples), step: step
            ).loss.value
            let norm = optimiser.step(progress.step + 1, factor: schedule.factor(step: progress.step))
            guard loss.isFinite, norm.isFinite else {
                throw TrainingError.loss(step: progress.step + 1, detail: diagnosis(loss: loss, norm: norm))
            }
            progress.step += 1
            average?.update(step: progress.step)
            progress.batch += 1
            progress.lossSum += loss
            progress.normSum += norm
            progress.frames += offsets.rowCount
            progress.seconds += (ContinuousClock.now - clock).seconds
            report(
                .step(
                    epoch: progress.epoch + 1, done: progress.batch, of: batches.count, frames: offsets.rowCount,
                    loss: loss))
        }
    }

    private func diagnosis(loss: Double, norm: Double) -> String {
        let culprit = optimiser.parameters.first { parameter in
            engine.download(parameter.value).contains { !$0.isFinite }
        }
        return "the loss is \(loss) and the gradient's norm \(norm)"
            + (culprit.map { ", \($0.name) is the first tensor that is not finite" } ?? "")
    }

    private func finishEpoch(_ progress: inout TrainingProgress) throws -> EpochMetrics {
        let clock = ContinuousClock.now
        average?.exchange()
        defer { average?.exchange() }
        let outputs = try outputs(corpus.development)
        let predictions = restored(outputs)
        var development: [String: Scores] = [:]
        for (index, dimension) in corpus.dimensions.enumerated() {
            development[dimension] = Scoring.scores(
                Self.pairs(corpus.development, predictions: predictions[index], dimension: index))
        }
        let developmentLoss = model.loss(predictions: outputs, labels: standardisedLabels(corpus.development)).value
        let batches = Double(progress.batch)
        progress.epoch += 1
        var metrics = EpochMetrics(
            epoch: progress.epoch, step: progress.step, trainLoss: progress.lossSum / batches,
            learningRates: Dictionary(
                uniqueKeysWithValues: optimiser.groups.map {
                    ($0.name, $0.learningRate * schedule.factor(step: progress.step - 1))
                }), development: development, developmentLoss: developmentLoss, secondsTraining: progress.seconds,
            secondsEvaluating: 0,
            framesPerSecond: Double(progress.frames) / progress.seconds, gradientNorm: progress.normSum / batches,
            isBest: false)
        // A first epoch without a defined score is still better than none.
        let score = configuration.bestMetric.value(of: metrics)
        if progress.bestEpoch == 0 || configuration.bestMetric.isBetter(score, than: progress.bestMetric) {
            metrics.isBest = true
            progress.bestEpoch = progress.epoch
            progress.bestMetric = score
            try BestWeights.save(
                model, statistics: statistics, configuration: configuration, setUp: setUp,
                pool: reader.cache.description.pool,
                to: directory.bestWeightsPath, engine: engine)
        }
        metrics.secondsEvaluating = (ContinuousClock.now - clock).seconds
        progress.totalFrames += progress.frames
        progress.totalTrainingSeconds += progress.seconds
        progress.batch = 0
        progress.lossSum = 0
        progress.normSum = 0
        progress.frames = 0
        progress.seconds = 0
        return metrics
    }

    /// Predictions in the labels' own scale, `[dimension][example]`.
    func predict(_ examples: [TrainingCorpus.Example]) throws -> [[Double]] { restored(try outputs(examples)) }

    /// What the heads give, in standardised labels, `[dimension][example]`.
    private func outputs(_ examples: [TrainingCorpus.Example]) throws -> [[Float]] {
        var result = [[Float]](repeating: [], count: corpus.dimensions.count)
        for batch in Batches.inOrder(examples.count, size: configuration.batchUtterances) {
            let (rows, offsets) = try reader.read(batch.map { examples[$0] })
            for (index, values) in model.predictions(rows, offsets: offsets).enumerated() { result[index] += values }
        }
        return result
    }

    private func restored(_ outputs: [[Float]]) -> [[Double]] {
        zip(outputs, statistics).map { values, statistics in values.map(statistics.restored) }
    }

    /// `[dimension][example]`, nil where unlabelled.
    private func standardisedLabels(_ examples: [TrainingCorpus.Example]) -> [[Double?]] {
        corpus.dimensions.indices.map { dimension in
            examples.map { $0.labels[dimension].map(statistics[dimension].standardised) }
        }
    }

    /// The labelled ones of some examples with their predictions.
    static func pairs(
        _ examples: [TrainingCorpus.Example], predictions: [Double], dimension: Int
    ) -> [Scoring.Pair] {
        zip(examples, predictions).compactMap { example, prediction in
            example.labels[dimension].map {
                Scoring.Pair(truth: $0, prediction: prediction, speaker: example.speaker)
            }
        }
    }
}

extension Duration {
    var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
