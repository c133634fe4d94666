import Buffers
import Corpus
import Evaluation
import Foundation
import Runs
import SpeechEncoder

extension StageTwo {
    /// Predictions for every split but the training split, and their scores: `predictions-<split>.csv` and `scores.csv`.
    /// - Parameter predict: gives the predictions of a split, `[dimension][example]`.
    /// - Returns: the scores of whole splits, `[split][dimension]`.
    func writePredictions(
        of corpus: TrainingCorpus, to directory: RunDirectory,
        predict: (Split, [TrainingCorpus.Example]) throws -> [[Double]]
    ) throws -> [String: [String: Scores]] {
        let scoring = settings.configuration.scoring
        var table = ScoreTable(rows: [])
        for split in corpus.splitNames where split != .train {
            let examples = corpus.splits[split, default: []]
            let outputs = try predict(split, examples)
            let rows = examples.enumerated().map { row, example in
                var values: [String: Prediction.Value] = [:]
                for (index, dimension) in corpus.dimensions.enumerated() {
                    values[dimension] = Prediction.Value(truth: example.labels[index], prediction: outputs[index][row])
                }
                return Prediction(id: example.id, speaker: example.speaker, values: values, metadata: example.metadata)
            }
            let predictions = Predictions(dimensions: corpus.dimensions, columns: corpus.groupColumns, rows: rows)
            try directory.write(predictions, split: "\(split)")
            table.rows +=
                Scoring.table(
                    predictions, split: "\(split)", by: scoring.by, resamples: scoring.resamples,
                    seed: settings.configuration.seed
                ).rows
        }
        try directory.write(table)
        var scores: [String: [String: Scores]] = [:]
        for row in table.rows where row.column == nil { scores[row.split, default: [:]][row.dimension] = row.scores }
        return scores
    }

    /// What `result.json` says.
    func makeResult(
        _ trainer: Trainer, progress: TrainingProgress, scores: [String: [String: Scores]],
        note: CorpusNote?, hygiene: Hygiene
    ) -> RunResult {
        let parameters = parameterCount(trainer)
        let framesPerSecond = Double(progress.totalFrames) / max(progress.totalTrainingSeconds, .leastNonzeroMagnitude)
        return RunResult(
            status: .completed, bestEpoch: progress.bestEpoch,
            bestMetric: RunResult.Metric(
                name: trainer.configuration.bestMetric.name, value: progress.bestMetric ?? .nan),
            epochs: progress.epoch, scores: scores,
            intervalMethod: Scoring.intervalMethod(resamples: trainer.configuration.scoring.resamples),
            model: settings.features.modelSource, modelSHA256: trainer.identity.model,
            cacheKey: settings.features.key, cut: "\(trainer.reader.cut)",
            layers: trainer.setUp.parts.layers, setUp: trainer.setUp.description, seed: trainer.configuration.seed,
            trainableParameters: parameters.trainable, totalParameters: parameters.total,
            compute: settings.precision.rawValue,
            threads: settings.threads, device: settings.device,
            secondsPerEpoch: progress.totalTrainingSeconds / Double(max(1, progress.epoch)),
            secondsTotal: progress.totalSeconds, framesPerSecond: framesPerSecond,
            audioSecondsPerSecond: framesPerSecond * settings.features.rowSeconds,
            peakMemoryBytes: peakMemoryBytes(),
            versions: settings.versions, corpus: note, corpusSHA256: trainer.identity.corpus,
            hygiene: hygiene,
            missingUtterances: Dictionary(
                uniqueKeysWithValues: trainer.corpus.missing.map { ("\($0.key)", $0.value.count) }))
    }

    /// Of the optimiser's parameters, and of the whole model: encoder with its CNN, adapters, heads. The vector that stands for masked
    /// frames in pretraining is not part of either.
    func parameterCount(_ trainer: Trainer) -> (trainable: Int, total: Int) {
        let model = trainer.model
        func count(_ parameters: [Parameter]) -> Int { parameters.reduce(0) { $0 + $1.count } }
        let encoder = TensorNames.parameterCount(TensorNames(model.encoder.configuration).all)
        let adapters = trainer.configuration.tuning == .lora ? count(model.encoderParameters) : 0
        return (count(trainer.optimiser.parameters), encoder + adapters + count(model.headParameters))
    }
}

extension Hygiene {
    /// How many of a kind are named; the rest are counted.
    private static let exampleCount = 5

    init(_ found: SplitHygiene) {
        func recordings(_ found: [SplitHygiene.RepeatedRecording]) -> Finding {
            Finding(
                count: found.count, utterances: found.reduce(0) { $0 + $1.members.count },
                examples: found.prefix(Self.exampleCount).map(\.description))
        }
        self.init(
            speakersInSeveralSplits: Finding(
                count: found.sharedSpeakers.count,
                utterances: found.sharedSpeakers.reduce(0) { $0 + $1.utteranceCount },
                examples: found.sharedSpeakers.prefix(Self.exampleCount).map(\.description)),
            recordingsInSeveralSplits: recordings(found.sharedRecordings),
            recordingsRepeatedInASplit: recordings(found.repeatedRecordings),
            utterancesWithoutSpeaker: found.utterancesWithoutSpeaker)
    }
}
