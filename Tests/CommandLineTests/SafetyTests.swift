import FeatureStore
import Foundation
import Testing

/// What comes of a run that ends otherwise than it should. Work of some seconds: a layer's attention grows with the
/// square of the length.
private let seconds = 12
private let recordings = 24

private func slowCorpus() throws -> Scratch {
    let folder = try Scratch()
    try folder.writeCorpus(recordings, frames: seconds * 16_000, step: 160)
    return folder
}

private func slowArguments(_ more: String...) -> [String] {
    [
        "--corpus", "manifest.csv", "--model", tinyModel, "--cut", "4", "--compute", "float32", "--workers", "1",
        "--shards", "3", "--progress", "json",
    ] + more
}

/// Whatever stands under its final name is whole.
private func expectNothingHalfWritten(_ cache: String, in folder: Scratch) throws {
    for name in folder.names(in: cache) where name.hasSuffix(".h5") {
        #expect(try ShardReader(path: "\(folder.path)/\(cache)/\(name)").verify().isEmpty, "\(name)")
    }
    if folder.exists("\(cache)/cache.json") { _ = try storedRows(cache, in: folder) }
}

@Test func interruptedStageOneGoesOnWhereItStopped() throws {
    let folder = try slowCorpus()
    #expect(try Program.cache.run(slowArguments("--out", "whole"), in: folder).code == 0)
    let reference = try storedRows("whole", in: folder)
    #expect(reference.count == recordings)

    for signal in [SIGTERM, SIGINT] {
        let cache = "stopped-by-\(signal)"
        let outcome = try Program.cache.stop(
            slowArguments("--out", cache), with: signal, at: "\"done\":1,", leaving: cache, in: folder)
        #expect(outcome.code == 75)
        #expect(
            outcome.errors == [
                "error: interrupted; what is computed is kept, the same command goes on from here"
            ])
        #expect(!folder.exists("\(cache)/cache.json"))
        #expect(!folder.names(in: cache).contains { $0.contains(".tmp") || $0.hasSuffix(".lock") })
        try expectNothingHalfWritten(cache, in: folder)

        let rest = try Program.cache.run(slowArguments("--out", cache), in: folder)
        #expect(rest.code == 0)
        let counts = try #require(rest.output.firstMatch(of: /(\d+) computed, (\d+) reused, 0 rejected/))
        let (computed, reused) = (try #require(Int(counts.1)), try #require(Int(counts.2)))
        #expect(computed + reused == recordings && reused > 0 && computed > 0, "\(rest.output)")
        #expect(try storedRows(cache, in: folder) == reference)
        #expect(folder.names(in: cache) == folder.names(in: "whole"), "nothing is left behind")
    }
}

@Test func killedStageOneLeavesNothingHalfWritten() throws {
    let folder = try slowCorpus()
    #expect(try Program.cache.run(slowArguments("--out", "whole"), in: folder).code == 0)
    let reference = try storedRows("whole", in: folder)

    // Before anything, while the first utterance is computed, in the midst, between shards; each goes on from the last.
    var killed = 0
    for moment in ["computing", "\"done\":1,", "shard-00000.h5", "shard-00001.h5", "cache.json"] {
        let running = try Program.cache.start(slowArguments("--out", "cache"), in: folder)
        if moment.hasSuffix(".h5") || moment.hasSuffix(".json") {
            while !folder.exists("cache/\(moment)"), running.isRunning { usleep(500) }
        } else {
            running.waitUntilSaid(moment)
        }
        running.send(SIGKILL)
        if try running.wait().code == -SIGKILL { killed += 1 }
        try expectNothingHalfWritten("cache", in: folder)
    }
    #expect(killed >= 1, "the later ones may have ended by themselves where this process was kept waiting")
    #expect(try Program.cache.run(slowArguments("--out", "cache"), in: folder).code == 0)
    #expect(try storedRows("cache", in: folder) == reference)
    #expect(folder.names(in: "cache") == folder.names(in: "whole"), "nothing is left behind")
}

@Test func twoProcessesOnOneCacheDoNotHarmOneAnother() throws {
    let folder = try Scratch()
    try folder.writeCorpus(12, frames: 30_000)
    #expect(try Program.cache.run(cacheArguments(out: "alone", "--shards", "3"), in: folder).code == 0)
    let both = try (0..<2).map { _ in
        try Program.cache.start(cacheArguments(out: "shared", "--shards", "3"), in: folder)
    }
    for running in both {
        let outcome = try running.wait()
        #expect(outcome.code == 0, "\(outcome.said)")
    }
    #expect(try storedRows("shared", in: folder) == storedRows("alone", in: folder))
    #expect(folder.names(in: "shared") == folder.names(in: "alone"))
    for file in ["cache.json", "corpus.csv", "rejects.csv", "upper.safetensors"] {
        #expect(try folder.bytes("shared/\(file)") == folder.bytes("alone/\(file)"))
    }
}

@Test func cacheThatCannotBeWrittenIsKnownBeforeAnyCompute() throws {
    let folder = try Scratch()
    try folder.writeCorpus(1)
    try folder.write("file", "not a folder\n")
    for (out, why) in [
        ("/proc/cache", "No such file or directory"), ("file", "it is a file; --out wants a folder"),
        ("file/cache", "Not a directory"),
    ] {
        let outcome = try Program.cache.run(cacheArguments(out: out), in: folder)
        #expect(outcome.code == 73)
        #expect(
            outcome.said
                == "error: \(out): cannot be written (\(why)); check space and permissions, then run the same command "
                + "again\n")
    }
    #expect(try folder.read("file") == "not a folder\n")
}

@Test func anotherCacheInTheFolderIsLeftAlone() throws {
    let folder = try Scratch()
    try folder.writeCorpus(2)
    #expect(try Program.cache.run(cacheArguments(), in: folder).code == 0)
    let before = try folder.bytes("cache/shard-00000.h5")
    for (arguments, code, error) in [
        (
            cacheArguments(model: "random:wav2vec2-tiny?seed=1"), 65,
            "cache: made with other settings (frozen weights differ); choose another folder, or delete this one"
        ),
        (
            cacheArguments(cut: "1"), 65,
            "cache: made with other settings (cuts 2 there, 1 wanted; frozen weights differ); choose another folder, "
                + "or delete this one"
        ),
        (
            cacheArguments("--store", "float32"), 65,
            "cache: made with other settings (storage float16 there, float32 wanted); choose another folder, or "
                + "delete this one"
        ),
        (
            cacheArguments("--pool", "2"), 65,
            "cache: made with other settings (pool 1 there, 2 wanted); choose another folder, or delete this one"
        ),
        (
            cacheArguments("--shards", "3"), 64,
            "--shards 3: the cache in cache has 1; leave --shards out, choose another folder, or delete this one"
        ),
    ] as [([String], Int32, String)] {
        let outcome = try Program.cache.run(arguments, in: folder)
        #expect(outcome.code == code)
        #expect(outcome.said == "error: \(error)\n")
    }
    #expect(try folder.bytes("cache/shard-00000.h5") == before)
    try folder.write("cache/shard-00000.h5", before.prefix(5000))
    let damaged = try Program.cache.run(cacheArguments(), in: folder)
    #expect(damaged.code == 65)
    #expect(damaged.errors.count == 1 && damaged.said.hasPrefix("error: cache/shard-00000.h5: "), "\(damaged.said)")
}

@Test func dryRunDoesNothing() throws {
    let folder = try Scratch()
    try folder.writeCorpus(3)
    let outcome = try Program.cache.run(cacheArguments("--dry-run"), in: folder)
    #expect(outcome.code == 0 && outcome.said.isEmpty && !folder.exists("cache"))
    let expected = try Regex(
        """
        3 utterances, 3 to decode and, where new, compute \\(0.8 seconds\\)
        1 of 1 shard to do, about 0.0 MB more in cache, and 0.2 MB of weights above the cut
        2.3 MB of disk at the fullest moment, [0-9.]+ [MG]B free
        about 0.0 seconds of work, estimated from products at [0-9]+ GFLOP/s in (float32|bfloat16) just now
        0 rejected by their headers

        """)
    #expect(outcome.output.wholeMatch(of: expected) != nil, "\(outcome.output)")

    // An ordinary run says the main of it first.
    let run = try Program.cache.run(cacheArguments(), in: folder)
    let line = try #require(run.said.split(separator: "\n").first)
    #expect(
        line.hasPrefix("3 utterances to decode and, where new, compute (0.8 seconds): about 0.0 MB of features and ")
            && line.hasSuffix(" of work"), "\(run.said)")
    let again = try Program.cache.run(cacheArguments(), in: folder)
    #expect(!again.said.contains("utterances to decode"), "nothing is left to do")
    try folder.remove("cache")

    let report = try Program.cache.run(cacheArguments("--dry-run", "--json"), in: folder)
    let plan = try #require(try JSONSerialization.jsonObject(with: Data(report.output.utf8)) as? [String: Any])
    func number(_ key: String) throws -> Double { try #require(plan[key] as? Double, "\(key)") }
    #expect(try number("free_gigabytes") > number("peak_gigabytes"))
    #expect(try number("peak_gigabytes") > number("estimated_gigabytes") && number("upper_weights_gigabytes") > 0)
    #expect(try number("estimated_seconds") > 0 && number("product_gigaflops") > 0)
}

@Test func summaryIsReadableByPrograms() throws {
    let folder = try Scratch()
    try folder.writeCorpus(3)
    let outcome = try Program.cache.run(
        cacheArguments("--json", "--progress", "none"), in: folder)
    #expect(outcome.code == 0 && outcome.said.isEmpty, "none says nothing that needs no action")
    let summary = try #require(try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
    #expect(summary["utterances"] as? Int == 3 && summary["computed"] as? Int == 3)
    let fidelity = try #require(summary["fidelity"] as? [String: Any])
    #expect(fidelity["utterances"] as? Int == 3 && fidelity["relative_error"] is Double)
    #expect(summary["directory"] as? String == "cache" && (summary["cache_key"] as? String)?.count == 64)
}
