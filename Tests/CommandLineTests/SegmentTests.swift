import FeatureStore
import Foundation
import Testing

/// One recording of three seconds, and the same cut into pieces.
private struct LongRecording {
    let folder: Scratch
    let wave = Wave(frames: 48_000, pitchHz: 120)
    static let bounds = [("u0", 0.0, 0.7), ("u1", 0.7, 1.4), ("u2", 1.25, 2.5), ("u3", 2.5, 3.0)]

    init() throws {
        folder = try Scratch()
        try folder.write("long.wav", wave.bytes)
        try write(Self.bounds, to: "segments.csv")
        for (id, start, end) in Self.bounds {
            let samples = wave.samples[Int(start * 16_000)..<Int(end * 16_000)]
            try folder.write("\(id).wav", Wave(samples: Array(samples)).bytes)
        }
        try folder.writeManifest(Self.bounds.map { "\($0.0),\($0.0).wav,train,s,1" }, to: "pieces.csv")
    }

    func write(_ bounds: [(String, Double, Double)], to name: String) throws {
        let rows = bounds.map { id, start, end in
            "\(id),long.wav,train,s,1,\(start),\(end == 3 ? "" : "\(end)")\n"
        }
        try folder.write(name, "id,path,split,speaker,activation,start,end\n" + rows.joined())
    }

    func cache(_ corpus: String, _ out: String, _ more: String...) throws -> Outcome {
        let arguments = cacheArguments(corpus: corpus, cut: "1", "--cut", "3", "--shards", "2") + ["--out", out] + more
        return try Program.cache.run(arguments, in: folder)
    }
}

@Test func segmentsOfAFileAreCachedAsTheFileCutBeforehand() throws {
    let long = try LongRecording()
    let folder = long.folder
    let outcome = try long.cache("segments.csv", "cache")
    #expect(outcome.code == 0, "\(outcome.said)")
    #expect(outcome.output.hasPrefix("4 utterances, 3.1 seconds,"), "\(outcome.output)")
    #expect(try long.cache("pieces.csv", "pieces").code == 0)
    let rows = try storedRows("cache", in: folder)
    #expect(rows.count == 8)
    #expect(try rows == storedRows("pieces", in: folder))
    #expect(try folder.read("cache/corpus.csv") == folder.read("segments.csv"))

    // Nothing has changed, so nothing is done; then one segment has.
    #expect(try long.cache("segments.csv", "cache").output.contains("\n0 computed, 4 reused, 0 rejected"))
    var bounds = LongRecording.bounds
    bounds[1].1 = 0.8
    try long.write(bounds, to: "segments.csv")
    #expect(try long.cache("segments.csv", "cache").output.contains("\n1 computed, 3 reused, 0 rejected"))
    let after = try storedRows("cache", in: folder)
    #expect(rows.keys.filter { rows[$0] != after[$0] }.sorted() == ["u1/1", "u1/3"])
    // The whole file's length would be another number.
    let inspected = try Program.undertone.run(["inspect", "cache", "--progress", "none"], in: folder)
    #expect(inspected.code == 0 && inspected.output.contains("\ndurations from 0.5 s to 1.2 s, "))
}

@Test func dryRunCountsSegmentsAndNotTheirFile() throws {
    let long = try LongRecording()
    let outcome = try long.cache("segments.csv", "cache", "--dry-run", "--json")
    #expect(outcome.code == 0, "\(outcome.said)")
    let plan = try #require(try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
    let hours = try #require(plan["hours_to_compute"] as? Double)
    #expect(abs(hours * 3600 - 3.15) < 1e-6)
}

@Test func segmentBeyondTheEndIsRejectedWithItsLine() throws {
    let long = try LongRecording()
    try long.write(LongRecording.bounds + [("late", 2.5, 4.5), ("later", 3.5, 4)], to: "segments.csv")
    let outcome = try long.cache("segments.csv", "cache", "--max-rejects", "2")
    #expect(outcome.code == 0)
    let advice = "correct the manifest's start and end, or leave end empty for the file's end"
    let beyond = "goes beyond the 3 s that can be read of the file; \(advice)"
    #expect(
        outcome.lines("rejected: ").map { $0.replacing("\(long.folder.path)/", with: "") } == [
            "rejected: long.wav: the segment from 2.5 s to 4.5 s \(beyond) (segments.csv:6)",
            "rejected: long.wav: the segment from 3.5 s to 4 s \(beyond) (segments.csv:7)",
        ])
    #expect(try storedRows("cache", in: long.folder).count == 8)
}

@Test func damagedRowsOfASegmentAreRepaired() throws {
    let long = try LongRecording()
    let folder = long.folder
    #expect(try long.cache("segments.csv", "cache").code == 0)
    let before = try storedRows("cache", in: folder)
    try folder.remove("cache/shard-00000.h5")
    let outcome = try Program.undertone.run(
        ["verify", "cache", "--progress", "none", "--repair", "--corpus", "segments.csv"], in: folder)
    #expect(outcome.code == 0, "\(outcome.said)")
    #expect(try before == storedRows("cache", in: folder))
}
