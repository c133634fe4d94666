import Foundation

/// A whole cache opened for training: `cache.json` and every shard that it lists.
public final class FeatureCache: Sendable {
    public let directory: String
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
        try FeatureCache(directory: directory)
    }

    private init(directory: String) throws(StoreError) {
        self.directory = directory
        description = try CacheDescription.read(directory: directory)
        guard !description.shards.isEmpty else {
            let path = (directory as NSString).appendingPathComponent(CacheDescription.fileName)
            throw .description(path: path, key: "shards", detail: "lists no shard")
        }
        let layout = ShardLayout(
            key: description.key, storage: description.storage, cuts: description.cuts,
            sampleRateHz: description.preprocessing.sampleRateHz, hopSamples: description.preprocessing.hopSamples,
            pool: description.pool, shardCount: description.shards.count)
        var readers: [ShardReader] = []
        var utterances: [Utterance] = []
        var indexOfId: [String: Int] = [:]
        for (number, shard) in description.shards.enumerated() {
            let reader = try ShardReader(path: (directory as NSString).appendingPathComponent(shard.file))
            try reader.require(layout, shard: number)
            for (row, entry) in reader.entries.enumerated() {
                guard indexOfId.updateValue(utterances.count, forKey: entry.id) == nil else {
                    throw .duplicate(id: entry.id, path: reader.path)
                }
                utterances.append(Utterance(entry: entry, shard: number, row: row))
            }
            readers.append(reader)
        }
        shards = readers
        self.utterances = utterances
        self.indexOfId = indexOfId
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

    /// The rows of one utterance as they are stored, in `description.storage`, into exactly as many bytes as they take;
    /// `StorageFormat.decode` makes float32 of them.
    ///
    /// - Throws: as `rows(id:cut:)`.
    public func readRows(
        _ utterance: Utterance, cut: String, into out: UnsafeMutableRawBufferPointer
    ) throws(StoreError) {
        try shards[utterance.shard].readRows(cut: cut, utterance: utterance.row, into: out)
    }

    /// Compares every stored row with its checksum. Reads the whole cache once.
    public func verify() throws(StoreError) -> [ShardReader.Mismatch] {
        var mismatches: [ShardReader.Mismatch] = []
        for shard in shards { mismatches += try shard.verify() }
        return mismatches
    }
}
