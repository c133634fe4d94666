import Foundation
import Pipelines
import Testing

/// What a Make user expects, tried with GNU Make itself on the generated rules.
@Suite struct MakeTests {
    static let everything = [
        "cache 0", "compute 0", "cache 1", "compute 1", "cache 2", "compute 2", "cache all", "train anew",
    ]

    /// A workshop in which everything is made and up to date.
    private func finished(_ pipeline: String = Workshop.pipeline) throws -> Workshop {
        let workshop = try Workshop(pipeline: pipeline)
        try workshop.writePlan()
        let (code, output) = try workshop.make("report")
        try #require(code == 0, "\(output)")
        return workshop
    }

    @Test func makesEverythingOnceAndThenNothing() throws {
        let workshop = try finished()
        #expect(workshop.log == Self.everything + ["report --title=It's $5"])
        #expect(workshop.exists("build/x/report.html"))
        try workshop.writePlan()
        #expect(try workshop.make("report").output.contains("Nothing to be done"))
        #expect(workshop.log.isEmpty)
        #expect(try workshop.make("-q", "report").code == 0)
    }

    @Test func shardsRunInParallelBeforeWhatNeedsThem() throws {
        let workshop = try Workshop()
        try workshop.writePlan()
        #expect(try workshop.make("-j4", "train", "WORKERS=2").code == 0)
        let log = workshop.log.filter { !$0.hasPrefix("workers") }
        #expect(Set(log) == Set(Self.everything))
        #expect(log.suffix(2) == ["cache all", "train anew"])
        #expect(workshop.log.filter { $0 == "workers 2" }.count == 4)
    }

    /// Shards side by side share the machine, unless it is said how.
    @Test(arguments: [("-j2", 6), ("-j3", 4), ("-j8", 4)]) func shardsSideBySideShareTheMachine(
        jobs: String, share: Int
    ) throws {
        let workshop = try Workshop()
        try workshop.writePlan()
        let (process, pipe) = try workshop.start(
            [jobs, "cache"], environment: ["PATH": try workshop.withCores(12)])
        _ = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        #expect(workshop.log.filter { $0.hasPrefix("workers") } == Array(repeating: "workers \(share)", count: 4))
    }

    @Test func dryRunSaysWhatAndDoesNothing() throws {
        let workshop = try Workshop()
        try workshop.writePlan()
        let (code, output) = try workshop.make("-n", "report")
        #expect(code == 0)
        #expect(workshop.log.isEmpty)
        for index in 0..<3 { #expect(output.contains("--only-shard \(index)")) }
        #expect(output.contains("bin/undertone-train --cache build/x/cache-"))
        #expect(output.contains("--title=It'\\''s $5"))
        #expect(!workshop.exists("build/x/runs/seed-0"))
    }

    @Test func anotherLearningRateTrainsAgainAndDoesNotCache() throws {
        let workshop = try finished()
        try workshop.write(Workshop.pipeline.replacing("1e-5", with: "2e-5"), to: "x.yaml")
        try workshop.writePlan()
        #expect(try workshop.make("train").code == 0)
        #expect(workshop.log == ["train anew"])
    }

    @Test func anotherTitleOnlyReports() throws {
        let workshop = try finished()
        try workshop.write(Workshop.pipeline.replacing("It's $5", with: "Other"), to: "x.yaml")
        try workshop.writePlan()
        try workshop.make("report")
        #expect(workshop.log == ["report --title=Other"])
    }

    @Test func anotherCutMakesAnotherCacheAndGoingBackFindsTheFirst() throws {
        let workshop = try finished()
        try workshop.write(Workshop.pipeline.replacing("cuts: [9]", with: "cuts: [6]"), to: "x.yaml")
        try workshop.writePlan()
        try workshop.make("train")
        #expect(workshop.log == Self.everything)
        try workshop.write(Workshop.pipeline, to: "x.yaml")
        try workshop.writePlan()
        try workshop.make("train")
        // The first cache is older than the run over the second: its age must not hide that the run is another's.
        #expect(workshop.log == ["train anew"])
    }

    @Test func anAddedUtteranceIsComputedAndTrainedOnAndThenAllIsQuiet() throws {
        let workshop = try finished()
        let manifest = try workshop.text(of: "corpus/manifest.csv")
        try workshop.write(manifest + "b,b.wav,train,s,0.7\n", to: "corpus/manifest.csv")
        try workshop.writePlan()
        try workshop.make("train")
        #expect(workshop.log == Self.everything)
        #expect(try workshop.make("-q", "train").code == 0)
    }

    @Test func aTouchedManifestComputesNothing() throws {
        let workshop = try finished()
        try workshop.write(try workshop.text(of: "corpus/manifest.csv"), to: "corpus/manifest.csv")
        try workshop.make("cache")
        #expect(workshop.log == ["cache 0", "cache 1", "cache 2", "cache all"])
        try workshop.make("cache")
        #expect(workshop.log.isEmpty)
    }

    @Test func aTouchedManifestTrainsNothingAgainAndThenAllIsQuiet() throws {
        let workshop = try finished()
        try workshop.write(try workshop.text(of: "corpus/manifest.csv"), to: "corpus/manifest.csv")
        try workshop.make("train")
        #expect(workshop.log.last == "train kept")
        #expect(try workshop.make("-q", "train").code == 0)
    }

    @Test func aLostShardAloneIsMadeAgain() throws {
        let workshop = try finished()
        let folder = try #require(
            try FileManager.default.contentsOfDirectory(atPath: "\(workshop.path)/build/x")
                .first { $0.hasPrefix("cache-") && !$0.hasSuffix(".settings") })
        try workshop.remove("build/x/\(folder)/shard-00001.h5")
        try workshop.make("cache")
        #expect(workshop.log == ["cache 1", "compute 1", "cache all"])
    }

    @Test func anInterruptedRunGoesOnButNotOverAnotherConfiguration() throws {
        let workshop = try Workshop()
        try workshop.writePlan()
        try workshop.write("", to: "stop")
        #expect(try workshop.make("train").code != 0)
        #expect(!workshop.exists("build/x/runs/seed-0/result.json"))
        #expect(try workshop.make("train").code != 0)
        #expect(workshop.log == ["train resumed"])

        try workshop.write(Workshop.pipeline.replacing("1e-5", with: "2e-5"), to: "x.yaml")
        try workshop.writePlan()
        try workshop.remove("stop")
        #expect(try workshop.make("train").code == 0)
        #expect(workshop.log == ["train anew"])
    }

    @Test func aMissingCorpusIsSaidByMake() throws {
        let workshop = try Workshop()
        try workshop.writePlan(corpus: "nowhere/manifest.csv")
        let (code, output) = try workshop.make("cache")
        #expect(code != 0)
        #expect(output.contains("No rule to make target 'nowhere/manifest.csv'"))
    }
}
