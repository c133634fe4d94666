import Foundation
import Pipelines
import Runs
import Study
import Testing

/// A study's plan, and under GNU Make itself, with stand-ins for the programs: see `Workshop`.
@Suite struct StudyMakeTests {
    static let study =
        Workshop.pipeline.replacing("cuts: [9], ", with: "").replacing("train: {", with: "train: {epochs: 1, ") + """
            seeds: [0, 1]
            study: {layers: [3], lora_ranks: [4], stores: [float16, int8]}

            """
    /// Full and the last three in two precisions, adapters, heads; the last three and heads from each of two stores.
    static let setUps = [
        "full-float32", "full-bfloat16", "top-3-float32", "top-3-bfloat16", "lora-4-bfloat16", "heads-bfloat16",
        "top-3-bfloat16-cached-float16", "heads-bfloat16-cached-float16", "top-3-bfloat16-cached-int8",
        "heads-bfloat16-cached-int8",
    ]

    @Test func theStudyHasItsSetUpsWithEverySeed() throws {
        let workshop = try Workshop(pipeline: Self.study)
        let study = try #require(try workshop.plan().study)
        #expect(study.members.map(\.setUp.name) == Self.setUps)
        #expect(
            study.caches.map { "\($0.cut) \($0.store) \($0.compute)" } == [
                "9 float16 bfloat16", "12 float16 bfloat16", "9 int8 bfloat16", "12 int8 bfloat16",
            ])
        #expect(Set(study.caches.map(\.folder)).count == 4)
        #expect(study.members.allSatisfy { $0.runs.map(\.directory.last) == ["0", "1"] })
        for (member, expected) in zip(
            study.members,
            [
                ("all", "full"), ("all", "full"), ("3", "full"), ("3", "full"), ("all", "lora"), ("0", "full"),
            ])
        {
            let text = member.runs[0].configuration.content
            #expect(text.contains("\nlayers: \(expected.0)\n") && text.contains("\ntuning: \(expected.1)\n"))
            #expect(text.contains("\ncompute: \(member.setUp.compute)\n") && member.cache == nil)
        }
        let adapters = study.members[4].runs[1].configuration.content
        #expect(adapters.contains("\nseed: 1\n") && adapters.contains("rank: 4") && adapters.contains("alpha: 4"))
    }

    /// But for what makes the set-up, all of them have one configuration.
    @Test func onlyTheSetUpDiffers() throws {
        let study = try #require(try Workshop(pipeline: Self.study).plan().study)
        let own = ["layers:", "tuning:", "compute:", "  rank:", "  alpha:", "#"]
        let rest = Set(
            study.members.map { member in
                member.runs[0].configuration.content.split(separator: "\n").filter { line in
                    !own.contains { line.hasPrefix($0) }
                }
            })
        #expect(rest.count == 1)
    }

    @Test func makesEverythingOnceOneAtATimeAndThenNothing() throws {
        let workshop = try Workshop(pipeline: Self.study)
        try workshop.writePlan()
        let (process, pipe) = try workshop.start(
            ["-j8", "paper"], environment: ["PATH": try workshop.withCores(6), "EPOCH_SECONDS": "0.02"])
        let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "\(output)")
        #expect(workshop.log.count { $0 == "cache all" } == 4 && workshop.log.count { $0 == "train anew" } == 20)
        #expect(workshop.log.last == "paper" && workshop.exists("build/x/paper/report.html"))
        #expect(!workshop.exists("overlaps"), "runs that are timed shared the machine")
        // Each has all of it, whatever -j says.
        #expect(Set(try workshop.text(of: "threads").split(separator: "\n")) == ["threads 6"])
        try workshop.writePlan()
        #expect(try workshop.make("-q", "paper").code == 0)
    }

    @Test func aFailureLeavesTheOthersUnderKAndIsGoneOnWith() throws {
        let workshop = try Workshop(pipeline: Self.study)
        try workshop.writePlan()
        try workshop.write("65", to: "build/x/paper/lora-4-bfloat16/fail")
        #expect(try workshop.make("-k", "paper").code != 0)
        #expect(workshop.log.count { $0 == "train anew" } == 18 && !workshop.log.contains("paper"))
        try workshop.remove("build/x/paper/lora-4-bfloat16/fail")
        #expect(try workshop.make("paper").code == 0)
        #expect(workshop.log == ["train anew", "train anew", "paper"])
    }

    @Test func anotherRankTrainsThatOneAlone() throws {
        let workshop = try Workshop(pipeline: Self.study)
        try workshop.writePlan()
        #expect(try workshop.make("paper").code == 0)
        try workshop.write(Self.study.replacing("lora_ranks: [4]", with: "lora_ranks: [8]"), to: "x.yaml")
        try workshop.writePlan()
        // Seen from elsewhere, everything is missing, up to the page.
        #expect(Explanation(try workshop.plan()).entries.last?.kind == .paper)
        #expect(try workshop.make("paper").code == 0)
        #expect(workshop.log == ["train anew", "train anew", "paper"])
    }

    /// What an earlier version made is not made again: names and settings of caches of a row per frame are what they were before there
    /// was a choice.
    @Test func cachesKeepTheirNames() throws {
        let study = try #require(try Workshop(pipeline: Self.study).plan().study)
        #expect(study.caches[0].folder == "build/x/paper/cache-9-float16-605e79e6")
        #expect(study.caches[0].settings.path == "build/x/paper/cache-9-float16-605e79e6.settings")
        #expect(
            study.caches[0].settings.content == """
                corpus: corpus/manifest.csv
                model: random:wav2vec2-base?seed=0
                cuts: 9
                shards: 3
                store: float16
                compute: bfloat16
                max_rejects: 0

                """)
    }

    static let pooled = study.replacing("int8]", with: "int8], pools: [1, 2]")

    @Test func poolsAreTriedFromTheFirstStore() throws {
        let plain = try #require(try Workshop(pipeline: Self.study).plan().study)
        let plan = try Workshop(pipeline: Self.pooled).plan()
        let study = try #require(plan.study)
        #expect(Array(study.members.prefix(10)) == plain.members && study.caches.prefix(4) == plain.caches[...])
        #expect(
            study.members.dropFirst(10).map(\.setUp.name) == [
                "top-3-bfloat16-cached-float16-pool2", "heads-bfloat16-cached-float16-pool2",
            ])
        let added = study.caches.dropFirst(4)
        #expect(
            added.map { "\($0.cut) \($0.store) \($0.pool) \($0.compute)" } == [
                "9 float16 2 bfloat16", "12 float16 2 bfloat16",
            ])
        for cache in added {
            #expect(cache.folder.contains("/cache-\(cache.cut)-float16-pool2-"))
            #expect(cache.settings.content.hasSuffix("\ncompute: bfloat16\npool: 2\nmax_rejects: 0\n"))
            let said = "--cut \(cache.cut) --shards 3 --store float16 --pool 2 --compute bfloat16 "
            #expect(plan.makeRules.contains(said))
        }
        #expect(plan.makeRules.contains("--cut 9 --shards 3 --store int8 --pool 1 --compute bfloat16 "))
    }

    /// The first pool takes the place of a row per frame, wherever that stands.
    @Test(
        arguments: [
            ("[2]", ["float16-pool2", "int8-pool2"]), ("[2, 1]", ["float16-pool2", "int8-pool2", "float16"]),
            ("[1, 4, 2]", ["float16", "int8", "float16-pool4", "float16-pool2"]),
        ])
    func everyStoreIsTriedWithTheFirstPool(pools: String, caches: [String]) throws {
        let text = Self.study.replacing("int8]", with: "int8], pools: \(pools)")
        let setUps = try #require(try Pipeline(yaml: text, source: "x.yaml").study).setUps
        #expect(
            setUps.filter(\.isCached).map(\.name)
                == caches.flatMap { ["top-3-bfloat16-cached-\($0)", "heads-bfloat16-cached-\($0)"] })
    }

    @Test func anotherPoolLeavesWhatIsTrained() throws {
        let workshop = try Workshop(pipeline: Self.study)
        try workshop.writePlan()
        #expect(try workshop.make("paper").code == 0)
        try workshop.write(Self.pooled, to: "x.yaml")
        try workshop.writePlan()
        #expect(try workshop.make("paper").code == 0)
        let log = workshop.log
        #expect(log.count { $0 == "cache all" } == 2 && log.count { $0 == "train anew" } == 4, "\(log)")
        #expect(log.count == 7 && log.last == "paper", "\(log)")
    }

    @Test func aModelTooSmallForItIsNamed() throws {
        let pipeline = try Pipeline(yaml: Self.study, source: "x.yaml")
        let error = #expect(throws: PlanError.self) {
            try Plan(pipeline, source: .init(path: "x.yaml")) { _ in 3 }
        }
        #expect(error == .tooManyLayers(3, of: 3, model: "random:wav2vec2-base?seed=0") && error?.kind == .usage)
    }
}
