import Corpus
import FeatureStore

/// What a person wants to know of a cache.
public struct CacheOverview: Sendable, Equatable, Codable {
    public var key: String
    /// As the user named it.
    public var modelSource: String
    /// `model_type` of the model's configuration, such as `wav2vec2`.
    public var family: String
    public var cuts: [CutLayout]
    public var storage: String
    public var compute: String
    public var shards: Int
    public var utterances: Int
    public var frames: Int
    public var audioSeconds: Double
    /// Of all files of the cache on the disk.
    public var bytes: Int
    /// In the order of training, development, tests.
    public var splits: [SplitSummary]
    public var speakers: SpeakerSummary
    /// Cached utterances that `corpus.csv` no longer has; they are in no split.
    public var unlistedUtterances: Int
    /// Nil for an empty cache.
    public var durations: DurationHistogram?
    /// Of the rows that were read, a cut each.
    public var rows: [RowStatistics]
    public var fidelity: CacheDescription.Fidelity?
    public var rejects: [RejectGroup]
}

/// The cached utterances of one split.
public struct SplitSummary: Sendable, Equatable, Codable {
    public var split: String
    public var utterances: Int
    /// Known by name.
    public var speakers: Int
    public var frames: Int
    public var audioSeconds: Double
    /// In the manifest's order; a label that nobody of the split has is there with a count of 0.
    public var labels: [LabelSummary]
}

public struct SpeakerSummary: Sendable, Equatable, Codable {
    public struct Speaker: Sendable, Equatable, Codable {
        public var speaker: String
        public var utterances: Int
        public var audioSeconds: Double
    }

    /// Known by name.
    public var count: Int
    /// All of them, those who speak longest first.
    public var list: [Speaker]
    /// Of the utterances in all, those whose speaker is not named.
    public var unnamedUtterances: Int
}

/// Recordings that could not be cached for one reason.
public struct RejectGroup: Sendable, Equatable, Codable {
    /// Without the path; numbers in which the group's members differ are left out.
    public var reason: String
    public var count: Int
    /// An example.
    public var firstPath: String
}
