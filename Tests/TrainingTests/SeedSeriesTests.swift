import Faults
import Foundation
import Runs
import Testing

@testable import Training

/// Several seeds in one call.
@Suite struct SeedSeriesTests {
    private func series(
        _ cache: SyntheticCache, _ configuration: TrainConfiguration, resume: Bool = false, untilEpoch: Int? = nil,
        isInterrupted: @escaping () -> Bool = { false }
    ) throws -> SeedSeries {
        let settings = try cache.stage("series", configuration, resume: resume, untilEpoch: untilEpoch).settings
        return SeedSeries(
            settings, seeds: try #require(configuration.seeds), report: { _ in }, isInterrupted: isInterrupted)
    }

    @Test func eachIsTheRunOfItsSeedAndTheSummaryTheirSpread() throws {
        let cache = try SyntheticCache()
        let configuration = try SyntheticCache.configuration(["epochs=2", "seeds=[4, 9, 2]"])
        let summary = try series(cache, configuration).run()
        let directory = RunDirectory(path: cache.run("series"))
        #expect(try directory.seedSummary() == summary)
        #expect(summary.seeds == [4, 9, 2] && summary.runs == ["seed-4", "seed-9", "seed-2"])
        _ = try cache.stage("alone", try SyntheticCache.configuration(["epochs=2", "seed=9"])).run()
        for file in ["best.safetensors", "predictions-test1.csv", "config.yaml"] {
            #expect(try cache.bytes("series/seed-9", file) == cache.bytes("alone", file))
        }
        let values = try [4, 9, 2].map {
            try RunDirectory(path: cache.run("series/seed-\($0)")).result().scores["test1"]!["valence"]!.ccc
        }
        let spread = try #require(summary.scores["test1"]?["valence"]?["ccc"])
        let mean = values.reduce(0, +) / 3
        #expect(spread.values == values && abs(spread.mean - mean) < 1e-15)
        let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 2
        #expect(abs(try #require(spread.deviation) - variance.squareRoot()) < 1e-15)
    }

    @Test func goesOnWhereItStopped() throws {
        let cache = try SyntheticCache()
        let configuration = try SyntheticCache.configuration(["epochs=2", "seeds=[1, 2]"])
        _ = try series(cache, configuration).run()
        let whole = try ["seed-1", "seed-2"].map { try cache.bytes("series/\($0)", "best.safetensors") }
        let first = try cache.bytes("series/seed-1", "result.json")
        try FileManager.default.removeItem(atPath: "\(cache.run("series"))/seed-2")
        var asked = 0
        let fault = #expect(throws: TrainingError.self) {
            try series(cache, configuration, resume: true) {
                asked += 1
                return asked == 12
            }.run()
        }
        #expect(fault == .interrupted(path: "\(cache.run("series"))/seed-2/state"))
        #expect(!FileManager.default.fileExists(atPath: "\(cache.run("series"))/seeds.json"))
        _ = try series(cache, configuration, resume: true).run()
        #expect(try ["seed-1", "seed-2"].map { try cache.bytes("series/\($0)", "best.safetensors") } == whole)
        #expect(try cache.bytes("series/seed-1", "result.json") == first, "what was done is not done again")
        // Without a word, what is there is left alone, all of it.
        let summary = try cache.bytes("series", "seeds.json")
        #expect(throws: TrainingError.self) { try series(cache, configuration).run() }
        let other = try SyntheticCache.configuration(["epochs=1", "seeds=[1, 2]"])
        #expect(throws: TrainingError.self) { try series(cache, other, resume: true).run() }
        #expect(try cache.bytes("series", "seeds.json") == summary)
        #expect(try RunDirectory(path: cache.run("series")).configuration() == configuration)
        // A seed more is a run more.
        let more = try SyntheticCache.configuration(["epochs=2", "seeds=[1, 2, 3]"])
        #expect(try series(cache, more, resume: true).run().seeds == [1, 2, 3])
        #expect(try cache.bytes("series/seed-1", "result.json") == first)
    }

    /// Every seed stops at the epoch, and goes on from there.
    @Test func stopsAtAnEpochWithEverySeed() throws {
        let cache = try SyntheticCache()
        let configuration = try SyntheticCache.configuration(["epochs=3", "seeds=[1, 2]"])
        _ = try series(cache, configuration).run()
        let whole = try ["seed-1", "seed-2"].map { try cache.bytes("series/\($0)", "best.safetensors") }
        let directory = RunDirectory(path: cache.run("series"))
        try FileManager.default.removeItem(atPath: directory.path)
        #expect(throws: EpochReached(epoch: 2)) { try series(cache, configuration, untilEpoch: 2).run() }
        for seed: UInt64 in [1, 2] {
            #expect(try directory.seedRun(seed).metrics().epochs.map(\.epoch) == [1, 2])
            #expect(!FileManager.default.fileExists(atPath: directory.seedRun(seed).resultPath))
        }
        #expect(!FileManager.default.fileExists(atPath: directory.seedsPath))
        #expect(try series(cache, configuration, resume: true, untilEpoch: 3).run().seeds == [1, 2])
        #expect(try ["seed-1", "seed-2"].map { try cache.bytes("series/\($0)", "best.safetensors") } == whole)
    }

    /// A folder holds a run, or the runs of several seeds, and says which.
    @Test func oneSeedAndSeveralAreNotMixedUp() throws {
        let cache = try SyntheticCache()
        let one = try SyntheticCache.configuration(["epochs=1"])
        let several = try SyntheticCache.configuration(["epochs=1", "seeds=[1, 2]"])
        _ = try series(cache, several).run()
        let fault = #expect(throws: TrainingError.self) { try cache.stage("series", one, replace: true).run() }
        #expect(fault?.kind == .usage && fault?.description.contains("holds runs of several seeds") == true)
        let unread = #expect(throws: RunError.self) { try RunDirectory(path: cache.run("series")).result() }
        #expect(unread?.description.contains("give those, \(cache.run("series"))/seed-*") == true)
        try FileManager.default.removeItem(atPath: cache.run("series"))
        _ = try cache.stage("series", one).run()
        #expect(throws: TrainingError.self) { try series(cache, several).run() }
    }

    @Test func scoresThatAreNotDefinedAreLeftOut() throws {
        let spread = SeedSummary.Spread([1, .nan, 3])
        #expect(spread.mean == 2 && spread.deviation == 2.0.squareRoot())
        #expect(SeedSummary.Spread([5]).deviation == nil)
        let read = try JSONDecoder().decode(SeedSummary.Spread.self, from: JSONEncoder().encode(spread))
        #expect(read.values.map { $0.isNaN } == [false, true, false] && read.mean == 2)
    }
}
