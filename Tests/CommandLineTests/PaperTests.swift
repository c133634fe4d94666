import FeatureStore
import Foundation
import Testing

private let manifest = """
    name: x
    corpus: manifest.csv
    model: random:wav2vec2-tiny?seed=0
    labels: [activation]
    cache: {shards: 1}
    train: {epochs: 1, batch: {utterances: 4}, threads: 1, scores: {resamples: 100}}
    seeds: [0, 1]
    study: {layers: [3], lora_ranks: [2], stores: [float16], pools: [1, 2], amortised_over: 4}
    report: {title: Nothing was measured}

    """

private func studiedCorpus() throws -> Scratch {
    let folder = try Scratch()
    try folder.writeCorpus(18)
    try folder.write("x.yaml", manifest)
    return folder
}

private func make(_ arguments: String..., in folder: Scratch) throws -> Outcome {
    let plan = try Program.undertone.run(
        ["plan", "x.yaml", "-o", "build/x/rules.mk"], after: "umask 077", in: folder)
    try #require(plan.code == 0, "\(plan.said)")
    let programs = try Program.undertone.url.deletingLastPathComponent().path
    return try Running(
        URL(filePath: "/bin/bash"),
        [
            "-c", "umask 077; exec env -u MAKEFLAGS make \"$@\"", "make", "-f", "build/x/rules.mk",
            "UNDERTONE_BIN=\(programs)",
        ] + arguments, in: folder
    ).wait()
}

private func table(_ folder: Scratch) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: folder.bytes("build/x/paper/table.json")) as? [String: Any])
}

/// All of it on a model of a few thousand weights: what is measured here says nothing, that it is measured does.
@Test func theComparisonOfThePaperInOneCommand() throws {
    let folder = try studiedCorpus()
    let before = Set(try folder.made())
    let made = try make("-j2", "paper", in: folder)
    #expect(made.code == 0, "\(made.said)")
    try folder.expectModes(file: 0o600, directory: 0o700, of: folder.made(since: before))
    let printed = try Program.undertone.run(["paper", "x.yaml"], in: folder)
    #expect(printed.code == 0 && printed.said.isEmpty, "\(printed.said)")
    #expect(try printed.output == folder.read("build/x/paper/table.txt"))
    for words in [
        "Nothing was measured\n", "random (random:wav2vec2-tiny?seed=0), pretrained by nobody", "\nBeside the paper\n",
        "\nAn epoch\n", "\nA run\n",
        "\nCCC on test\n", "\nWhen a cache has paid for itself\n", "last 3 layers, bfloat16, float16 cache",
    ] { #expect(printed.output.contains(words), "\(words)\n\(printed.output)") }

    let found = try table(folder)
    let rows = try #require(found["rows"] as? [[String: Any]])
    let names = rows.compactMap { ($0["set_up"] as? [String: Any])?["name"] as? String }
    #expect(
        names == [
            "full-float32", "full-bfloat16", "top-3-float32", "top-3-bfloat16", "lora-2-bfloat16", "heads-bfloat16",
            "top-3-bfloat16-cached-float16", "heads-bfloat16-cached-float16", "top-3-bfloat16-cached-float16-pool2",
            "heads-bfloat16-cached-float16-pool2",
        ])
    for row in rows {
        let runs = try #require(row["runs"] as? [[String: Any]])
        #expect(runs.compactMap { $0["seed"] as? Int } == [0, 1])
        #expect(runs.allSatisfy { ($0["peak_memory_bytes"] as? Int ?? 0) > 0 })
        #expect(runs.allSatisfy { ($0["training_seconds"] as? [Double])?.count == 1 })
    }
    // What is trained does not depend on where its input comes from.
    func trainable(_ index: Int) -> Int? { rows[index]["trainable_parameters"] as? Int }
    #expect(trainable(3) == trainable(6) && trainable(5) == trainable(7) && trainable(2) == trainable(3))
    #expect(trainable(3) == trainable(8) && trainable(5) == trainable(9))
    let full = try #require(trainable(0)), heads = try #require(trainable(5))
    #expect(heads < trainable(4)! && trainable(4)! < full && heads < trainable(2)! && trainable(2)! < full)
    // The cache holds float16 of what the other computes anew: the same training but for rounding.
    func ccc(_ index: Int) throws -> Double {
        let score = try #require((rows[index]["scores"] as? [[String: Any]])?.first)
        return try #require(score["mean"] as? Double)
    }
    #expect(abs(try ccc(3) - ccc(6)) < 0.05)
    let cost = try #require(rows[6]["cache"] as? [String: Any])
    #expect(cost["seconds"] as? Double ?? 0 > 0 && cost["bytes"] as? Int ?? 0 > 0 && cost["cut"] as? String == "1")
    // Of pairs of frames, half the rows; an utterance's last may be alone.
    let caches = folder.names(in: "build/x/paper").filter { $0.hasPrefix("cache-1-float16-") && !$0.contains(".") }
    let descriptions = try caches.map { try CacheDescription.read(directory: "\(folder.path)/build/x/paper/\($0)") }
    #expect(descriptions.map(\.pool).sorted() == [1, 2])
    for description in descriptions {
        let frames = (0..<18).map { ((4000 + 530 * $0 - 400) / 320 + description.pool) / description.pool }
        #expect(description.totals.frames == frames.reduce(0, +), "means of \(description.pool)")
    }
    #expect((rows[8]["cache"] as? [String: Any])?["pool"] as? Int == 2 && cost["pool"] as? Int == 1)
    #expect((found["resampled"] as? [String: Any])?["count"] as? Int == 2)
    #expect((found["payments"] as? [Any])?.count == 4 && found["amortised_over"] as? Int == 4)

    let page = try folder.read("build/x/paper/report.html")
    #expect(page.contains("random encoder: no reproduction") && page.contains("<h1>Nothing was measured</h1>"))
    #expect(try folder.read("build/x/paper/table.csv").split(separator: "\n").count == 11)

    // A second time nothing is done; another rank is one set-up more.
    let again = try make("-q", "paper", in: folder)
    #expect(again.code == 0, "\(again.said)")
    try folder.edit("x.yaml", "lora_ranks: [2]", "lora_ranks: [2, 3]")
    let partial = try Program.undertone.run(["paper", "x.yaml", "--format", "csv"], in: folder)
    #expect(partial.code == 0 && partial.output.split(separator: "\n").count == 11, "\(partial.said)")
    let text = try Program.undertone.run(["paper", "x.yaml"], in: folder)
    #expect(text.output.hasSuffix("\nnot trained yet: lora-3-bfloat16\n"))
}

@Test func aStudyIsAskedForAndTrainedFirst() throws {
    let folder = try studiedCorpus()
    let untrained = try Program.undertone.run(["paper", "x.yaml"], in: folder)
    #expect(untrained.code == 66 && untrained.said.contains("full-float32, which every set-up is held against"))
    try folder.edit("x.yaml", "study: {layers: [3]", "study: {layers: [4]")
    let large = try Program.undertone.run(["plan", "x.yaml"], in: folder)
    #expect(large.code == 64 && large.said.contains("expected 1 to 3, full finetuning being a set-up of its own"))
    let study = "study: {layers: [4], lora_ranks: [2], stores: [float16], pools: [1, 2], amortised_over: 4}\n"
    try folder.edit("x.yaml", study, "")
    try folder.edit("x.yaml", "cache: {shards: 1}", "cache: {shards: 1, cuts: [1]}")
    let none = try Program.undertone.run(["paper", "x.yaml"], in: folder)
    #expect(none.code == 64 && none.said.contains("x.yaml: the pipeline has no 'study'"), "\(none.said)")
}

/// However stage one ends, what it took is there; one that had nothing to do adds nothing.
@Test func stageOneWritesDownWhatItTook() throws {
    let folder = try Scratch()
    try folder.writeCorpus(6)
    let arguments = cacheArguments(cut: "2", "--measures", "cache.measures.jsonl")
    for _ in 0..<2 {
        let outcome = try Program.cache.run(arguments, in: folder)
        #expect(outcome.code == 0, "\(outcome.said)")
    }
    let lines = try folder.read("cache.measures.jsonl").split(separator: "\n")
    #expect(lines.count == 1)
    let line = try #require(try JSONSerialization.jsonObject(with: Data(lines[0].utf8)) as? [String: Double])
    // Six recordings of 4000 + 530 n samples at 16 kHz.
    let speech = (0..<6).reduce(0.0) { $0 + Double(4000 + 530 * $1) / 16000 }
    #expect(abs(try #require(line["computed_seconds"]) - speech) < 1e-6)
    #expect(try #require(line["elapsed_seconds"]) > 0 && #require(line["peak_memory_bytes"]) > 1e6)
}
