import Corpus
import Faults
import FeatureStore
import Files
import Foundation
import Synchronization

/// What stage one is asked to do.
public struct CachingSettings: Sendable {
    /// The cache's folder; made if it is not there.
    public var directory: String
    public var layout: ShardLayout
    /// Nil for all.
    public var onlyShard: Int?
    /// Utterances computed at the same time.
    public var workerCount: Int
    public var rejectLimit: RejectLimit
    /// How much work an unkind end may cost.
    public var segmentDuration: Duration

    public init(
        directory: String, layout: ShardLayout, onlyShard: Int? = nil, workerCount: Int,
        rejectLimit: RejectLimit = .count(0), segmentDuration: Duration = .seconds(60)
    ) {
        self.directory = directory
        self.layout = layout
        self.onlyShard = onlyShard
        self.workerCount = workerCount
        self.rejectLimit = rejectLimit
        self.segmentDuration = segmentDuration
    }
}

/// What stage one tells its caller while it works.
public struct CachingObserver: Sendable {
    /// Asked often, from several threads.
    public var shouldStop: @Sendable () -> Bool
    /// So many utterances more are done, and so many audio seconds were computed for them.
    public var onProgress: @Sendable (_ utterances: Int, _ audioSeconds: Double) -> Void
    /// A line for the user.
    public var onMessage: @Sendable (String) -> Void
    public var onReject: @Sendable (Reject) -> Void
    /// Something about a recording that was computed all the same.
    public var onNote: @Sendable (Utterance, RecordingNote) -> Void

    public init(
        shouldStop: @escaping @Sendable () -> Bool = { false },
        onProgress: @escaping @Sendable (Int, Double) -> Void = { _, _ in },
        onMessage: @escaping @Sendable (String) -> Void = { _ in },
        onReject: @escaping @Sendable (Reject) -> Void = { _ in },
        onNote: @escaping @Sendable (Utterance, RecordingNote) -> Void = { _, _ in }
    ) {
        self.shouldStop = shouldStop
        self.onProgress = onProgress
        self.onMessage = onMessage
        self.onReject = onReject
        self.onNote = onNote
    }
}

/// What is known before any compute.
public struct CachingSurvey: Sendable {
    /// Of the shards asked for.
    public var utteranceCount = 0
    /// Shards that are not yet as they should be.
    public var shardsToDo: [Int] = []
    /// Utterances whose recording must be decoded.
    public var pendingCount = 0
    /// Of those, by their headers; where a header does not say, nothing.
    public var pendingSeconds = 0.0
    /// Of those, when stored.
    public var pendingBytes = 0
    /// Recordings whose header already shows that they cannot be used, in the manifest's order.
    public var rejects: [Reject] = []
}

/// What a run did.
public struct CachingSummary: Sendable {
    /// In the shards asked for, kept ones included.
    public var utterances = 0
    public var frames = 0
    /// Of audio.
    public var seconds = 0.0
    /// Of the shard files.
    public var bytes = 0
    public var computed = 0
    public var reused = 0
    /// Of audio that went through the encoder.
    public var computedSeconds = 0.0
    public var elapsedSeconds = 0.0
    /// In the manifest's order.
    public var rejects: [Reject] = []
    public var shards: [CacheDescription.Shard] = []
}

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
        precondition(settings.workerCount > 0, "at least one worker")
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

    private var shardNumbers: [Int] { settings.onlyShard.map { [$0] } ?? Array(0..<settings.layout.shardCount) }

    /// The manifest's utterances by shard, in the manifest's order.
    private func membersByShard() -> [[Utterance]] {
        var members = [[Utterance]](repeating: [], count: settings.layout.shardCount)
        for utterance in manifest.utterances {
            members[ShardLayout.shardIndex(id: utterance.id, shardCount: members.count)].append(utterance)
        }
        return members
    }

    // MARK: - Before any compute

    /// Looks at what is cached, and at the header of every recording that is not.
    ///
    /// - Throws: `StoreError` if the folder holds another cache; `CachingError.nothingUsable`, `.shardNumber`.
    public func survey() throws -> CachingSurvey {
        if let shard = settings.onlyShard, !(0..<settings.layout.shardCount ~= shard) {
            throw CachingError.shardNumber(shard, count: settings.layout.shardCount)
        }
        try refuseAnotherCache()
        if let count = StageOne.shardCount(ofCacheIn: settings.directory), count != settings.layout.shardCount {
            throw CachingError.shardCount(
                directory: settings.directory, found: count, wanted: settings.layout.shardCount)
        }
        var survey = CachingSurvey()
        var pending: [Utterance] = []
        var reusable = 0
        let members = membersByShard()
        for shard in shardNumbers {
            let plan = try self.plan(shard, members[shard])
            survey.utteranceCount += plan.items.count
            if !plan.isDone { survey.shardsToDo.append(shard) }
            for item in plan.items {
                if case .reuse = item.action { reusable += 1 } else { pending.append(item.utterance) }
            }
        }
        survey.pendingCount = pending.count
        for (utterance, header) in zip(pending, probe(pending)) {
            switch header {
            case .success(let seconds):
                let samples = (seconds ?? 0) * Double(settings.layout.sampleRateHz)
                survey.pendingSeconds += seconds ?? 0
                survey.pendingBytes +=
                    Int(samples / Double(settings.layout.hopSamples)) * settings.layout.bytesPerFrame
            case .failure(let error):
                guard let reject = Reject(utterance, error) else { throw error }
                survey.rejects.append(reject)
            }
        }
        survey.rejects.sort { $0.line < $1.line }
        if survey.utteranceCount > 0, reusable == 0, survey.rejects.count == survey.utteranceCount,
            settings.onlyShard == nil
        {
            throw CachingError.nothingUsable(manifest: manifest.path, rejects: survey.rejects)
        }
        return survey
    }

    /// Reads headers on several threads: on a network file system each costs a round trip.
    private func probe(_ utterances: [Utterance]) -> [Result<Double?, any Error>] {
        let results = Mutex([Result<Double?, any Error>](repeating: .success(nil), count: utterances.count))
        DispatchQueue.concurrentPerform(iterations: utterances.count) { index in
            let result = Result { try recordings.probe(utterances[index].audioPath) }
            results.withLock { $0[index] = result }
        }
        return results.withLock { $0 }
    }

    /// A folder belongs to one cache: every shard that is there must be of this one, those that this run leaves alone
    /// too.
    private func refuseAnotherCache() throws {
        let description = (settings.directory as NSString).appendingPathComponent(CacheDescription.fileName)
        if FileManager.default.fileExists(atPath: description) {
            let key = try CacheDescription.read(directory: settings.directory).key
            guard key == settings.layout.key else {
                throw StoreError.wrongKey(
                    path: settings.directory, reasons: key.explainDifference(wanted: settings.layout.key))
            }
        }
        let names = (try? FileManager.default.contentsOfDirectory(atPath: settings.directory)) ?? []
        for name in names.sorted() where name.hasPrefix("shard-") && name.hasSuffix(".h5") {
            let number = Int(name.dropFirst("shard-".count).dropLast(".h5".count)) ?? -1
            let reader = try ShardReader(path: (settings.directory as NSString).appendingPathComponent(name))
            // How many shards there are is said in the user's own terms, not in a file's.
            var layout = settings.layout
            layout.shardCount = reader.layout.shardCount
            try reader.require(layout, shard: number)
        }
    }

    private func plan(_ shard: Int, _ members: [Utterance]) throws(StoreError) -> ShardPlan {
        try ShardPlan.make(
            shard: shard, directory: settings.directory, layout: settings.layout, members: members,
            recordings: recordings, onMessage: observer.onMessage)
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
                made += component + "/"
                guard mkdir(made, 0o777) == 0 || errno == EEXIST else {
                    throw .cannotWrite(path: path, detail: String(cString: strerror(errno)))
                }
            }
        }
        guard access(path, W_OK | X_OK) == 0 else {
            throw .cannotWrite(path: path, detail: String(cString: strerror(errno)))
        }
    }

    /// Makes the shards asked for, each whole or not at all.
    ///
    /// - Parameter survey: what `survey()` returned.
    /// - Throws: `CachingError.interrupted` when asked to stop: what is computed is kept; `StoreError` when a value
    ///   cannot be stored or a file not be written; what the encoder throws. Rejects are no errors here: see
    ///   `CachingSummary.rejects`.
    public func makeShards(_ survey: CachingSurvey, encoder: any FrozenEncoder) throws -> CachingSummary {
        let begin = ContinuousClock.now
        try makeDirectory()
        let maker = ShardMaker(
            settings: settings, encoder: encoder, recordings: recordings, observer: observer,
            probeRejects: Dictionary(survey.rejects.map { ($0.id, $0) }) { first, _ in first })
        var summary = CachingSummary()
        let members = membersByShard()
        for shard in shardNumbers {
            if observer.shouldStop() { throw CachingError.interrupted }
            let path = (settings.directory as NSString).appendingPathComponent(ShardLayout.fileName(shard: shard))
            let lock = try ShardLock.acquire(
                shardPath: path,
                onWait: { observer.onMessage("\(path): another process is making this shard; waiting for it") },
                shouldStop: observer.shouldStop)
            // Planned again under the lock: another process may have made the shard since the survey.
            let outcome = try maker.make(try plan(shard, members[shard]))
            _ = consume lock
            summary.computed += outcome.computed
            summary.reused += outcome.reused
            summary.computedSeconds += outcome.computedSeconds
            summary.rejects += outcome.rejects
            try add(path, to: &summary)
        }
        summary.rejects.sort { $0.line < $1.line }
        summary.elapsedSeconds = begin.duration(to: .now) / .seconds(1)
        return summary
    }

    private func add(_ path: String, to summary: inout CachingSummary) throws(StoreError) {
        let reader = try ShardReader(path: path)
        let bytes = FileStamp(path: path)?.byteCount ?? 0
        summary.shards.append(
            .init(
                file: (path as NSString).lastPathComponent, utterances: reader.entries.count, frames: reader.rowCount,
                bytes: bytes))
        summary.utterances += reader.entries.count
        summary.frames += reader.rowCount
        summary.bytes += bytes
        let samples = reader.entries.reduce(0) { $0 + $1.sampleCount }
        summary.seconds += Double(samples) / Double(settings.layout.sampleRateHz)
    }

    /// Writes `corpus.csv` and `rejects.csv`, and `cache.json` last, which makes the cache whole.
    ///
    /// - Parameter description: with its shards and totals filled in from `summary`.
    public func writeSummaryFiles(_ summary: CachingSummary, description: CacheDescription) throws {
        func path(_ name: String) -> String { (settings.directory as NSString).appendingPathComponent(name) }
        try manifest.write(to: path("corpus.csv"))
        try writing(as: StoreError.self) { () throws(WriteFailure) in
            try AtomicFile.write(Reject.csv(summary.rejects), to: path("rejects.csv"))
        }
        try description.write(directory: settings.directory)
    }

    /// The whole corpus is judged, by the run that completes the cache. A run for one shard sees too few recordings
    /// to say what share of them is bad, and Make deletes the target of a rule that fails: the shard, with all that was
    /// computed for it.
    ///
    /// - Throws: `CachingError.rejects` if there are more than the user allows.
    public func checkRejects(_ summary: CachingSummary) throws(CachingError) {
        guard settings.onlyShard == nil else { return }
        let total = summary.computed + summary.reused + summary.rejects.count
        guard !settings.rejectLimit.allows(summary.rejects.count, of: total) else { return }
        throw .rejects(
            count: summary.rejects.count, total: total, limit: settings.rejectLimit,
            areAllMissing: summary.rejects.allSatisfy(\.isMissing),
            listedIn: (settings.directory as NSString).appendingPathComponent("rejects.csv"))
    }
}
