import Foundation
import Testing

/// An utterance's rows are the same bits whatever is computed beside, before or after it.
@Test(arguments: ["float32", "bfloat16"])
func rowsDependOnTheRecordingAlone(compute: String) throws {
    let folder = try Scratch()
    var rows = try folder.writeCorpus(9, frames: 900, step: 1711)
    // Stereo, and at another rate.
    try folder.write("u4.wav", Wave(frames: 9000, pitchHz: 210, sampleRateHz: 22_050, channels: 2).bytes)
    // Long enough that a product is cut into pieces for several threads.
    try folder.write("u7.wav", Wave(frames: 60_000, pitchHz: 130).bytes)

    func cached(
        _ out: String, corpus: String = "manifest.csv", cores: Int = 2, _ more: [String]
    ) throws -> [String: Data] {
        let outcome = try Program.cache.run(
            [
                "--corpus", corpus, "--model", tinyModel, "--cut", "cnn", "--cut", "0", "--cut", "3", "--out", out,
                "--compute", compute, "--store", "float32",
            ] + more, after: "export OMP_NUM_THREADS=\(cores)", in: folder)
        #expect(outcome.code == 0, "\(outcome.said)")
        return try storedRows(out, in: folder)
    }
    let reference = try cached("reference", ["--workers", "1"])
    #expect(reference.count == 9 * 3 && !reference.values.contains { $0.isEmpty })
    #expect(Set(reference.values).count == reference.count, "no two utterances are alike")

    #expect(try cached("workers-2", ["--workers", "2"]) == reference)
    #expect(try cached("workers-5", ["--workers", "5"]) == reference)
    #expect(try cached("shards-7", ["--shards", "7", "--workers", "2"]) == reference)
    #expect(folder.names(in: "shards-7").filter { $0.hasSuffix(".h5") }.count == 7)
    rows.reverse()
    try folder.writeManifest(rows, to: "reversed.csv")
    #expect(try cached("reversed", corpus: "reversed.csv", ["--workers", "2"]) == reference)
    for id in ["u0", "u4", "u7"] {
        try folder.writeManifest(rows.filter { $0.hasPrefix("\(id),") }, to: "alone.csv")
        // Alone, it has all cores.
        let alone = try cached("alone-\(id)", corpus: "alone.csv", cores: 3, ["--workers", "2"])
        #expect(alone.count == 3)
        for (key, bytes) in alone { #expect(bytes == reference[key], "\(key)") }
    }
    // A grown corpus: what was there stays, what is new comes as if it had always been there.
    try folder.writeManifest(Array(rows.prefix(4)), to: "grown.csv")
    #expect(try cached("grown", corpus: "grown.csv", ["--workers", "2"]).count == 4 * 3)
    #expect(try cached("grown", ["--workers", "2"]) == reference)
}

/// By a job on a cluster, which has a part of a node.
@Test func stageOneKeepsToTheThreadsThatItIsGiven() throws {
    let folder = try Scratch()
    try folder.writeCorpus(1)
    let outcome = try Program.cache.run(cacheArguments(), after: "export OMP_NUM_THREADS=3", in: folder)
    #expect(outcome.code == 0 && outcome.said.contains(", 1 at a time with 3 threads each, on "), "\(outcome.said)")
}

@Test func precisionIsPartOfTheKey() throws {
    let folder = try Scratch()
    try folder.writeCorpus(1)
    func run(_ more: [String]) throws -> Outcome {
        try Program.cache.run(
            ["--corpus", "manifest.csv", "--model", tinyModel, "--cut", "2", "--out", "cache"] + more, in: folder)
    }
    #expect(try run(["--compute", "float32"]).code == 0)
    let other = try run(["--compute", "bfloat16"])
    #expect(other.code == 65)
    #expect(
        other.errors == [
            "error: cache: made with other settings (compute float32 there, bfloat16 wanted); choose another folder, "
                + "or delete this one"
        ])
}
