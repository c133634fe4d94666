import Corpus
import FeatureStore

/// What is known before any compute.
public struct CachingSurvey: Sendable {
    /// Of the shards asked for.
    public var utteranceCount = 0
    /// Shards that are not yet as they should be.
    public var shardsToDo: [Int] = []
    /// Utterances whose recording must be decoded.
    public var pendingCount = 0
    /// Those that are not rejected already, of the shard that has most of them: shards are made one after the other, so no more are
    /// ever computed at the same time.
    public var mostPendingOfShard = 0
    /// Of those pending, by their headers; where a header does not say, nothing.
    public var pendingSeconds = 0.0
    /// Of those, when stored.
    public var pendingBytes = 0
    /// The most bytes that the run takes on the disk at any moment, beyond what is there now: until a shard has been put
    /// together, its segments lie beside it. Rows of touched recordings are taken to stay as they are.
    public var peakBytes = 0
    /// Cached utterances that the manifest no longer has.
    public var absentCount = 0
    /// Recordings whose header already shows that they cannot be used, in the manifest's order.
    public var rejects: [Reject] = []
    /// The same by the utterance's id.
    var rejectOfId: [String: Reject] = [:]
    /// Length of each pending recording whose header says it, by the utterance's id.
    public private(set) var secondsOfId: [String: Double] = [:]

    /// How many utterances are computed at the same time by so many workers.
    public func concurrency(workerCount: Int) -> Int { max(1, min(workerCount, mostPendingOfShard)) }

    /// Cores for each utterance: of the workers' cores, fewer utterances, such as a recording of an hour alone, leave none idle,
    /// and nothing uses more. The rows are the same bits.
    public func threadsPerUtterance(workerCount: Int) -> Int {
        max(1, workerCount / concurrency(workerCount: workerCount))
    }

    mutating func addPending(_ utterance: Utterance, seconds: Double?) {
        pendingCount += 1
        guard let seconds else { return }
        pendingSeconds += seconds
        secondsOfId[utterance.id] = seconds
    }
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
    /// Cached utterances that the manifest no longer has: kept, unless the user has them dropped.
    public var absent = 0
    public var dropped = 0
    /// Of audio that went through the encoder.
    public var computedSeconds = 0.0
    public var elapsedSeconds = 0.0
    /// In the manifest's order.
    public var rejects: [Reject] = []
    public var shards: [CacheDescription.Shard] = []
    /// Tells the rows of these shards from others: `ShardReader.fingerprint`, summed.
    public var fingerprint: UInt64 = 0
    /// What they were computed on: `ShardReader.arithmetic`, of all of them.
    public var arithmetic: Set<String> = []

    /// How many recordings were looked at.
    var recordingCount: Int { computed + reused + rejects.count }
}
