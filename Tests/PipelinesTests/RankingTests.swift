import Foundation
import Pipelines
import Runs
import Testing

@Suite struct RankingTests {
    /// Runs by `<trial>/seed-<n>`, with a CCC for each epoch.
    private final class Runs {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("rank-\(UUID().uuidString)").path

        deinit { try? FileManager.default.removeItem(atPath: path) }

        /// The folder of a series, with none of its runs.
        func add(_ name: String, seeds: [UInt64]) throws -> String {
            let run = RunDirectory(path: "\(path)/\(name)")
            var configuration = TrainConfiguration(labels: [.init(name: "a")])
            configuration.seeds = seeds
            try run.write(configuration)
            return run.path
        }

        func add(_ name: String, _ scores: [Double], isFinished: Bool = false, metric: String = "ccc") throws -> String
        {
            let run = RunDirectory(path: "\(path)/\(name)")
            try run.create()
            var configuration = TrainConfiguration(labels: [.init(name: "a")])
            configuration.bestMetric = try #require(BestCriterion(metric))
            try run.write(configuration)
            for (index, score) in scores.enumerated() {
                try run.append(
                    EpochMetrics(
                        epoch: index + 1, step: index, trainLoss: 1, learningRates: [:],
                        development: [
                            "a": Scores(ccc: score, pearson: score, rmse: score, mae: score, count: 9, intervals: [:])
                        ], secondsTraining: 1, secondsEvaluating: 1, framesPerSecond: 1, gradientNorm: 1,
                        isBest: false))
            }
            if isFinished { try Data("{}".utf8).write(to: URL(fileURLWithPath: run.resultPath)) }
            return run.path
        }
    }

    private func ids(_ directories: [String]) -> [String] {
        directories.map { $0.split(separator: "/").suffix(2).joined(separator: "/") }
    }

    @Test func theBestEpochSoFarCountsAndLaterOnesDoNot() throws {
        let runs = Runs()
        let given = [
            try runs.add("a/seed-0", [0.3, 0.1, 0.9]), try runs.add("b/seed-0", [0.2, 0.4]),
            try runs.add("c/seed-0", [0.1, 0.35, 0.0]),
        ]
        #expect(ids(try Ranking(given, epoch: 2).best()) == ["b/seed-0", "c/seed-0", "a/seed-0"])
        #expect(ids(try Ranking(given, epoch: 2).best(1)) == ["b/seed-0"])
        #expect(ids(try Ranking(given, epoch: 1).best(1)) == ["a/seed-0"])
        // What has not come so far is left out.
        #expect(ids(try Ranking(given, epoch: 3).best()) == ["a/seed-0", "c/seed-0"])
    }

    /// One that came to its end, under other rungs say, is no better for what it reached later.
    @Test func ofAFinishedRunLaterEpochsDoNotCountEither() throws {
        let runs = Runs()
        let given = [
            try runs.add("a/seed-0", [0.1, 0.2, 0.9], isFinished: true), try runs.add("b/seed-0", [0.3]),
        ]
        #expect(ids(try Ranking(given, epoch: 1).best()) == ["b/seed-0", "a/seed-0"])
    }

    /// What an earlier configuration left is not compared with what is there of this one.
    @Test func runsByAnotherCriterionThanIsAskedForHaveNotBegun() throws {
        let runs = Runs()
        let given = [
            try runs.add("a/seed-0", [0.9], isFinished: true, metric: "rmse"),
            try runs.add("b/seed-0", [0.2], isFinished: true), try runs.add("c/seed-0", [0.1]),
        ]
        let ranking = try Ranking(given, criterion: .meanCCC)
        #expect(ids(try ranking.best()) == ["b/seed-0"])
        #expect(ranking.entries.map(\.id) == ["b", "c", "a"])
        #expect(ranking.entries.map(\.isOutdated) == [false, false, true])
        #expect(ranking.entries[2].epochs == 0 && ranking.entries[2].score == nil)
    }

    /// The folder of a series of seeds stands for its runs, of which some may not have begun.
    @Test func aSeriesOfSeedsIsOneTrial() throws {
        let runs = Runs()
        let given = [
            try runs.add("a", seeds: [4, 9]), try runs.add("b/seed-0", [0.6], isFinished: true),
            try runs.add("c", seeds: [1, 2]),
        ]
        for (name, score) in [("a/seed-4", 0.5), ("a/seed-9", 0.9), ("c/seed-1", 0.99)] {
            _ = try runs.add(name, [score], isFinished: true)
        }
        let ranking = try Ranking(given)
        #expect(ranking.entries.map(\.id) == ["a", "b", "c"])
        #expect(ids(try ranking.best()) == ["a/seed-4", "a/seed-9", "b/seed-0"])
    }

    @Test func seedsCountByTheirMeanAndGoOnTogether() throws {
        let runs = Runs()
        let given = [
            try runs.add("a/seed-0", [0.9]), try runs.add("a/seed-1", [0.1]), try runs.add("b/seed-0", [0.6]),
            try runs.add("b/seed-1", [0.7]), try runs.add("c/seed-0", [0.99]), try runs.add("c/seed-1", []),
        ]
        let ranking = try Ranking(given, epoch: 1)
        #expect(ids(try ranking.best(1)) == ["b/seed-0", "b/seed-1"])
        #expect(ranking.entries.map(\.id) == ["b", "a", "c"])
        #expect(abs((ranking.entries[0].deviation ?? 0) - 0.0707106781) < 1e-9)
        #expect(ranking.entries[2].score == nil)
    }

    @Test func ofEqualOnesTheFirstAndALossIsBetterWhenSmall() throws {
        let runs = Runs()
        let equal = [try runs.add("z/seed-0", [0.5]), try runs.add("y/seed-0", [0.5])]
        #expect(ids(try Ranking(equal, epoch: 1).best(1)) == ["z/seed-0"])
        let errors = [
            try runs.add("p/seed-0", [0.5, 0.7], metric: "rmse"), try runs.add("q/seed-0", [0.4, 0.9], metric: "rmse"),
        ]
        #expect(ids(try Ranking(errors, epoch: 2).best(1)) == ["q/seed-0"])
        #expect(throws: RankingError.self) { try Ranking(equal + errors, epoch: 1) }
    }

    @Test func atTheEndOnlyFinishedRunsCount() throws {
        let runs = Runs()
        let given = [
            try runs.add("a/seed-0", [0.9]), try runs.add("b/seed-0", [0.2, 0.3], isFinished: true),
            try runs.add("c/seed-0", [.nan, .nan], isFinished: true), "\(runs.path)/d/seed-0",
        ]
        let ranking = try Ranking(given)
        #expect(ids(try ranking.best()) == ["b/seed-0"])
        #expect(ranking.entries.map(\.id) == ["b", "c", "a", "d"])
        // One that stopped early, for want of patience, has come to its end.
        #expect(ids(try Ranking(given, epoch: 5).best()) == ["b/seed-0"])
        let error = #expect(throws: RankingError.self) { try Ranking([given[0], given[3]]).best() }
        #expect(error?.description.hasPrefix("none of 2 trials") == true)
    }
}
