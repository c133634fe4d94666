import Corpus
import FeatureStore
import Foundation

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
    /// How much work an unkind end may cost, beyond the utterances that are just being computed.
    public var segmentDuration: Duration
    /// Whether rows of utterances that the manifest no longer has go.
    public var prunes: Bool
    /// Whether `corpus.csv`, `rejects.csv`, `cache.json` and messages name no audio file: ids stand for them.
    public var withholdsPaths: Bool
    /// What the encoder's products run on, in words, for shards to record; nil: not known.
    public var arithmetic: String?

    public init(
        directory: String, layout: ShardLayout, onlyShard: Int? = nil, workerCount: Int,
        rejectLimit: RejectLimit = .count(0), segmentDuration: Duration = .seconds(30), prunes: Bool = false,
        withholdsPaths: Bool = false, arithmetic: String? = nil
    ) {
        precondition(workerCount > 0, "at least one worker")
        self.directory = directory
        self.layout = layout
        self.onlyShard = onlyShard
        self.workerCount = workerCount
        self.rejectLimit = rejectLimit
        self.segmentDuration = segmentDuration
        self.prunes = prunes
        self.withholdsPaths = withholdsPaths
        self.arithmetic = arithmetic
    }

    /// Of a file of the cache.
    func path(_ name: String) -> String { (directory as NSString).appendingPathComponent(name) }

    /// 16 MiB of decoded samples, some four minutes, are enough to ride out a slow disk; 64 MiB of computed rows, to ride
    /// out the sealing of a segment.
    var lineLimits: ComputeLineLimits {
        let rowBytesPerSample = layout.cuts.reduce(0) { $0 + 4 * $1.hiddenSize } / layout.hopSamples + 1
        // As many decoders as workers: one that waits for a file costs nothing, and decoding is a hundredth of the work.
        return ComputeLineLimits(
            workerCount: workerCount, decoderCount: max(2, workerCount), decodedSamples: (16 << 20) / 4,
            computedSamples: (64 << 20) / rowBytesPerSample)
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
