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
