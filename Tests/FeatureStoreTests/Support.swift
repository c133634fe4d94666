import Foundation
import Testing

@testable import FeatureStore

/// A folder that is gone when the test is over.
final class TemporaryFolder {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "undertone-test-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func file(_ name: String) -> String { path + "/" + name }
    var names: [String] { ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted() }
}

/// Deterministic values with a spread of magnitudes: xorshift, so that a failure can be repeated.
func features(seed: Int, count: Int) -> [Float] {
    var state = UInt64(truncatingIfNeeded: seed) &* 0x9e37_79b9_7f4a_7c15 | 1
    return (0..<count).map { _ in
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return (Float(state >> 40) / Float(1 << 24) - 0.5) * 8
    }
}

let testKey = CacheKey(components: ["frozen_weights": String(repeating: "a", count: 64), "cuts": "9"])

func entry(_ id: String, frames: Int) -> UtteranceEntry {
    UtteranceEntry(
        id: id, frameCount: frames, sampleCount: frames * 320 + 80, audioSHA256: String(repeating: "0f", count: 32),
        fileByteCount: 1000 + frames, fileModifiedNanoseconds: 1_700_000_000_123_456_789)
}

/// Writes a shard of `count` utterances of uneven lengths and returns what went in, per cut and utterance.
func writeShard(
    _ path: String, layout: ShardLayout, count: Int, shard: Int = 0
) throws -> [(entry: UtteranceEntry, rows: [[Float]])] {
    let writer = try ShardWriter(path: path, layout: layout, shard: shard)
    var written: [(UtteranceEntry, [[Float]])] = []
    for number in 0..<count {
        let frames = 1 + (number * 37) % 90
        let entry = entry("utterance-\(number)", frames: frames)
        let rows = layout.cuts.enumerated().map { features(seed: number * 10 + $0, count: frames * $1.hiddenSize) }
        try writer.append(entry, rows: rows)
        written.append((entry, rows))
    }
    try writer.finish()
    return written
}

func oneCut(_ storage: StorageFormat, hiddenSize: Int = 24, name: String = "9", shards: Int = 1) -> ShardLayout {
    ShardLayout(
        key: testKey, storage: storage, cuts: [CutLayout(name: name, hiddenSize: hiddenSize)], shardCount: shards)
}
