import FeatureStore
import Foundation
import Testing

/// A limit on the size of files stops a write in its midst, as a full disk does.
@Test(arguments: [
    (200, "shard-00000.h5.segment-000000"), (1100, "shard-00000.h5"),
])
func fullDiskIsSaidAndTheSameCommandGoesOn(kibibytes: Int, file: String) throws {
    let folder = try Scratch()
    // A segment takes a chunk of 1 MiB and its index, the shard two chunks: 10059 rows of 128 bytes.
    try folder.write("long.wav", Wave(frames: 460_000, pitchHz: 200).bytes)
    try folder.writeManifest((0..<7).map { "u\($0),long.wav,train,s,1" })
    let arguments = cacheArguments(cut: "cnn", "--store", "float32", "--seal-every", "0", "--workers", "1")
    let stopped = try Program.cache.run(arguments, limits: "-f \(kibibytes)", in: folder)
    #expect(stopped.code == 73, "\(stopped.said)")
    #expect(
        stopped.errors == [
            "error: cache/\(file): cannot be written (file write failed: File too large); check space and permissions, "
                + "then run the same command again"
        ])
    for name in folder.names(in: "cache") {
        #expect(name.contains(".segment-"), "\(name) has no business there")
        #expect(try ShardReader(path: "\(folder.path)/cache/\(name)").verify().isEmpty)
    }
    let rest = try Program.cache.run(arguments, in: folder)
    #expect(rest.code == 0, "\(rest.said)")
    let undisturbed = cacheArguments(cut: "cnn", out: "whole", "--store", "float32")
    #expect(try Program.cache.run(undisturbed, in: folder).code == 0)
    #expect(try storedRows("cache", in: folder) == storedRows("whole", in: folder))
    #expect(folder.names(in: "cache") == folder.names(in: "whole"))
}

/// What is beside the shards is whole or not there as well.
@Test func fullDiskWhileFinishing() throws {
    let folder = try Scratch()
    try folder.writeCorpus(2)
    #expect(try Program.cache.run(cacheArguments(), in: folder).code == 0)
    let whole = try folder.bytes("cache/upper.safetensors")
    try folder.remove("cache/upper.safetensors")
    try folder.remove("cache/cache.json")
    let stopped = try Program.cache.run(cacheArguments(), limits: "-f 50", in: folder)
    #expect(stopped.code == 73)
    #expect(stopped.errors == ["error: cache/upper.safetensors: cannot be written: File too large"])
    #expect(folder.names(in: "cache") == ["corpus.csv", "rejects.csv", "shard-00000.h5"])
    #expect(try Program.cache.run(cacheArguments(), in: folder).code == 0)
    #expect(try folder.bytes("cache/upper.safetensors") == whole)
}

/// A recording of days that takes no room: a WAV header, and samples that were never written. Many of them are more than
/// any disk has room for.
@Test func tooLittleSpaceIsSaidBeforeAnyCompute() throws {
    let folder = try Scratch()
    var header = Wave(samples: [0]).bytes.prefix(44)
    let sampleBytes: UInt32 = 4_000_000_000
    for (offset, value) in [(4, sampleBytes + 36), (40, sampleBytes)] {
        withUnsafeBytes(of: value.littleEndian) { header.replaceSubrange(offset..<offset + 4, with: $0) }
    }
    try folder.write("long.wav", header)
    try #require(truncate("\(folder.path)/long.wav", off_t(sampleBytes) + 44) == 0)
    try folder.writeManifest((0..<4000).map { "u\($0),long.wav,train,s,1" })
    let outcome = try Program.cache.run(cacheArguments("--store", "float32"), in: folder)
    #expect(outcome.code == 73)
    // 4000 × 6.25 million frames × 48 channels × 4 bytes, twice: in segments and in the shard.
    let words =
        /error: cache: needs 9[0-9]{3}\.[0-9]{2} GB while it is made, but its disk has [0-9.]+ [MG]B free; make room, choose another --out, or use more --shards, of which only one is put together at a time\n/
    #expect(outcome.said.wholeMatch(of: words) != nil, "\(outcome.said)")
    #expect(!folder.exists("cache") && outcome.output.isEmpty)
    let plan = try Program.cache.run(cacheArguments("--store", "float32", "--dry-run"), in: folder)
    #expect(plan.code == 0)
    #expect(plan.output.contains(/GB of disk at the fullest moment, but only [0-9.]+ [MG]B free\n/))
    // Of forty shards, one is in the making at a time.
    let sharded = try Program.cache.run(
        cacheArguments("--store", "float32", "--dry-run", "--shards", "40"), in: folder)
    #expect(sharded.output.contains(/\n4[0-9]{3}\.[0-9]{2} GB of disk at the fullest moment/), "\(sharded.output)")
}

/// Regression: every segment of a long run was kept open, until the system allowed no more.
@Test func manySegmentsNeedFewOpenFiles() throws {
    let folder = try Scratch()
    try folder.writeCorpus(90, frames: 1600, step: 0)
    let outcome = try Program.cache.run(cacheArguments("--seal-every", "0"), limits: "-n 60", in: folder)
    #expect(outcome.code == 0, "\(outcome.said)")
    #expect(try storedRows("cache", in: folder).count == 90)
}
