import Corpus
import FeatureStore
import Files
import Foundation

/// Takes what is damaged out of a cache's folder, so that an ordinary run of stage one finds it missing and computes
/// it again. Nothing sound is lost, whatever interrupts it: a shard is the old one or the new one at any moment.
public struct Salvage: Sendable {
    /// What a shard that is of no use is called from then on, after its own name.
    static let suffix = ".damaged"

    private let directory: String
    private let layout: ShardLayout
    private let observer: CachingObserver

    public init(directory: String, layout: ShardLayout, observer: CachingObserver) {
        self.directory = directory
        self.layout = layout
        self.observer = observer
    }

    /// Writes a shard anew without some of its utterances. The rows of all others are copied as they are, each checked
    /// against its checksum.
    ///
    /// - Throws: `StoreError` if the shard cannot be opened, one of the other utterances is damaged, or the shard
    ///   cannot be written; `CachingError.interrupted`.
    public func takeOut(_ ids: Set<String>, ofShard shard: Int) throws {
        let path = (directory as NSString).appendingPathComponent(ShardLayout.fileName(shard: shard))
        let lock = try lock(path)
        let reader = try ShardReader(path: path)
        try reader.require(layout, shard: shard)
        let writer = try ShardWriter(path: path, layout: layout, shard: shard, arithmetic: reader.arithmetic)
        for entry in reader.entries where !ids.contains(entry.id) {
            if observer.shouldStop() { throw CachingError.interrupted }
            try writer.appendCopy(entry, from: reader)
        }
        try writer.finish()
        _ = consume lock
    }

    /// Gives a shard of which nothing can be used another name: `shard-00003.h5.damaged`, or with a number where
    /// that is taken.
    ///
    /// - Returns: the new name; nil if another process has replaced the shard or taken it away in the meantime, so that what is there
    ///   now is not what was found wanting.
    /// - Throws: `StoreError.cannotWrite`; `CachingError.interrupted`.
    public func setAside(_ name: String) throws -> String? {
        func path(_ name: String) -> String { (directory as NSString).appendingPathComponent(name) }
        let before = FileStamp(path: path(name))
        let lock = try lock(path(name))
        guard FileStamp(path: path(name)) == before, before != nil else { return nil }
        var aside = name + Salvage.suffix
        var number = 1
        while FileManager.default.fileExists(atPath: path(aside)) {
            number += 1
            aside = name + Salvage.suffix + "-\(number)"
        }
        guard rename(path(name), path(aside)) == 0 else {
            throw StoreError.cannotWrite(path: path(aside), detail: lastSystemError())
        }
        _ = consume lock
        return aside
    }

    /// A shard is another process's while that makes it.
    private func lock(_ path: String) throws(CachingError) -> FileLock {
        try WriterLock.acquire(
            for: path,
            onWait: { observer.onMessage("\(path): another process is making this shard; waiting for it") },
            shouldStop: observer.shouldStop)
    }
}

/// The recordings of a repair: only those that are to be computed are there to be looked at. Stage one keeps the rows of
/// all others without asking whether their files have been touched since, as it does where a recording is gone.
public struct RecordingsToRepair: RecordingSource {
    private let base: any RecordingSource
    private let spans: Set<AudioSpan>

    /// - Parameters:
    ///   - base: looks at the recordings and decodes them.
    ///   - spans: where the utterances that are to be computed are heard.
    public init(_ base: any RecordingSource, only spans: Set<AudioSpan>) {
        self.base = base
        self.spans = spans
    }

    public func stamp(_ span: AudioSpan) -> FileStamp? { spans.contains(span) ? base.stamp(span) : nil }
    public func probe(_ span: AudioSpan) throws -> Double? { try base.probe(span) }
    public func decode(_ span: AudioSpan) throws -> DecodedRecording { try base.decode(span) }
}
