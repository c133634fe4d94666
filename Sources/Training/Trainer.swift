import Buffers
import Corpus
import Evaluation
import Foundation
import Kernels
import Runs
import SpeechEncoder

/// What a run tells while it goes on.
public enum TrainingEvent: Sendable {
    /// What is trained, in words, and how much of it.
    case setUp(String, (trainable: Int, total: Int))
    /// A run of several with seeds of their own begins.
    case seed(UInt64, number: Int, of: Int)
    case standardising(utterances: Int)
    /// The largest batch goes through the encoder in so many pieces, so that it fits.
    case splitting(pieces: Int, limit: ByteCount)
    case resumed(epoch: Int, step: Int)
    /// What of the manifest is left out for want of features, in words.
    case missing(String)
    /// What was found of the corpus's splits, where anything was.
    case hygiene(Hygiene)
    /// No epoch was better than this one for as long as the configuration waits.
    case stoppedEarly(bestEpoch: Int)
    /// Training begins, with so many steps to go.
    case began(steps: Int)
    case step(epoch: Int, done: Int, of: Int, frames: Int, loss: Double)
    case epoch(EpochMetrics)
    /// The run is done, and its result is written.
    case finished(RunResult)
    /// The run was done before, and is scored as is now wished.
    case scoredAgain
}

/// The training loop: epochs of shuffled batches, a score on the development split after each, the best weights kept.
struct Trainer {
    let configuration: TrainConfiguration
    let corpus: TrainingCorpus
    let statistics: [LabelStatistics]
    let model: RegressionModel
    let setUp: SetUp
    let optimiser: AdamW
    let batches: Batches
    let schedule: LearningRateSchedule
    /// What is evaluated and kept instead of the weights themselves, if anything.
    let average: WeightAverage?
    let dropouts: EncoderConfiguration.Dropouts
    let mask: SpanMask
    let reader: BatchReader
    let directory: RunDirectory
    let identity: TrainingState.Identity
    let engine: any Engine
    /// The state is saved between steps, but not more often than this.
    let secondsBetweenStates: Double
    let untilEpoch: Int?
    let report: (TrainingEvent) -> Void
    let isInterrupted: () -> Bool

    /// Stops before the configured epochs where none was better for as many as its patience. The learning rate falls as if
    /// all were to come.
    /// - Parameter finish: what is to be done after the last epoch, with the progress at its end.
    /// - Throws: `TrainingError.interrupted` and `EpochReached` once the state is saved; `.notFinite`, likewise, with the last good one.
    func run<Result>(
        from start: TrainingProgress, finish: (TrainingProgress) throws -> Result
    ) throws -> Result {
        var progress = start
        progress.failedStep = nil
        do {
            do {
                try train(&progress)
                return try finish(progress)
            } catch is StopRequest {
                try save(progress)
                throw TrainingError.interrupted(path: directory.statePath)
            }
        } catch let failure as NotFinite {
            throw try stop(over: failure, progress)
        }
    }

    /// Keeps the last good state: that of before the step, or where an earlier step spoilt the parameters, the one that was saved before.
    private func stop(over failure: NotFinite, _ progress: TrainingProgress) throws -> TrainingError {
        let state = TrainingState(directory: directory), step = progress.step + 1
        var isKept = true
        if case .parameter = failure.place {
            isKept = try state.markFailed(step: step)
        } else {
            var progress = progress
            progress.failedStep = step
            try save(progress)
        }
        return .notFinite(step: step, failure, state: isKept ? directory.statePath : nil)
    }

    private func train(_ progress: inout TrainingProgress) throws {
        let start = progress
        report(.began(steps: schedule.totalSteps - start.step))
        let begin = ContinuousClock.now, secondsBefore = start.totalSeconds
        var lastState = begin
        func saveIfDue() throws {
            progress.totalSeconds = secondsBefore + (ContinuousClock.now - begin).seconds
            guard (ContinuousClock.now - lastState).seconds > secondsBetweenStates else { return }
            try save(progress)
            lastState = .now
        }
        while progress.epoch < configuration.epochs {
            if let patience = configuration.patience, progress.epoch - progress.bestEpoch >= patience {
                report(.stoppedEarly(bestEpoch: progress.bestEpoch))
                break
            }
            if let untilEpoch, progress.epoch >= untilEpoch {
                if progress != start { try save(progress) }
                throw EpochReached(epoch: progress.epoch)
            }
            let epoch = batches.epoch(progress.epoch)
            while progress.batch < epoch.count {
                try checkInterruption()
                let (frames, loss) = try trainStep(epoch[progress.batch].map { corpus.train[$0] }, &progress)
                report(
                    .step(
                        epoch: progress.epoch + 1, done: progress.batch, of: epoch.count, frames: frames, loss: loss))
                if progress.batch < epoch.count { try saveIfDue() }
            }
            let metrics = try finishEpoch(&progress)
            try directory.append(metrics)
            report(.epoch(metrics))
            try saveIfDue()
        }
    }

    /// - Throws: `NotFinite` for parameters that are not: no state is replaced by them.
    func save(_ progress: TrainingProgress) throws {
        try requireFiniteParameters()
        try TrainingState(directory: directory).save(
            progress, identity: identity, parameters: optimiser.parameters, average: average,
            standardisation: model.standardisation, engine: engine)
    }

    private func requireFiniteParameters() throws {
        if let parameter = optimiser.parameters.first(where: { !engine.isFinite($0.value) }) {
            throw NotFinite(place: .parameter(parameter.name), utterances: [], seen: nil)
        }
    }

    private func checkInterruption() throws {
        if isInterrupted() { throw StopRequest() }
    }

    /// One batch: gradients, and a step of the optimiser if they are finite.
    private func trainStep(
        _ examples: [TrainingCorpus.Example], _ progress: inout TrainingProgress
    ) throws -> (frames: Int, loss: Double) {
        let clock = ContinuousClock.now
        var secondsReading = 0.0
        let labels = standardisedLabels(examples)
        let number = progress.step
        let step = TrainingStep(dropouts: dropouts, seed: configuration.seed, number: UInt64(number))
        let batch = try reader.batch(examples)
        let result = try model.accumulateGradients(batch.pieces, labels: labels, step: step) { piece in
            // A batch may take minutes; its pieces do not.
            try checkInterruption()
            let begin = ContinuousClock.now
            defer { secondsReading += (ContinuousClock.now - begin).seconds }
            return try rows(of: piece, in: batch, examples, step: number)
        }
        let beforeOptimiser = ContinuousClock.now
        let (norm, normsByPart) = optimiser.gradientNorms()
        // A loss that leaves out what it cannot score may be finite over predictions that are not.
        let loss = result.predictions.joined().allSatisfy(\.isFinite) ? result.loss.value : .nan
        guard loss.isFinite, norm.isFinite else {
            throw try diagnosis(loss: loss, gradientNorm: norm, examples, step: step)
        }
        optimiser.step(progress.step + 1, factor: schedule.factor(step: progress.step), norm: norm)
        progress.step += 1
        average?.update(step: progress.step)
        progress.batch += 1
        progress.lossSum += loss
        progress.normSum += norm
        progress.count(normsByPart)
        progress.frames += batch.frameCount
        progress.seconds += (ContinuousClock.now - clock).seconds
        progress.secondsReading += secondsReading
        progress.secondsOptimising += (ContinuousClock.now - beforeOptimiser).seconds
        return (batch.frameCount, loss)
    }

    /// The rows of a piece as training sees them: read anew, or kept, and masked either way.
    func rows(
        of piece: BatchPiece, in batch: PiecewiseBatch, _ examples: [TrainingCorpus.Example], step: Int
    ) throws -> Matrix {
        let rows = try batch.rows(piece)
        mask.apply(to: rows, offsets: piece.offsets, ids: examples[piece.utterances].map(\.id), step: step)
        return rows
    }

    private func finishEpoch(_ progress: inout TrainingProgress) throws -> EpochMetrics {
        let clock = ContinuousClock.now
        // Of the last step no other tells.
        try requireFiniteParameters()
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
            secondsReading: progress.secondsReading, secondsOptimising: progress.secondsOptimising,
            secondsEvaluating: 0,
            framesPerSecond: Double(progress.frames) / progress.seconds, gradientNorm: progress.normSum / batches,
            gradientNorms: progress.gradientNorms, isBest: false)
        // A first epoch without a defined score is still better than none.
        let score = configuration.bestMetric.value(of: metrics)
        if progress.bestEpoch == 0 || configuration.bestMetric.isBetter(score, than: progress.bestMetric) {
            metrics.isBest = true
            progress.bestEpoch = progress.epoch
            progress.bestMetric = score
            try BestWeights.save(
                model, statistics: statistics, configuration: configuration, setUp: setUp, pool: reader.pool,
                to: directory.bestWeightsPath, engine: engine)
        }
        metrics.secondsEvaluating = (ContinuousClock.now - clock).seconds
        progress.beginEpoch()
        return metrics
    }

    /// Predictions in the labels' own scale, `[dimension][example]`.
    func predict(_ examples: [TrainingCorpus.Example]) throws -> [[Double]] { restored(try outputs(examples)) }

    /// What the heads give, in standardised labels, `[dimension][example]`.
    private func outputs(_ examples: [TrainingCorpus.Example]) throws -> [[Float]] {
        var result = [[Float]](repeating: [], count: corpus.dimensions.count)
        for indices in Batches.inOrder(examples.map(\.frameCount), configuration.batch) {
            let batch = try reader.batch(indices.map { examples[$0] })
            for piece in batch.pieces {
                try checkInterruption()
                let outputs = model.predictions(try batch.rows(piece), offsets: piece.offsets)
                for (index, values) in outputs.enumerated() { result[index] += values }
            }
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
