import Files
import Foundation

/// A whole cache opened for training: `cache.json` and every shard that it lists; or several, of different corpora, as one.
public final class FeatureCache: Sendable {
    /// Of several, the first.
    public let directory: String
    /// Of several, the first one's.
    public let description: CacheDescription
    public let shards: [ShardReader]
    /// Every utterance, in the order of the shards.
    public let utterances: [Utterance]
    private let indexOfId: [String: Int]

    /// Where one utterance lies.
    public struct Utterance: Sendable, Hashable {
        public var entry: UtteranceEntry
        /// Index into `shards`.
        public var shard: Int
        /// Index into that shard's entries.
        public var row: Int
    }

    /// Opens a cache and checks that every shard is there, whole, and of this cache.
    ///
    /// - Throws: `StoreError`, naming the file: `.missing`, `.damaged`, `.wrongKey`, `.wrongPlace`, `.duplicate`, …
    public static func open(directory: String) throws(StoreError) -> FeatureCache {
        try FeatureCache(directories: [directory])
    }

    /// Opens caches of different corpora as one.
    ///
    /// - Parameter directories: at least one.
    /// - Throws: as `open(directory:)`; `.notAlike` where they were made by different models or settings, `.duplicate` where
    ///   two have an utterance of the same id.
    public static func open(directories: [String]) throws(StoreError) -> FeatureCache {
        try FeatureCache(directories: directories)
    }

    private init(directories: [String]) throws(StoreError) {
        precondition(!directories.isEmpty, "no cache to open")
        var descriptions: [CacheDescription] = []
        var readers: [ShardReader] = []
        var utterances: [Utterance] = []
        var indexOfId: [String: Int] = [:]
        for directory in directories {
            let description = try CacheDescription.read(directory: directory)
            let path = (directory as NSString).appendingPathComponent(CacheDescription.fileName)
            if let first = descriptions.first {
                try description.requireSameModel(as: first, path: path, other: directories[0])
            }
            descriptions.append(description)
            let those = try Self.readers(
                of: description, directory: directory, path: path, othersOpen: readers.count)
            for reader in those {
                for (row, entry) in reader.entries.enumerated() {
                    guard indexOfId.updateValue(utterances.count, forKey: entry.id) == nil else {
                        throw .duplicate(id: entry.id, path: reader.path)
                    }
                    utterances.append(Utterance(entry: entry, shard: readers.count, row: row))
                }
                readers.append(reader)
            }
        }
        directory = directories[0]
        description = descriptions[0]
        shards = readers
        self.utterances = utterances
        self.indexOfId = indexOfId
    }

    private static func readers(
        of description: CacheDescription, directory: String, path: String, othersOpen: Int
    ) throws(StoreError) -> [ShardReader] {
        guard !description.shards.isEmpty else {
            throw .description(path: path, key: "shards", detail: "lists no shard")
        }
        let layout = ShardLayout(
            key: description.key, storage: description.storage, cuts: description.cuts,
            sampleRateHz: description.preprocessing.sampleRateHz, hopSamples: description.preprocessing.hopSamples,
            pool: description.pool, shardCount: description.shards.count)
        // Each stays open, those of the caches before it, too.
        allowOpenFiles(othersOpen + description.shards.count)
        var readers: [ShardReader] = []
        for (number, shard) in description.shards.enumerated() {
            let reader = try ShardReader(path: (directory as NSString).appendingPathComponent(shard.file))
            try reader.require(layout, shard: number)
            readers.append(reader)
        }
        return readers
    }

    /// Index into `utterances`, or nil if the cache does not have it.
    public func index(of id: String) -> Int? { indexOfId[id] }

    public func utterance(id: String) throws(StoreError) -> Utterance {
        guard let index = indexOfId[id] else { throw .unknownUtterance(id: id, path: directory) }
        return utterances[index]
    }

    /// The rows of one utterance as float32, `[frameCount, hiddenSize]`.
    ///
    /// - Throws: `StoreError.unknownUtterance`, `.unknownCut`, `.damaged`.
    public func rows(id: String, cut: String) throws(StoreError) -> [Float] {
        let place = try utterance(id: id)
        return try shards[place.shard].readFloats(cut: cut, utterance: place.row)
    }

    /// The rows of one utterance, or its first ones, as they are stored, in `description.storage`, into exactly as many bytes as they
    /// take; `StorageFormat.decode` makes float32 of them.
    ///
    /// - Throws: as `rows(id:cut:)`.
    public func readRows(
        _ utterance: Utterance, first rowCount: Int? = nil, cut: String, into out: UnsafeMutableRawBufferPointer
    ) throws(StoreError) {
        try shards[utterance.shard].readRows(cut: cut, utterance: utterance.row, first: rowCount, into: out)
    }

    /// Compares every stored row with its checksum. Reads the whole cache once.
    public func verify() throws(StoreError) -> [ShardReader.Mismatch] {
        var mismatches: [ShardReader.Mismatch] = []
        for shard in shards { mismatches += try shard.verify() }
        return mismatches
    }
}

extension CacheDescription {
    /// Rows of two caches can be trained on together only if everything that determines them is the same, and the layers above
    /// them too.
    fileprivate func requireSameModel(
        as first: CacheDescription, path: String, other: String
    ) throws(StoreError) {
        var reasons = key.explainDifference(wanted: first.key)
        if reasons.isEmpty, upperSHA256 != first.upperSHA256 { reasons = ["the weights above the cut differ"] }
        guard reasons.isEmpty else { throw .notAlike(path: path, other: other, reasons: reasons) }
    }
}
