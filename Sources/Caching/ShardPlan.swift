import Corpus
import FeatureStore
import Files
import Foundation

/// What is to be done for one shard, found out without decoding anything.
struct ShardPlan: Sendable {
    /// What is to be done for one utterance.
    enum Action: Sendable {
        /// Its rows are in this file, and its recording is under the same path and has not been touched since.
        case reuse(StoredShard)
        /// Its rows are in one of these files, but the recording's path, size or time has changed: decode it and compare
        /// hashes.
        case confirm([StoredShard])
        case compute
    }

    struct Item: Sendable {
        var utterance: Utterance
        /// Of the recording as this utterance's; nil if it is not there.
        var stamp: FileStamp?
        var action: Action
    }

    var shard: Int
    var path: String
    /// Of this shard, in the manifest's order.
    var items: [Item]
    /// The shard as it is on the disk.
    var existing: StoredShard?
    /// Utterances that the manifest no longer has, and that stay.
    var kept: [(entry: UtteranceEntry, file: StoredShard)]
    /// Utterances that the manifest no longer has, and that go because the user says so.
    var droppedCount: Int

    /// Whether the file on the disk is already what this plan would make.
    var isDone: Bool {
        guard let existing, droppedCount == 0, kept.allSatisfy({ $0.file === existing }) else { return false }
        return items.allSatisfy { item in
            if case .reuse(let file) = item.action { return file === existing }
            return false
        }
    }

    /// Segments already there, so that a new one gets a new name.
    static func segmentPaths(of shardPath: String) -> [String] {
        let shard = PathParts(shardPath)
        let prefix = shard.name + ".segment-"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: shard.folder)) ?? []
        return names.filter { $0.hasPrefix(prefix) && Int($0.dropFirst(prefix.count)) != nil }.sorted()
            .map { "\(shard.folder)/\($0)" }
    }

    static func segmentPath(of shardPath: String, number: Int) -> String {
        let digits = String(number)
        return "\(shardPath).segment-" + String(repeating: "0", count: max(0, 6 - digits.count)) + digits
    }

    /// Looks at the folder and at every recording's path, size and time.
    ///
    /// - Parameter members: the manifest's utterances that belong to this shard, in order.
    /// - Throws: `StoreError` if a file in the folder belongs to another cache, or the shard is damaged.
    static func make(
        shard: Int, settings: CachingSettings, members: [Utterance], recordings: some RecordingSource,
        onMessage: (String) -> Void
    ) throws(StoreError) -> ShardPlan {
        let layout = settings.layout
        let path = settings.path(ShardLayout.fileName(shard: shard))
        var existing: StoredShard?
        if FileManager.default.fileExists(atPath: path) {
            let reader = try ShardReader(path: path)
            try reader.require(layout, shard: shard)
            existing = StoredShard(reader)
        }
        // Newest first: what was computed again counts.
        var sources: [StoredShard] = []
        for segment in segmentPaths(of: path).reversed() {
            let reader: ShardReader
            do {
                reader = try ShardReader(path: segment)
            } catch .missing {
                // Another process has just put its shard together.
                continue
            } catch {
                // Nothing is lost but time: what it held is computed again.
                onMessage("\(error); it is not used")
                continue
            }
            try reader.require(layout, shard: shard)
            sources.append(StoredShard(reader))
        }
        if let existing { sources.append(existing) }
        let items = members.map { utterance in
            let stamp = recordings.stamp(utterance.span)?.marked(by: utterance)
            return Item(utterance: utterance, stamp: stamp, action: action(utterance.id, stamp, sources))
        }
        var seen = Set(members.map(\.id))
        var absent: [(UtteranceEntry, StoredShard)] = []
        for source in sources {
            for entry in source.entries where seen.insert(entry.id).inserted { absent.append((entry, source)) }
        }
        return ShardPlan(
            shard: shard, path: path, items: items, existing: existing, kept: settings.prunes ? [] : absent,
            droppedCount: settings.prunes ? absent.count : 0)
    }

    private static func action(_ id: String, _ stamp: FileStamp?, _ sources: [StoredShard]) -> Action {
        let having = sources.filter { $0[id] != nil }
        guard let newest = having.first else { return .compute }
        // The recording may be gone: training needs the features only, so they are kept.
        guard let stamp else { return .reuse(newest) }
        // The same stamp is the same recording: of several, the shard itself, which then need not be written again.
        let untouched = having.last { source in
            source[id]?.fileByteCount == stamp.byteCount
                && source[id]?.fileModifiedNanoseconds == stamp.modifiedNanoseconds
        }
        return untouched.map { .reuse($0) } ?? .confirm(having)
    }
}
