import Foundation
import Pipelines
import Testing

@Suite struct ExplanationTests {
    /// Of a plan whose paths are absolute, so that what is looked at lies in the workshop's folder.
    private func explain(_ workshop: Workshop) throws -> (text: String, plan: Plan) {
        let plan = try Plan(
            Pipeline(path: "\(workshop.path)/x.yaml", corpus: "\(workshop.path)/corpus/manifest.csv"),
            source: .init(path: "x.yaml"), build: "\(workshop.path)/build")
        return ("\(Explanation(plan))".replacing(workshop.path + "/", with: ""), plan)
    }

    /// Makes everything, by the clock alone.
    private func make(_ plan: Plan) throws {
        for stamp in plan.stamps { try touch(stamp.path, stamp.content) }
        for step in plan.steps { try touch(step.target, "made") }
    }

    private func touch(_ path: String, _ content: String) throws {
        let url = URL(fileURLWithPath: path)
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(content.utf8).write(to: url)
        Thread.sleep(forTimeInterval: 0.02)  // A tick of the file system's clock may be 10 ms.
    }

    @Test func beforeAnythingEverythingIsMissing() throws {
        let workshop = try Workshop()
        let (text, plan) = try explain(workshop)
        let cache = plan.caches[0].folder.replacing(workshop.path + "/", with: "")
        #expect(
            text == """
                \(cache)/shard-00000.h5 and 2 more: is not there
                \(cache)/cache.json: is not there
                build/x/runs/seed-0/result.json: is not there
                build/x/report.html: is not there
                to make: 6 of 6 files
                """)
        #expect(!workshop.exists("build"))
    }

    @Test func whatIsThereAndOlderThanNothingIsUpToDate() throws {
        let workshop = try Workshop()
        try make(try explain(workshop).plan)
        #expect(try explain(workshop).text == "everything is up to date")
    }

    @Test func anotherLearningRateIsNamed() throws {
        let workshop = try Workshop()
        try make(try explain(workshop).plan)
        try workshop.write(Workshop.pipeline.replacing("1e-5", with: "2e-5"), to: "x.yaml")
        #expect(
            try explain(workshop).text == """
                build/x/runs/seed-0/result.json: settings change: layers: 1e-05 → 2e-05
                build/x/report.html: build/x/runs/seed-0/result.json is made anew
                to make: 2 of 6 files
                """)
    }

    @Test func aTouchedManifestIsNewer() throws {
        let workshop = try Workshop()
        try make(try explain(workshop).plan)
        try workshop.write("changed", to: "corpus/manifest.csv")
        let text = try explain(workshop).text
        #expect(text.contains("/shard-00000.h5 and 2 more: corpus/manifest.csv is newer\n"), "\(text)")
        #expect(text.hasSuffix("to make: 6 of 6 files"))
    }

    /// As Make has it: a link is as new as what it leads to, and one that leads nowhere is not there.
    @Test func aLinkIsAsNewAsWhatItLeadsTo() throws {
        let workshop = try Workshop()
        let link = "\(workshop.path)/corpus/manifest.csv"
        try FileManager.default.moveItem(atPath: link, toPath: "\(workshop.path)/corpus/first.csv")
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "first.csv")
        try make(try explain(workshop).plan)
        #expect(try explain(workshop).text == "everything is up to date")
        try workshop.write("changed", to: "corpus/first.csv")
        let text = try explain(workshop).text
        #expect(text.contains("/shard-00000.h5 and 2 more: corpus/manifest.csv is newer\n"), "\(text)")
        try workshop.remove("corpus/first.csv")
        #expect(
            try explain(workshop).text.hasPrefix(
                "corpus/manifest.csv is not there, and this pipeline does not make it\n"))
    }

    @Test func aBegunRunGoesOnAndALostShardIsNamed() throws {
        let workshop = try Workshop()
        let plan = try explain(workshop).plan
        try make(plan)
        try FileManager.default.removeItem(atPath: plan.runs[0].result)
        let line = """
            {"epoch":1,"step":1,"train_loss":1,"learning_rates":{},"development":{},"seconds_training":1,\
            "seconds_evaluating":1,"frames_per_second":1,"gradient_norm":1,"is_best":true}\n
            """
        try touch("\(plan.runs[0].directory)/metrics.jsonl", line)
        #expect(try explain(workshop).text.contains("seed-0/result.json: was begun: goes on after epoch 1\n"))
        try FileManager.default.removeItem(atPath: plan.caches[0].shards[1])
        let text = try explain(workshop).text
        #expect(text.contains("/shard-00001.h5: is not there\n"))
        #expect(text.contains("/cache.json: ") && text.contains("shard-00001.h5 is made anew\n"))
    }

    @Test func anAbsentCorpusIsSaid() throws {
        let workshop = try Workshop()
        try workshop.remove("corpus/manifest.csv")
        #expect(
            try explain(workshop).text.hasPrefix(
                "corpus/manifest.csv is not there, and this pipeline does not make it\n"))
    }

    static let sweep =
        Workshop.pipeline.replacing("train: {", with: "train: {epochs: 4, ") + """
            seeds: [0, 1]
            sweep: {space: {optimiser.learning_rate.heads: [0.01, 0.02, 0.03, 0.04]}, halving: {eta: 2, min_epochs: 1}}

            """

    /// After files of any kind were touched or deleted and settings changed, at random: what it lists is what `make -n` would run.
    @Test(arguments: [Workshop.pipeline, sweep], 0..<12)
    func itSaysWhatMakeWouldRun(_ pipeline: String, seed: Int) throws {
        let workshop = try Workshop(pipeline: pipeline)
        let plan = try explain(workshop).plan
        // Everything made, each file a second after the one before.
        let made = [plan.corpus] + plan.stamps.map(\.path) + plan.steps.map(\.target)
        func set(_ path: String, second: Int) throws {
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSince1970: 1_000_000 + Double(second))], ofItemAtPath: path)
        }
        try plan.writeStamps()
        for (second, path) in made.enumerated() {
            if !FileManager.default.fileExists(atPath: path) {
                try workshop.write("made", to: path.replacing(workshop.path + "/", with: ""))
            }
            try set(path, second: second)
        }
        var state = UInt64(seed)
        func below(_ count: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % count
        }
        for change in 0..<below(4) {
            let path = made[below(made.count)]
            if below(2) == 0 || path == plan.corpus {
                if FileManager.default.fileExists(atPath: path) { try set(path, second: 100_000 + change) }
            } else {
                try? FileManager.default.removeItem(atPath: path)
            }
        }
        switch below(4) {
        case 0: try workshop.write(pipeline.replacing("1e-5", with: "2e-5"), to: "x.yaml")
        case 1: try workshop.write(pipeline.replacing("It's $5", with: "Other"), to: "x.yaml")
        default: break
        }

        let current = try explain(workshop).plan
        let said = Explanation(current).entries.map(\.target)
        try current.writeStamps()
        _ = try current.writeRules(to: "\(workshop.path)/build/x/rules.mk")
        let (code, output) = try workshop.make("-n", "--trace", "report")
        #expect(code == 0, "\(output)")
        // `update target 'x' due to: y`, or `target 'x' does not exist`; once for each line of the recipe.
        let run = output.matches(of: /target '([^']+)' (?:due to|does not exist)/).map { String($0.output.1) }
        let targets = Set(current.steps.map(\.target))
        #expect(Set(said) == Set(run).intersection(targets), "\(output)")
        #expect(Set(said).count == said.count)
    }
}
