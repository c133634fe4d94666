import Foundation
import Pipelines
import Runs
import Testing

/// How far a sweep is, told from run directories that are made up here as training would leave them.
@Suite struct SweepProgressTests {
    /// Four points with two seeds: eight trials see epoch 1, four of them epoch 2, two all four epochs.
    private final class Sweep {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("progress-\(UUID().uuidString)").path
        let plan: Plan

        init(metric: String = "ccc", halving: String = "halving: {eta: 2, min_epochs: 1}") throws {
            plan = try Self.plan(metric: metric, halving: halving, build: path)
        }

        static func plan(metric: String = "ccc", halving: String, build: String) throws -> Plan {
            let pipeline = try Pipeline(
                yaml: """
                    name: x
                    corpus: m.csv
                    model: random:tiny
                    labels: [a]
                    train: {epochs: 4, best_metric: \(metric)}
                    seeds: [0, 1]
                    sweep: {space: {optimiser.learning_rate.heads: [0.01, 0.02, 0.03, 0.04]}, \(halving)}

                    """, source: "x.yaml")
            return try Plan(pipeline, source: .init(path: "x.yaml"), build: build)
        }

        deinit { try? FileManager.default.removeItem(atPath: path) }

        func trial(_ point: Int, seed: Int) -> Trial { plan.trials[2 * point + seed] }

        /// Epochs with these scores, after those that there are.
        func train(_ trial: Trial, _ scores: Double..., configuration: TrainConfiguration? = nil) throws {
            let before = (try? trial.run.metrics().epochs.count) ?? 0
            if before == 0 { try trial.run.write(configuration ?? trial.trainConfiguration) }
            for (index, score) in scores.enumerated() {
                try trial.run.append(
                    EpochMetrics(
                        epoch: before + index + 1, step: before + index + 1, trainLoss: 1, learningRates: [:],
                        development: ["a": Scores(ccc: score, pearson: score, rmse: score, mae: score, count: 9)],
                        secondsTraining: 1, secondsEvaluating: 1, framesPerSecond: 1, gradientNorm: 1, isBest: false))
            }
        }

        func pass(_ trial: Trial, rung: Int) throws { try write("", to: trial.stamp(rung: rung)) }

        func admit(_ points: [Int], to rung: Int) throws {
            let lines = points.flatMap { point in [0, 1].map { "\(trial(point, seed: $0).directory)\n" } }
            try write(lines.joined(), to: try #require(plan.rungs[rung].admission))
        }

        func write(_ text: String, to path: String) throws {
            let url = URL(filePath: path)
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: url)
        }
    }

    @Test func nothingIsDoneBeforeItBegins() throws {
        let sweep = try Sweep()
        var progress = SweepProgress(sweep.plan), events: [SweepProgress.Event] = []
        // Eight times one epoch, four times one more, two times two more.
        #expect(progress.epochsTotal == 8 + 4 + 2 * 2)
        events = progress.look()
        #expect(events.isEmpty)
        #expect(progress.epochsDone == 0 && progress.runningCount == 0 && progress.best == nil)
        #expect(try SweepProgress(Sweep(halving: "seed: 0, trials: 3").plan).epochsTotal == 3 * 2 * 4)
    }

    @Test func epochsAndTheBestScoreAreThoseOfAllTrialsTogether() throws {
        let sweep = try Sweep()
        var progress = SweepProgress(sweep.plan), events: [SweepProgress.Event] = []
        try sweep.train(sweep.trial(0, seed: 0), 0.1, 0.4)
        try sweep.train(sweep.trial(2, seed: 1), 0.3)
        events = progress.look()
        #expect(events.isEmpty, "no rung is passed yet")
        #expect(progress.epochsDone == 3 && progress.best?.score == 0.4)
        #expect(progress.best?.trial == sweep.trial(0, seed: 0))
        try sweep.train(sweep.trial(2, seed: 1), 0.5)
        events = progress.look()
        #expect(progress.epochsDone == 4 && progress.best?.score == 0.5)
        #expect(progress.best?.trial == sweep.trial(2, seed: 1))
        // A later, worse epoch does not take the best away.
        try sweep.train(sweep.trial(2, seed: 1), 0.2)
        events = progress.look()
        #expect(progress.epochsDone == 5 && progress.best?.score == 0.5)
    }

    @Test func lessIsBetterWhereItIs() throws {
        let sweep = try Sweep(metric: "rmse")
        var progress = SweepProgress(sweep.plan)
        try sweep.train(sweep.trial(0, seed: 0), 0.4)
        try sweep.train(sweep.trial(1, seed: 0), 0.1)
        try sweep.train(sweep.trial(3, seed: 1), 0.2)
        _ = progress.look()
        #expect(progress.best?.score == 0.1 && progress.best?.trial == sweep.trial(1, seed: 0))
    }

    @Test func whatIsBeingTrainedIsRunning() throws {
        let sweep = try Sweep()
        var progress = SweepProgress(sweep.plan)
        for trial in [sweep.trial(0, seed: 0), sweep.trial(3, seed: 1)] { try sweep.train(trial, 0.1) }
        let first = try sweep.trial(0, seed: 0).run.lock(onWait: {}, shouldStop: { true })
        let second = try sweep.trial(3, seed: 1).run.lock(onWait: {}, shouldStop: { true })
        _ = progress.look()
        #expect(progress.runningCount == 2)
        _ = consume second
        _ = progress.look()
        #expect(progress.runningCount == 1 && progress.epochsDone == 2)
        _ = consume first
        _ = progress.look()
        #expect(progress.runningCount == 0 && progress.epochsDone == 2)
    }

    @Test func eachRungIsToldOnceWithTheScoreThatItHadThere() throws {
        let sweep = try Sweep()
        var progress = SweepProgress(sweep.plan), events: [SweepProgress.Event] = []
        let trial = sweep.trial(1, seed: 0)
        try sweep.train(trial, 0.2)
        try sweep.pass(trial, rung: 0)
        events = progress.look()
        #expect(events == [.init(trial: trial, epochs: 1, score: 0.2, isFailed: false)])
        events = progress.look()
        #expect(events.isEmpty)
        // Its second epoch is none of the rung's that it has passed; of one that was not let in, the stamp says nothing.
        try sweep.train(trial, 0.6)
        try sweep.pass(trial, rung: 1)
        try sweep.admit([0], to: 1)
        events = progress.look()
        #expect(events.isEmpty)
        // Between two looks it is let in, passes two rungs, and goes on.
        try sweep.admit([1], to: 1)
        try sweep.admit([1], to: 2)
        try sweep.train(trial, 0.1, 0.7)
        try sweep.pass(trial, rung: 2)
        events = progress.look()
        #expect(
            events == [
                .init(trial: trial, epochs: 2, score: 0.6, isFailed: false),
                .init(trial: trial, epochs: 4, score: 0.7, isFailed: false),
            ])
        #expect(progress.epochsDone == 4)
    }

    /// A trial that could not be trained counts as done to the end of its rung: nothing is left of it to wait for.
    @Test func aFailedTrialIsToldAndWaitedForNoMore() throws {
        let sweep = try Sweep()
        var progress = SweepProgress(sweep.plan), events: [SweepProgress.Event] = []
        let trial = sweep.trial(0, seed: 1)
        try trial.run.write(trial.trainConfiguration)
        try sweep.pass(trial, rung: 0)
        events = progress.look()
        #expect(events == [.init(trial: trial, epochs: 0, score: nil, isFailed: true)])
        #expect(progress.epochsDone == 1 && progress.best == nil)
    }

    @Test func whatOtherSettingsLeftIsNotCounted() throws {
        let sweep = try Sweep()
        var progress = SweepProgress(sweep.plan), events: [SweepProgress.Event] = []
        let trial = sweep.trial(0, seed: 0)
        var other = trial.trainConfiguration
        other.epochs = 9
        try sweep.train(trial, 0.9, configuration: other)
        try sweep.pass(trial, rung: 0)
        events = progress.look()
        #expect(events.isEmpty && progress.epochsDone == 0 && progress.best == nil)
    }

    /// Old and new runs lie side by side while a sweep is made again by another criterion.
    @Test func whatIsByAnotherCriterionIsSummedUpAsNotBegun() throws {
        let sweep = try Sweep(metric: "rmse")
        for seed in [0, 1] {
            let (before, now) = (sweep.trial(0, seed: seed), sweep.trial(1, seed: seed))
            var other = before.trainConfiguration
            other.bestMetric = .meanCCC
            try sweep.train(before, 0.9, 0.9, 0.9, 0.9, configuration: other)
            try sweep.train(now, 0.25)
            for trial in [before, now] { try sweep.pass(trial, rung: 0) }
        }
        let rows = try SweepSummary(sweep.plan).rows
        let before = try #require(rows.first { $0.trial == sweep.trial(0, seed: 0).id })
        #expect(before.state == .unfinished && before.epochs == 0 && before.score == nil && before.rung == nil)
        let now = try #require(rows.first { $0.trial == sweep.trial(1, seed: 0).id })
        #expect(now.state == .unfinished && now.epochs == 1 && now.score == 0.25 && now.rung == 0)
    }

    /// Trials that fall short of new rungs have not failed: they are asked again.
    @Test func whatOtherRungsLeftSaysNothing() throws {
        let sweep = try Sweep()
        try sweep.plan.writeStamps()
        for point in 0..<4 {
            for trial in [sweep.trial(point, seed: 0), sweep.trial(point, seed: 1)] {
                try sweep.train(trial, 0.3)
                if point < 2 { try sweep.train(trial, 0.4) }
                for rung in 0..<2 { try sweep.pass(trial, rung: rung) }
            }
        }
        try sweep.admit([0, 1], to: 1)
        #expect(try SweepSummary(sweep.plan).counts == "2 stopped early, 2 not finished")

        let changed = try Sweep.plan(halving: "halving: {eta: 2, min_epochs: 2}", build: sweep.path)
        #expect(try SweepSummary(changed).counts == "4 not finished", "before it is planned")
        Thread.sleep(forTimeInterval: 0.02)
        try changed.writeStamps()
        #expect(try SweepSummary(changed).counts == "4 not finished", "and after")
        var progress = SweepProgress(changed), events: [SweepProgress.Event] = []
        events = progress.look()
        #expect(events.isEmpty && progress.epochsDone == 12)

        for point in 2..<4 {
            for seed in [0, 1] { try sweep.train(sweep.trial(point, seed: seed), 0.3) }
        }
        for trial in changed.trials { try sweep.write("again", to: trial.stamp(rung: 0)) }
        events = progress.look()
        #expect(events.map(\.epochs) == Array(repeating: 2, count: 8))
        #expect(try SweepSummary(changed).counts == "4 not finished", "nobody knows yet who goes on")
        try sweep.admit([0, 1], to: 1)
        #expect(try SweepSummary(changed).counts == "2 stopped early, 2 not finished")
    }

    /// A file that is being replaced at this moment, or that a power cut damaged, is read at the next look.
    @Test func whatCannotBeReadNowIsReadLater() throws {
        let sweep = try Sweep()
        var progress = SweepProgress(sweep.plan)
        let trial = sweep.trial(0, seed: 0)
        try sweep.train(trial, 0.3)
        _ = progress.look()
        let sound = try String(contentsOfFile: trial.run.configurationPath, encoding: .utf8)
        try sweep.write("epochs: [", to: trial.run.configurationPath)
        try sweep.train(trial, 0.4)
        _ = progress.look()
        #expect(progress.epochsDone == 1 && progress.best?.score == 0.3)
        try sweep.write(sound, to: trial.run.configurationPath)
        _ = progress.look()
        #expect(progress.epochsDone == 2 && progress.best?.score == 0.4)
    }
}
