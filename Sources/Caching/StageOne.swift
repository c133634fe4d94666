import Corpus
import FeatureStore
import Files
import Foundation

/// Stage one: from a corpus and a frozen encoder to shards.
///
/// Independent of what the model is and of how progress is shown; `undertone-cache` brings both.
public struct StageOne: Sendable {
    public let manifest: CorpusManifest
    public let settings: CachingSettings
    public let recordings: any RecordingSource
    public let observer: CachingObserver

    public init(
        manifest: CorpusManifest, settings: CachingSettings, recordings: any RecordingSource,
        observer: CachingObserver = CachingObserver()
    ) {
        self.manifest = manifest
        self.settings = settings
        self.recordings = recordings
        self.observer = observer
    }

    /// How many shards the cache in a folder has, whole or begun; nil if there is none that can be read.
    public static func shardCount(ofCacheIn directory: String) -> Int? {
        if let description = try? CacheDescription.read(directory: directory) { return description.shards.count }
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        for name in names.sorted()
        where name.hasPrefix("shard-") && (name.hasSuffix(".h5") || name.contains(".segment-")) {
            let path = (directory as NSString).appendingPathComponent(name)
            if let reader = try? ShardReader(path: path) { return reader.layout.shardCount }
        }
        return nil
    }

    var shardNumbers: [Int] { settings.onlyShard.map { [$0] } ?? Array(0..<settings.layout.shardCount) }

    /// The manifest's utterances by shard, in the manifest's order.
    func membersByShard() -> [[Utterance]] {
        var members = [[Utterance]](repeating: [], count: settings.layout.shardCount)
        for utterance in manifest.utterances {
            members[ShardLayout.shardIndex(id: utterance.id, shardCount: members.count)].append(utterance)
        }
        return members
    }

    func plan(_ shard: Int, _ members: [Utterance]) throws(StoreError) -> ShardPlan {
        try ShardPlan.make(
            shard: shard, settings: settings, members: members, recordings: recordings, onMessage: observer.onMessage)
    }

    // MARK: - The work

    /// Makes the cache's folder where it is not there yet, so that one which cannot be written is known before any
    /// compute.
    ///
    /// - Throws: `StoreError.cannotWrite`.
    public func makeDirectory() throws(StoreError) {
        let path = settings.directory
        var isDirectory: ObjCBool = false
        if FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) {
            guard isDirectory.boolValue else {
                throw .cannotWrite(path: path, detail: "it is a file; --out wants a folder")
            }
        } else {
            // FileManager's own words say neither which folder nor why.
            var made = path.hasPrefix("/") ? "/" : ""
            for component in path.split(separator: "/") {
                made += component
                if mkdir(made, 0o777) == 0 {
                    // Else a power failure could take the folder, with everything that was safely written into it.
                    try writing(as: StoreError.self) { () throws(WriteFailure) in
                        try TemporaryName.flushFolder(of: made)
                    }
                } else if errno != EEXIST {
                    throw .cannotWrite(path: path, detail: lastSystemError())
                }
                made += "/"
            }
        }
        guard access(path, W_OK | X_OK) == 0 else {
            throw .cannotWrite(path: path, detail: lastSystemError())
        }
    }

    /// Makes the shards asked for, each whole or not at all.
    ///
    /// - Parameters:
    ///   - survey: what `survey()` returned.
    ///   - encoder: gives rows at every cut of the layout; called by several workers at once.
    /// - Throws: `CachingError.interrupted` when asked to stop: what is computed is kept; `StoreError` when a value
    ///   cannot be stored or a file not be written; what the encoder throws. Rejects are no errors here: see
    ///   `CachingSummary.rejects`.
    public func makeShards(_ survey: CachingSurvey, encoder: any FrozenEncoder) throws -> CachingSummary {
        let begin = ContinuousClock.now
        try makeDirectory()
        let maker = ShardMaker(
            settings: settings, encoder: encoder, recordings: recordings, observer: observer, survey: survey)
        var summary = CachingSummary()
        let members = membersByShard()
        for shard in shardNumbers {
            if observer.shouldStop() { throw CachingError.interrupted }
            let path = settings.path(ShardLayout.fileName(shard: shard))
            let lock = try WriterLock.acquire(
                for: path,
                onWait: { observer.onMessage("\(path): another process is making this shard; waiting for it") },
                shouldStop: observer.shouldStop)
            // Planned again under the lock: another process may have made the shard since the survey.
            let plan = try plan(shard, members[shard])
            let outcome = try maker.make(plan)
            _ = consume lock
            summary.computed += outcome.computed
            summary.reused += outcome.reused
            summary.absent += plan.kept.count
            summary.dropped += plan.droppedCount
            summary.computedSeconds += outcome.computedSeconds
            summary.rejects += outcome.rejects
        }
        try addShards(to: &summary)
        summary.rejects.sort { $0.line < $1.line }
        summary.elapsedSeconds = begin.duration(to: .now) / .seconds(1)
        return summary
    }

    /// Fills in what the summary says of the shards, as they are on the disk now.
    private func addShards(to summary: inout CachingSummary) throws(StoreError) {
        (summary.shards, summary.utterances, summary.frames, summary.bytes, summary.seconds) = ([], 0, 0, 0, 0)
        (summary.fingerprint, summary.arithmetic) = (0, [])
        for shard in shardNumbers { try add(settings.path(ShardLayout.fileName(shard: shard)), to: &summary) }
    }

    private func add(_ path: String, to summary: inout CachingSummary) throws(StoreError) {
        let reader = try ShardReader(path: path)
        let bytes = FileStamp(path: path)?.byteCount ?? 0
        summary.shards.append(
            .init(
                file: PathParts(path).name, utterances: reader.entries.count, frames: reader.rowCount,
                bytes: bytes))
        summary.utterances += reader.entries.count
        summary.frames += reader.rowCount
        summary.bytes += bytes
        summary.fingerprint &+= reader.fingerprint
        summary.arithmetic.formUnion(reader.arithmetic)
        let samples = reader.entries.reduce(0) { $0 + $1.sampleCount }
        summary.seconds += Double(samples) / Double(settings.layout.sampleRateHz)
    }

    /// Does what makes a folder of shards a cache, one process at a time, and writes `corpus.csv` and `rejects.csv`, the corpus's own
    /// `corpus.json` if it has one, and `cache.json` last, which makes the cache whole.
    ///
    /// - Parameters:
    ///   - summary: what `makeShards` returned; its shards are looked at again, for another process may have added to them.
    ///   - describe: writes what belongs beside the shards and describes them.
    /// - Throws: `CachingError.interrupted` when asked to stop while another process is at it; `StoreError.cannotWrite`; what
    ///   `describe` throws.
    public func finish(
        _ summary: inout CachingSummary, describe: (CachingSummary) throws -> CacheDescription
    ) throws {
        let lock = try finishingLock()
        try addShards(to: &summary)
        let description = try describe(summary)
        let kept = keptManifest()
        try kept.write(to: settings.path("corpus.csv"))
        try keepCorpusNote()
        try writeRejects(summary, of: kept)
        try description.write(directory: settings.directory)
        _ = consume lock
    }

    /// Leaves the shards without a description, and says in `rejects.csv` why. One of before would not be that of what lies there now.
    ///
    /// - Throws: as `finish`.
    public func leaveUnfinished(_ summary: CachingSummary) throws {
        let lock = try finishingLock()
        let path = settings.path(CacheDescription.fileName)
        guard unlink(path) == 0 || errno == ENOENT else {
            throw StoreError.cannotWrite(path: path, detail: String(cString: strerror(errno)))
        }
        try writeRejects(summary, of: keptManifest())
        _ = consume lock
    }

    private func finishingLock() throws -> FileLock {
        try WriterLock.acquire(
            for: settings.path(CacheDescription.fileName),
            onWait: {
                observer.onMessage("\(settings.directory): another process is finishing this cache; waiting for it")
            },
            shouldStop: observer.shouldStop)
    }

    /// The manifest as the cache shows it.
    private func keptManifest() -> CorpusManifest {
        settings.withholdsPaths ? manifest.withholdingPaths() : manifest
    }

    private func writeRejects(_ summary: CachingSummary, of manifest: CorpusManifest) throws(StoreError) {
        let pathOfId = Dictionary(manifest.utterances.map { ($0.id, $0.path) }) { first, _ in first }
        try writing(as: StoreError.self) { () throws(WriteFailure) in
            try AtomicFile.write(
                Reject.csv(summary.rejects, pathOfId: pathOfId), to: settings.path("rejects.csv"))
        }
    }

    /// Whether the user allows so many rejects. The whole corpus is judged, by the run that completes the cache. A run for one shard
    /// sees too few recordings to say what share of them is bad, and Make deletes the target of a rule that fails: the shard, with
    /// all that was computed for it.
    public func allowsRejects(of summary: CachingSummary) -> Bool {
        settings.onlyShard != nil
            || settings.rejectLimit.allows(summary.rejects.count, of: summary.recordingCount)
    }

    /// - Throws: `CachingError.rejects` if there are more than the user allows.
    public func checkRejects(_ summary: CachingSummary) throws(CachingError) {
        guard !allowsRejects(of: summary) else { return }
        throw .rejects(
            count: summary.rejects.count, total: summary.recordingCount, limit: settings.rejectLimit,
            areAllMissing: summary.rejects.allSatisfy(\.isMissing),
            listedIn: settings.path("rejects.csv"))
    }
}
