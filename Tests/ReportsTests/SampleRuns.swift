import Foundation
import Reports
import Runs

/// A run as training would leave it, made up; nothing here was ever measured.
func sampleRun(
    _ name: String = "seed-0", dimensions: [String] = ["activation", "valence"], epochs: Int = 6, best: Int = 4,
    testCCC: Double = 0.5, speakers: Int = 3, corpus: CorpusNote? = nil, status: RunResult.Status = .completed,
    bestMetric: String = "ccc", hygiene: Hygiene? = nil, warnings: [String] = []
) -> RunRecord {
    func scores(_ ccc: Double) -> Scores {
        Scores(
            ccc: ccc, pearson: ccc + 0.05, rmse: 0.21, mae: 0.17, count: 12,
            intervals: [.ccc: .init(low: ccc - 0.1, high: ccc + 0.1)])
    }
    let metrics = (1...epochs).map { epoch in
        EpochMetrics(
            epoch: epoch, step: 5 * epoch, trainLoss: 1 / Double(epoch),
            learningRates: ["layers": 1e-5, "heads": 1e-3],
            development: Dictionary(uniqueKeysWithValues: dimensions.map { ($0, scores(0.1 * Double(epoch))) }),
            secondsTraining: 8, secondsEvaluating: 1, framesPerSecond: 2000, gradientNorm: 2, isBest: epoch <= best)
    }
    let rows = (0..<12).map { index in
        Prediction(
            id: "utterance-\(index)", speaker: "speaker-\(index % speakers)",
            values: Dictionary(
                uniqueKeysWithValues: dimensions.map {
                    ($0, .init(truth: Double(index) / 12, prediction: 0.3 + Double(index) / 30))
                }))
    }
    let result = RunResult(
        status: status, bestEpoch: best, bestMetric: .init(name: bestMetric, value: testCCC),
        epochs: epochs,
        scores: [
            "development": Dictionary(uniqueKeysWithValues: dimensions.map { ($0, scores(0.4)) }),
            "test1": Dictionary(uniqueKeysWithValues: dimensions.map { ($0, scores(testCCC)) }),
        ],
        intervalMethod: "bootstrap over speakers", model: "random:tiny?seed=0", cacheKey: "abc", cut: "9", layers: 3,
        seed: 0, trainableParameters: 21_658_882, totalParameters: 94_766_850, compute: "bfloat16", threads: 2,
        device: "a processor", secondsPerEpoch: 9, secondsTotal: 54, framesPerSecond: 2000, audioSecondsPerSecond: 40,
        peakMemoryBytes: 1 << 30, versions: ["undertone": "0.1.0"], corpus: corpus,
        corpusSHA256: "def", hygiene: hygiene)
    return RunRecord(
        name: name, configuration: TrainConfiguration(labels: dimensions.map { .init(name: $0, scale: 0...1) }),
        epochs: metrics, result: result,
        predictions: ["test1": Predictions(dimensions: dimensions, rows: rows)], warnings: warnings)
}

/// How often `needle` occurs.
func count(_ needle: String, in text: String) -> Int { text.components(separatedBy: needle).count - 1 }
