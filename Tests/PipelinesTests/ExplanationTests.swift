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
        #expect(try explain(workshop).text.hasPrefix("corpus/manifest.csv is not there, and nothing here makes it\n"))
    }
}
