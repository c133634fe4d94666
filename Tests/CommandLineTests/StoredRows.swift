import FeatureStore
import Foundation
import Testing

/// Every utterance's rows as stored, at every cut, keyed `id/cut`. Checks the cache's checksums on the way.
func storedRows(_ cache: String, in folder: Scratch) throws -> [String: Data] {
    let cache = try FeatureCache.open(directory: "\(folder.path)/\(cache)")
    #expect(try cache.verify().isEmpty)
    var rows: [String: Data] = [:]
    for utterance in cache.utterances {
        for cut in cache.description.cuts {
            let bytes = utterance.entry.frameCount * cache.description.storage.byteCount(channels: cut.hiddenSize)
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes, alignment: 16)
            defer { buffer.deallocate() }
            try cache.readRows(utterance, cut: cut.name, into: buffer)
            rows["\(utterance.entry.id)/\(cut.name)"] = Data(buffer)
        }
    }
    return rows
}

extension Scratch {
    /// Writes a shard of `cache` anew, as if its rows had been computed on something else; on `[]`, as before shards recorded it.
    func rewriteShard(_ shard: Int, computedOn arithmetic: [String]) throws {
        let path = "\(path)/cache/" + ShardLayout.fileName(shard: shard)
        let reader = try ShardReader(path: path)
        let writer = try ShardWriter(path: path, layout: reader.layout, shard: shard, arithmetic: arithmetic)
        for entry in reader.entries { try writer.appendCopy(entry, from: reader) }
        try writer.finish()
    }

    /// Changes one byte in the middle of an utterance's stored rows in `cache`.
    func flipRow(of id: String, cut: String, shards: Int) throws {
        let name = "cache/" + ShardLayout.fileName(shard: ShardLayout.shardIndex(id: id, shardCount: shards))
        let reader = try ShardReader(path: "\(path)/\(name)")
        let row = try #require(reader.index(of: id))
        var stored = [UInt8](repeating: 0, count: reader.byteCount(cut: cut, utterance: row))
        try stored.withUnsafeMutableBytes { try reader.readRows(cut: cut, utterance: row, into: $0) }
        var data = try bytes(name)
        let place = try #require(data.range(of: Data(stored)))
        data[place.lowerBound + stored.count / 2] ^= 0xff
        try write(name, data)
    }
}
