import FeatureStore

/// A shard or a segment on the disk: its index in memory, the file itself open only while rows are read.
///
/// A long run seals thousands of segments. Were they all kept open, it would meet the system's limit on open files.
final class StoredShard: Sendable {
    let path: String
    /// In the file's order.
    let entries: [UtteranceEntry]
    let arithmetic: [String]
    private let rowOfId: [String: Int]

    init(_ reader: ShardReader) {
        path = reader.path
        entries = reader.entries
        arithmetic = reader.arithmetic
        rowOfId = Dictionary(uniqueKeysWithValues: zip(entries.map(\.id), entries.indices))
    }

    /// An utterance's line in the index, nil if it is not there.
    subscript(id: String) -> UtteranceEntry? { rowOfId[id].map { entries[$0] } }
}

/// Opens the files of `StoredShard`s and keeps the last few open: rows are mostly copied in the order in which they were
/// computed.
struct OpenShards {
    private var readers: [ShardReader] = []
    private static let limit = 16

    mutating func reader(of shard: StoredShard) throws(StoreError) -> ShardReader {
        if let open = readers.firstIndex(where: { $0.path == shard.path }) {
            let reader = readers.remove(at: open)
            readers.append(reader)
            return reader
        }
        if readers.count == OpenShards.limit { readers.removeFirst() }
        let reader = try ShardReader(path: shard.path)
        readers.append(reader)
        return reader
    }
}
