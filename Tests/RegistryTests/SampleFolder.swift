import Foundation
import Runs

/// A pipeline's build folder, made up: runs as training would leave them. Gone when the value is.
final class SampleFolder {
    let path: String

    init() throws {
        path =
            FileManager.default.temporaryDirectory.appendingPathComponent("registry-\(UUID().uuidString)").path + "/x"
        try write("", to: "report.settings")
    }

    deinit { try? FileManager.default.removeItem(atPath: URL(filePath: path).deletingLastPathComponent().path) }

    func write(_ text: String, to name: String) throws {
        let file = URL(filePath: "\(path)/\(name)")
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
    }

    func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: "\(path)/\(name)") }

    /// A run with an epoch for each CCC; of one that is there, more epochs.
    @discardableResult
    func addRun(
        _ name: String, ccc: [Double], epochs: Int = 3, rate: Double = 1e-5, seed: UInt64 = 0, metric: String = "ccc",
        isFinished: Bool = true, outcome: RunAttempt.Outcome? = .completed, host: String = "here"
    ) throws -> RunDirectory {
        let run = RunDirectory(path: "\(path)/\(name)")
        var configuration = TrainConfiguration(labels: [.init(name: "activation"), .init(name: "valence")])
        configuration.epochs = epochs
        configuration.seed = seed
        configuration.optimiser.layersLearningRate = rate
        configuration.bestMetric = BestCriterion(metric)!
        try run.write(configuration)
        let before = (try? run.metrics().epochs.count) ?? 0
        for (index, value) in ccc.enumerated() {
            try run.append(epoch(before + index + 1, ccc: value, isBest: index == 0 || value > ccc[..<index].max()!))
        }
        var attempt = RunAttempt(cacheKey: "key")
        attempt.host = host
        if let outcome { attempt.end(outcome, problem: outcome == .failed ? "the loss is not finite" : nil) }
        try run.write(attempt)
        if isFinished { try run.write(result(ccc: ccc.max() ?? .nan, seed: seed)) }
        return run
    }

    private func epoch(_ number: Int, ccc: Double, isBest: Bool) -> EpochMetrics {
        EpochMetrics(
            epoch: number, step: 5 * number, trainLoss: 1 / Double(number), learningRates: ["heads": 1e-3],
            development: ["activation": scores(ccc), "valence": scores(ccc, mae: 0.5)], secondsTraining: 2,
            secondsEvaluating: 1,
            framesPerSecond: 4000, gradientNorm: .nan, isBest: isBest)
    }

    private func scores(_ ccc: Double, mae: Double = 0.125) -> Scores {
        Scores(
            ccc: ccc, pearson: .nan, rmse: 0.25, mae: mae, count: 40,
            intervals: [.ccc: .init(low: ccc - 0.25, high: ccc + 0.25)])
    }

    private func result(ccc: Double, seed: UInt64) -> RunResult {
        RunResult(
            status: .completed, bestEpoch: 1, bestMetric: .init(name: "ccc", value: ccc), epochs: 3,
            scores: ["test": ["activation": scores(ccc / 2), "valence": scores(ccc / 4)]], intervalMethod: nil,
            model: "random:tiny", cacheKey: "key", cut: "9", layers: 3, seed: seed, trainableParameters: 10,
            totalParameters: 20, compute: "float32", threads: 1, device: "a processor", secondsPerEpoch: 2,
            secondsTotal: 9, framesPerSecond: 4000, audioSecondsPerSecond: 80, peakMemoryBytes: 1 << 20, versions: [:],
            corpus: nil, corpusSHA256: "abc")
    }
}
