import Reports
import Runs

/// A sweep as a pipeline would leave it, made up: the first trial is best, a third of all go on at each of two rungs, and the last of all
/// could not be trained. Nothing here was ever measured.
func sampleSweep(trials count: Int = 12, seeds: [UInt64] = [0, 1], halved: Bool = true) -> SweepRecord {
    let rungs: [SweepRecord.Rung] =
        halved
        ? [.init(epochs: 1, trials: count), .init(epochs: 3, trials: count / 3), .init(epochs: 6, trials: count / 9)]
        : [.init(epochs: 6, trials: count)]
    let trials = (0..<count).map { index -> SweepRecord.Trial in
        let isFailed = index == count - 1
        let rung = rungs.lastIndex { index < max(1, $0.trials) } ?? 0
        let epochs = isFailed ? 0 : rungs[rung].epochs
        let isDone = epochs == 6
        var settings = [
            "optimiser.learning_rate.layers": "\(1e-6 * Double(1 + index * index))",
            "dropout.hidden": "\(0.3 * Double(index) / Double(count))",
            "tuning": index % 2 == 0 ? "full" : "lora",
        ]
        if index % 2 == 1 { settings["lora.rank"] = index % 4 == 1 ? "4" : "16" }
        return SweepRecord.Trial(
            id: "\(0xa000_0000 + UInt64(index) * 0x12_3457)".suffix(8).description,
            state: isFailed ? .failed : isDone ? .done : .stopped, settings: settings,
            runs: seeds.map { sampleSeedRun(seed: $0, worse: index, epochs: epochs, isDone: isDone) }, rung: rung)
    }
    return SweepRecord(
        name: "sample", criterion: .meanCCC, dimensions: ["activation", "valence"], epochs: 6,
        parameters: [
            .init(key: "optimiser.learning_rate.layers", scale: .logarithmic),
            .init(key: "dropout.hidden", scale: .linear),
            .init(key: "tuning", scale: .categorical(["full", "lora"])),
            .init(key: "lora.rank", scale: .categorical(["4", "16"])),
        ],
        rungs: rungs, trials: trials,
        best: seeds.map { seed in
            var run = sampleRun("seed-\(seed)", testCCC: 0.5 + 0.02 * Double(seed))
            var result = run.result
            result.seed = seed
            run = RunRecord(
                name: run.name, configuration: run.configuration, epochs: run.epochs, result: result,
                predictions: run.predictions)
            return run
        })
}

/// A seed's CCC is the better the higher the seed and the fewer the trials before it.
private func sampleSeedRun(seed: UInt64, worse: Int, epochs: Int, isDone: Bool) -> SweepRecord.SeedRun {
    func scores(_ epoch: Int) -> Scores {
        let ccc = 0.3 + 0.05 * Double(epoch) + 0.02 * Double(seed) - 0.01 * Double(worse)
        return Scores(ccc: ccc, pearson: ccc, rmse: 0.2, mae: 0.1, count: 12)
    }
    let metrics = (1...max(1, epochs)).prefix(epochs).map { epoch in
        EpochMetrics(
            epoch: epoch, step: 5 * epoch, trainLoss: 1 / Double(epoch), learningRates: [:],
            development: ["activation": scores(epoch), "valence": scores(epoch)], secondsTraining: 8 + Double(worse),
            secondsEvaluating: 1, framesPerSecond: 2000, gradientNorm: 2, isBest: true)
    }
    return SweepRecord.SeedRun(seed: seed, epochs: metrics, result: isDone ? sampleRun().result : nil)
}
