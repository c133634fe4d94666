import Caching
import FeatureStore
import Foundation
import Synchronization

/// Compares a cache with all that it records about itself: checksums, keys, counts, and which utterance belongs where.
///
/// Nothing that is damaged keeps the rest from being looked at, and nothing is changed.
public struct CacheVerifier: Sendable {
    public let directory: String
    /// Nil if `cache.json` is missing or cannot be understood.
    public let description: CacheDescription?
    /// What is left to read: the shards that could be opened.
    private let shards: [OpenShard]
    /// The shards that a cache of this kind has and whose utterances cannot be known.
    private let unknownShards: [Int: String]
    private let shardCount: Int
    private let findings: [Finding]

    struct OpenShard: Sendable {
        var number: Int
        var file: String
        var reader: ShardReader
    }

    /// Utterances whose rows `verify` is going to read, and what those take.
    public var utteranceCount: Int { shards.reduce(0) { $0 + $1.reader.entries.count } }
    public var byteCount: Int {
        shards.reduce(0) { $0 + $1.reader.rowCount * $1.reader.layout.bytesPerFrame }
    }

    /// The entries of the shards that can be used, by shard.
    public var entries: [Int: [UtteranceEntry]] {
        Dictionary(uniqueKeysWithValues: shards.map { ($0.number, $0.reader.entries) })
    }

    /// Looks at the folder and opens every shard, which reads their indices and no rows.
    ///
    /// - Throws: `InspectionError.noCache`.
    public init(directory: String) throws(InspectionError) {
        self.directory = directory
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: directory) else {
            throw .noCache(directory: directory, detail: "no such folder, or it cannot be read")
        }
        let present = Set(names.compactMap { if case .shard(let number) = CacheFile(name: $0) { number } else { nil } })
        guard names.contains(CacheDescription.fileName) || !present.isEmpty else {
            throw .noCache(directory: directory, detail: "holds neither cache.json nor a shard")
        }
        var folder = FolderCheck(directory: directory, names: names.sorted())
        description = folder.readDescription()
        folder.openShards(present: present, description: description)
        folder.noteLeftovers()
        shards = folder.shards
        unknownShards = folder.unknownShards
        shardCount = folder.shardCount
        findings = folder.findings
    }

    /// Reads everything.
    ///
    /// Shards are read side by side: HDF5 lets one thread at a time read, and the others' checksums are computed
    /// meanwhile.
    /// - Parameters:
    ///   - shouldStop: asked before each utterance, from several threads.
    ///   - onProgress: so many utterances more have been read, and so many bytes; called from several threads.
    /// - Throws: `InspectionError.interrupted`.
    public func verify(
        shouldStop: @escaping @Sendable () -> Bool = { false },
        onProgress: @escaping @Sendable (_ utterances: Int, _ bytes: Int) -> Void = { _, _ in }
    ) throws(InspectionError) -> CacheVerification {
        let begin = ContinuousClock.now
        let results = Mutex([[Finding]](repeating: [], count: shards.count))
        DispatchQueue.concurrentPerform(iterations: shards.count) { index in
            let found = RowCheck(shard: shards[index]).run(shouldStop: shouldStop, onProgress: onProgress)
            results.withLock { $0[index] = found }
        }
        if shouldStop() { throw .interrupted }
        var findings = findings + results.withLock { $0.flatMap(\.self) }
        findings += PlaceCheck(shards: shards, shardCount: shardCount).findings
        if let description {
            findings += CountCheck(description: description, shards: shards, directory: directory).findings
            findings += UpperWeightsCheck(directory: directory, description: description).findings
            let members = MemberCheck(
                directory: directory, cached: Set(shards.flatMap { $0.reader.entries.map(\.id) }),
                unknownShards: unknownShards, shardCount: shardCount)
            findings += members.findings
        }
        if shouldStop() { throw .interrupted }
        // Swift's sort is stable in practice but not by contract: the order of discovery breaks ties.
        let ordered = findings.enumerated().sorted { a, b in
            (a.element.isDamage ? 0 : 1, a.element.file, a.offset) < (
                b.element.isDamage ? 0 : 1, b.element.file, b.offset
            )
        }
        return CacheVerification(
            findings: ordered.map(\.element), shards: shards.count, utterances: utteranceCount, bytes: byteCount,
            elapsedSeconds: begin.duration(to: .now) / .seconds(1))
    }
}
