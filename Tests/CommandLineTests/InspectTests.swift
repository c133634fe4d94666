import Foundation
import Testing

@Test func inspectShowsWhatIsInACache() throws {
    let folder = try Scratch()
    var rows = try folder.writeCorpus(6)
    rows.append("gone,gone.wav,train,s0,1")
    try folder.writeManifest(rows)
    try #require(try Program.cache.run(cacheArguments("--max-rejects", "1"), in: folder).code == 0)
    let outcome = try Program.undertone.run(["inspect", "cache", "--progress", "none"], in: folder)
    #expect(outcome.code == 0 && outcome.said.isEmpty)
    for line in [
        "cut        2 (48 channels)", "model      \(tinyModel) (wav2vec2)",
        "split        utterances  speakers  frames  speech", "label       split ",
        "1 recording rejected", "  1 × no such file; expected an audio file",
    ] {
        #expect(outcome.output.split(separator: "\n").contains { $0.hasPrefix(line) }, "\(line)\n\(outcome.output)")
    }
    #expect(outcome.output.split(separator: "\n").allSatisfy { $0.count <= 100 })

    let json = try Program.undertone.run(["inspect", "cache", "--json", "--all", "--progress", "none"], in: folder)
    let overview = try #require(try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any])
    #expect(overview["utterances"] as? Int == 6 && (overview["splits"] as? [Any])?.count == 3)
    let cut = try #require((overview["rows"] as? [[String: Any]])?.first)
    #expect(cut["frames"] as? Int == overview["frames"] as? Int && cut["dead_channels"] as? [Int] == [])
    #expect(overview["fidelity"] != nil)
    let speakers = try #require(overview["speakers"] as? [String: Any])
    #expect((speakers["list"] as? [[String: Any]])?.count == speakers["count"] as? Int)
}

@Test func inspectRefusesWhatIsNoCache() throws {
    let folder = try Scratch()
    for command in ["inspect", "verify"] {
        let outcome = try Program.undertone.run([command, "none"], in: folder)
        #expect(outcome.code == 66 && outcome.output.isEmpty)
        #expect(outcome.errors.count == 1 && outcome.said.hasPrefix("error: none"), "\(outcome.said)")
    }
}

@Test func reportShowsTheCacheOrSaysWhyNot() throws {
    let folder = try Scratch()
    try folder.writeCorpus(12)
    try #require(try Program.cache.run(cacheArguments(), in: folder).code == 0)
    try #require(try Program.train.run(trainArguments(), in: folder).code == 0)
    let report = ["report", "run", "--cache", "cache", "-o", "report.html"]
    let whole = try Program.undertone.run(report, in: folder)
    #expect(whole.code == 0 && whole.said.isEmpty)
    #expect(try folder.read("report.html").contains("How long the recordings are"))

    try folder.remove("cache/shard-00000.h5")
    let thinned = try Program.undertone.run(report, in: folder)
    #expect(thinned.code == 0)
    #expect(thinned.lines("warning: the report shows less of the cache: cache/shard-00000.h5").count == 1)
    let page = try folder.read("report.html")
    #expect(page.contains("The cache it was trained from") && !page.contains("How long the recordings are"))
}
