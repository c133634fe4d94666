import Foundation
import Runs

/// A folder of its own for one test, gone when the test is.
final class TemporaryFolder {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("runs-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ text: String, as name: String) throws -> String {
        try Data(text.utf8).write(to: URL(fileURLWithPath: "\(path)/\(name)"))
        return "\(path)/\(name)"
    }

    func text(of name: String) throws -> String { try String(contentsOfFile: "\(path)/\(name)", encoding: .utf8) }

    var names: [String] { ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted() }
}

func sampleScores(ccc: Double = 0.5) -> Scores {
    Scores(
        ccc: ccc, pearson: 0.625, rmse: 0.25, mae: 0.125, count: 40,
        intervals: [.ccc: .init(low: ccc - 0.25, high: ccc + 0.25), .mae: .init(low: 0.0625, high: 0.25)],
        withoutInterval: [.pearson: "undefined in more than half of the resamples"],
        resampled: .init(unit: .speaker, count: 6))
}

func sampleEpoch(_ epoch: Int) -> EpochMetrics {
    EpochMetrics(
        epoch: epoch, step: 5 * epoch, trainLoss: 1 / Double(epoch), learningRates: ["layers": 1e-5, "heads": 1e-3],
        development: ["activation": sampleScores(), "valence": sampleScores(ccc: 0.25)], secondsTraining: 1.5,
        secondsReading: epoch == 2 ? 0.125 : nil, secondsOptimising: epoch == 2 ? 0.5 : nil,
        secondsEvaluating: 0.25, framesPerSecond: 4000, gradientNorm: 2.5, isBest: epoch == 1)
}

func sampleResult() -> RunResult {
    RunResult(
        status: .completed, bestEpoch: 3, bestMetric: .init(name: "ccc", value: 0.375), epochs: 4,
        scores: ["development": ["activation": sampleScores()], "test1": ["activation": sampleScores(ccc: 0.25)]],
        intervalMethod: "bootstrap over speakers, 1000 resamples", model: "random:wav2vec2-base?seed=0",
        cacheKey: "0123abcd", cut: "9", layers: 3, seed: 7, trainableParameters: 21_000_000,
        totalParameters: 95_000_000, compute: "bfloat16", threads: 2, device: "a processor", secondsPerEpoch: 1.75,
        secondsTotal: 7, framesPerSecond: 4000, audioSecondsPerSecond: 80, peakMemoryBytes: 1 << 30,
        versions: ["undertone": "0.1.0"],
        corpus: CorpusNote(name: "demo", synthetic: true, description: "spoken by espeak-ng"), corpusSHA256: "4567cdef",
        hygiene: Hygiene(
            speakersInSeveralSplits: .init(count: 1, utterances: 5, examples: ["s1 (train 4, test1 1)"]),
            recordingsInSeveralSplits: .init(count: 0, utterances: 0, examples: []),
            recordingsRepeatedInASplit: .init(count: 7, utterances: 14, examples: ["a (train) = b (train)"]),
            utterancesWithoutSpeaker: 2))
}
