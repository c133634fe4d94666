import FeatureStore
import Foundation
import Testing

/// A cache grows with its manifest, and shrinks only when it is told to.
@Test func absentUtterancesAreNamedAndDroppedByPrune() throws {
    let folder = try Scratch()
    let rows = try folder.writeCorpus(6)
    #expect(try Program.cache.run(cacheArguments("--shards", "2"), in: folder).code == 0)
    try folder.writeManifest(Array(rows.prefix(3)), to: "fewer.csv")
    let fewer = cacheArguments(corpus: "fewer.csv")

    let kept = try Program.cache.run(fewer, in: folder)
    #expect(kept.code == 0)
    #expect(
        kept.output.contains("\n3 utterances are no longer in the manifest; --prune drops them\n0 computed, 3 reused,"))
    #expect(try storedRows("cache", in: folder).count == 6)
    #expect(try folder.read("cache/corpus.csv") == folder.read("fewer.csv"))

    let plan = try Program.cache.run(fewer + ["--prune", "--dry-run"], in: folder)
    #expect(plan.output.contains("\n3 utterances are no longer in the manifest; --prune would drop them\n"))
    #expect(try storedRows("cache", in: folder).count == 6)

    let pruned = try Program.cache.run(fewer + ["--prune", "--json"], in: folder)
    #expect(pruned.code == 0)
    let summary = try #require(try JSONSerialization.jsonObject(with: Data(pruned.output.utf8)) as? [String: Any])
    #expect(summary["not_in_manifest"] as? Int == 3 && summary["dropped"] as? Int == 3)
    #expect(summary["computed"] as? Int == 0 && summary["utterances"] as? Int == 3)
    #expect(try storedRows("cache", in: folder).keys.sorted() == ["u0/2", "u1/2", "u2/2"])
    #expect(!(try Program.cache.run(fewer, in: folder)).output.contains("no longer"))
}

@Test func changedRecordingIsComputedAgainAndATouchedOneIsNot() throws {
    let folder = try Scratch()
    try folder.writeCorpus(4)
    #expect(try Program.cache.run(cacheArguments(), in: folder).code == 0)
    let before = try storedRows("cache", in: folder)
    // Rewritten with the same contents; other samples; the same samples in a longer file.
    try folder.write("u1.wav", folder.bytes("u1.wav"))
    try folder.write("u2.wav", Wave(frames: 4000, pitchHz: 333).bytes)
    try folder.write("u3.wav", folder.bytes("u3.wav") + Array("LIST\u{4}\0\0\0INFO".utf8))
    let outcome = try Program.cache.run(cacheArguments(), in: folder)
    #expect(outcome.output.contains("\n1 computed, 3 reused, 0 rejected"), "\(outcome.output)")
    let after = try storedRows("cache", in: folder)
    #expect(before.keys.filter { before[$0] != after[$0] } == ["u2/2"])
}

/// Regression: of clips of one length that were unpacked with whole seconds, two that changed places kept each other's rows.
@Test func recordingsThatChangePlacesInTheManifestAreSeen() throws {
    let folder = try Scratch()
    var rows = try folder.writeCorpus(3, step: 0)
    for index in 0..<3 {
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSince1970: 1.7e9)], ofItemAtPath: "\(folder.path)/u\(index).wav")
    }
    #expect(try Program.cache.run(cacheArguments(), in: folder).code == 0)
    let before = try storedRows("cache", in: folder)
    rows[0] = rows[0].replacing("u0.wav", with: "u1.wav")
    rows[1] = rows[1].replacing("u1.wav", with: "u0.wav")
    try folder.writeManifest(rows)
    let swapped = try Program.cache.run(cacheArguments(), in: folder)
    #expect(swapped.output.contains("\n2 computed, 1 reused, 0 rejected"), "\(swapped.output)")
    let after = try storedRows("cache", in: folder)
    #expect(before["u0/2"] != before["u1/2"] && after["u0/2"] == before["u1/2"] && after["u1/2"] == before["u0/2"])

    try FileManager.default.moveItem(atPath: "\(folder.path)/u2.wav", toPath: "\(folder.path)/other.wav")
    rows[2] = rows[2].replacing("u2.wav", with: "other.wav")
    try folder.writeManifest(rows)
    let renamed = try Program.cache.run(cacheArguments(), in: folder)
    #expect(renamed.output.contains("\n0 computed, 3 reused, 0 rejected"), "\(renamed.output)")
    #expect(try storedRows("cache", in: folder) == after)
}

/// Whatever changes the features is refused, with what it is.
@Test(arguments: [
    (
        "config.json", "\"layer_norm_eps\": 0.001", "\"layer_norm_eps\": 0.002",
        "architecture: epsilon 0.001 there, epsilon 0.002 wanted"
    ),
    (
        "preprocessor_config.json", "\"do_normalize\": true", "\"do_normalize\": false",
        "normalise true there, false wanted"
    ),
    (
        "preprocessor_config.json", "\"sampling_rate\": 16000", "\"sampling_rate\": 8000",
        "sample rate 16000 there, 8000 wanted"
    ),
])
func changedModelIsRefusedInWords(file: String, old: String, new: String, reason: String) throws {
    let folder = try Scratch()
    try folder.writeCorpus(1)
    try folder.copyModel()
    #expect(try Program.cache.run(cacheArguments(model: "model"), in: folder).code == 0)
    try folder.edit("model/\(file)", old, new)
    let outcome = try Program.cache.run(cacheArguments(model: "model"), in: folder)
    #expect(outcome.code == 65)
    #expect(
        outcome.said
            == "error: cache: made with other settings (\(reason)); choose another folder, or delete this one\n")
}

@Test func anotherSchemaIsRefusedInWords() throws {
    let folder = try Scratch()
    try folder.writeCorpus(1)
    #expect(try Program.cache.run(cacheArguments(), in: folder).code == 0)
    try folder.edit("cache/cache.json", "\"schema\" : 2,", "\"schema\" : 9,")
    let outcome = try Program.cache.run(cacheArguments(), in: folder)
    #expect(outcome.code == 65)
    #expect(
        outcome.said
            == "error: cache/cache.json: schema 9, but this version of Undertone reads schema 2; make the cache again "
            + "with this version\n")
}

/// On another kind of machine the same product may be another last bit: said, and not refused.
@Test func rowsOfAnotherArithmeticAreWarnedOf() throws {
    let folder = try Scratch()
    let rows = try folder.writeCorpus(4)
    try folder.writeManifest(Array(rows.prefix(3)), to: "fewer.csv")
    #expect(try Program.cache.run(cacheArguments(corpus: "fewer.csv"), in: folder).lines("warning: ").isEmpty)
    let cache = "\(folder.path)/cache"
    let own = try #require(try CacheDescription.read(directory: cache).arithmetic)
    #expect(own.count == 1 && own[0].contains("oneDNN "))
    let nothingNew = try Program.cache.run(cacheArguments(corpus: "fewer.csv"), in: folder)
    #expect(nothingNew.lines("warning: ").isEmpty)

    try folder.rewriteShard(0, computedOn: ["an abacus"])
    #expect(try Program.cache.run(cacheArguments(corpus: "fewer.csv"), in: folder).lines("warning: ").isEmpty)
    #expect(try CacheDescription.read(directory: cache).arithmetic == ["an abacus"], "nothing was computed")
    let grown = try Program.cache.run(cacheArguments(), in: folder)
    let warning =
        "warning: cache: its rows were computed by an abacus; what is computed now, by \(own[0]), may differ in the last bits "
        + "from what would have been computed there"
    #expect(grown.code == 0 && grown.lines("warning: ") == [warning], "\(grown.said)")
    #expect(try CacheDescription.read(directory: cache).arithmetic == ["an abacus"] + own)

    try folder.rewriteShard(0, computedOn: ["an abacus"])
    #expect(try Program.cache.run(cacheArguments(), in: folder).code == 0)
    try folder.flipRow(of: "u1", cut: "2", shards: 1)
    let repaired = try Program.undertone.run(
        ["verify", "cache", "--repair", "--corpus", "manifest.csv", "--progress", "none"], in: folder)
    #expect(repaired.code == 0 && repaired.lines("warning: ") == [warning], "\(repaired.said)")
    #expect(try CacheDescription.read(directory: cache).arithmetic == ["an abacus"] + own)
}

@Test func arithmeticOfShardsThatDoNotSayItIsThatOfTheirCache() throws {
    let folder = try Scratch()
    let rows = try folder.writeCorpus(4)
    try folder.writeManifest(Array(rows.prefix(3)), to: "fewer.csv")
    #expect(try Program.cache.run(cacheArguments(corpus: "fewer.csv"), in: folder).code == 0)
    let cache = "\(folder.path)/cache"
    var description = try CacheDescription.read(directory: cache)
    let own = try #require(description.arithmetic)
    try folder.rewriteShard(0, computedOn: [])
    description.arithmetic = ["an abacus"]
    try description.write(directory: cache)
    for _ in 0..<2 {
        #expect(try Program.cache.run(cacheArguments(), in: folder).code == 0)
        #expect(try CacheDescription.read(directory: cache).arithmetic == ["an abacus"] + own)
    }
    // Now nobody knows any more.
    try folder.remove("cache/cache.json")
    #expect(try Program.cache.run(cacheArguments(), in: folder).code == 0)
    #expect(try CacheDescription.read(directory: cache).arithmetic == [CacheDescription.unknownArithmetic] + own)
}

/// Regression: a run that completes a cache of shards made one by one computes nothing, and took that for nothing new: the fidelity was
/// that of the smaller corpus, and the arithmetic that of the machine which had completed it.
@Test func cacheMadeShardByShardSaysWhatItsShardsSay() throws {
    let folder = try Scratch()
    let rows = try folder.writeCorpus(6)
    try folder.writeManifest(Array(rows.prefix(3)), to: "fewer.csv")
    let cache = "\(folder.path)/cache"
    func make(_ corpus: String) throws -> CacheDescription {
        for only in [["--only-shard", "0"], ["--only-shard", "1"], []] {
            let outcome = try Program.cache.run(cacheArguments(corpus: corpus, "--shards", "2") + only, in: folder)
            #expect(outcome.code == 0, "\(outcome.said)")
        }
        return try CacheDescription.read(directory: cache)
    }
    #expect(try make("fewer.csv").fidelity?.utterances == 3)
    let grown = try make("manifest.csv")
    #expect(grown.fidelity?.utterances == 6)

    // The same rows are not measured twice, unless nobody recorded which rows it were.
    var known = grown
    known.fidelity?.seconds = 99
    try known.write(directory: cache)
    #expect(try make("manifest.csv").fidelity?.seconds == 99)
    known.fidelity?.rowFingerprint = nil
    try known.write(directory: cache)
    #expect(try make("manifest.csv") == grown)

    try folder.rewriteShard(1, computedOn: ["an abacus"])
    try folder.remove("cache/cache.json")
    #expect(try make("manifest.csv").arithmetic == ["an abacus"] + (try #require(grown.arithmetic)))
}
