import FeatureStore
import Foundation
import Runs
import SpeechEncoder

extension StageTwo {
    /// What `result.json` says.
    func makeResult(
        _ trainer: Trainer, cache: FeatureCache, progress: TrainingProgress, scores: [String: [String: Scores]],
        note: CorpusNote?
    ) -> RunResult {
        let names = TensorNames(trainer.model.encoder.configuration)
        let heads = trainer.model.headParameters.reduce(0) { $0 + $1.count }
        let hopSeconds =
            Double(cache.description.preprocessing.hopSamples) / Double(cache.description.preprocessing.sampleRateHz)
        let framesPerSecond = Double(progress.totalFrames) / max(progress.totalTrainingSeconds, .leastNonzeroMagnitude)
        return RunResult(
            status: .completed, bestEpoch: progress.bestEpoch,
            bestMetric: RunResult.Metric(
                name: trainer.configuration.bestMetric.rawValue, value: progress.bestMetric ?? .nan),
            epochs: progress.epoch, scores: scores, intervalMethod: Scoring.intervalMethod,
            model: cache.description.modelSource,
            cacheKey: cache.description.cacheKey, cut: trainer.reader.cut, layers: trainer.configuration.layers,
            seed: trainer.configuration.seed,
            trainableParameters: trainer.optimiser.parameters.reduce(0) { $0 + $1.count },
            totalParameters: TensorNames.parameterCount(names.all) + heads, compute: settings.precision.rawValue,
            threads: settings.threads, device: settings.device,
            secondsPerEpoch: progress.totalTrainingSeconds / Double(max(1, progress.epoch)),
            secondsTotal: progress.totalSeconds, framesPerSecond: framesPerSecond,
            audioSecondsPerSecond: framesPerSecond * hopSeconds, peakMemoryBytes: Self.peakMemoryBytes(),
            versions: settings.versions, corpus: note, corpusSHA256: trainer.identity.corpus)
    }

    private static func peakMemoryBytes() -> Int {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return usage.ru_maxrss * 1024
    }
}
