import Corpus
import FeatureStore
import Foundation

/// What is to be done for one shard, found out without decoding anything.
struct ShardPlan: Sendable {
    /// What is to be done for one utterance.
    enum Action: Sendable {
        /// Its rows are in this file, and its recording has not been touched since.
        case reuse(ShardReader)
        /// Its rows are in one of these files, but the recording's size or time has changed: decode it and compare
        /// hashes.
        case confirm([ShardReader])
        case compute
    }

    struct Item: Sendable {
        var utterance: Utterance
        /// Nil if the recording is not there.
        var stamp: FileStamp?
        var action: Action
    }

    var shard: Int
    var path: String
    /// Of this shard, in the manifest's order.
    var items: [Item]
    /// The shard as it is on the disk.
    var existing: ShardReader?
    /// What an interrupted run has computed, newest first.
    var segments: [ShardReader]
    /// Utterances of `existing` that the manifest no longer has; they stay.
    var kept: [UtteranceEntry]

    /// Whether the file on the disk is already what this plan would make.
    var isDone: Bool {
        guard let existing else { return false }
        return items.allSatisfy { item in
            if case .reuse(let reader) = item.action { return reader === existing }
            return false
        }
    }

    /// Segments already there, so that a new one gets a new name.
    static func segmentPaths(of shardPath: String) -> [String] {
        let folder = (shardPath as NSString).deletingLastPathComponent
        let prefix = (shardPath as NSString).lastPathComponent + ".segment-"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.filter { $0.hasPrefix(prefix) && Int($0.dropFirst(prefix.count)) != nil }.sorted()
            .map { (folder as NSString).appendingPathComponent($0) }
    }

    static func segmentPath(of shardPath: String, number: Int) -> String {
        let digits = String(number)
        return "\(shardPath).segment-" + String(repeating: "0", count: max(0, 6 - digits.count)) + digits
    }

    /// Looks at the folder and at every recording's size and time.
    ///
    /// - Parameter members: the manifest's utterances that belong to this shard, in order.
    /// - Throws: `StoreError` if a file in the folder belongs to another cache, or the shard is damaged.
    static func make(
        shard: Int, directory: String, layout: ShardLayout, members: [Utterance], recordings: some RecordingSource,
        onMessage: (String) -> Void
    ) throws(StoreError) -> ShardPlan {
        let path = (directory as NSString).appendingPathComponent(ShardLayout.fileName(shard: shard))
        var existing: ShardReader?
        if FileManager.default.fileExists(atPath: path) {
            let reader = try ShardReader(path: path)
            try reader.require(layout, shard: shard)
            existing = reader
        }
        var segments: [ShardReader] = []
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
            segments.append(reader)
        }
        let sources = segments + (existing.map { [$0] } ?? [])
        let items = members.map { utterance in
            let stamp = recordings.stamp(utterance.audioPath)
            return Item(utterance: utterance, stamp: stamp, action: action(utterance.id, stamp, sources))
        }
        let wanted = Set(members.map(\.id))
        let kept = existing?.entries.filter { !wanted.contains($0.id) } ?? []
        return ShardPlan(
            shard: shard, path: path, items: items, existing: existing, segments: segments, kept: kept)
    }

    private static func action(_ id: String, _ stamp: FileStamp?, _ sources: [ShardReader]) -> Action {
        let having = sources.filter { $0.index(of: id) != nil }
        guard let newest = having.first else { return .compute }
        // The recording may be gone: training needs the features only, so they are kept.
        guard let stamp else { return .reuse(newest) }
        let untouched = having.first { source in
            let entry = source.entries[source.index(of: id)!]
            return entry.fileByteCount == stamp.byteCount && entry.fileModifiedNanoseconds == stamp.modifiedNanoseconds
        }
        return untouched.map { .reuse($0) } ?? .confirm(having)
    }
}
