/// One thing that verifying a cache has found.
public struct Finding: Sendable, Hashable, Encodable {
    public enum Kind: String, Sendable, Hashable, Encodable {
        /// A file that should be there is not.
        case missing
        /// A file is there, and the system or a lock keeps it from being read: it may well be sound.
        case inaccessible
        /// A file is there, but cannot be understood.
        case unreadable
        /// A shard of another cache, or of another place in this one.
        case foreign
        /// Stored rows are not those that were written.
        case rows
        /// An utterance is in a shard that is not its own.
        case misplaced
        /// An utterance of the corpus is neither cached nor rejected.
        case uncached
        /// Two files say different things.
        case contradiction
        /// Of a run that has not ended, or ended unkindly; does no harm.
        case leftover
        /// Worth knowing; does no harm.
        case remark
    }

    public var kind: Kind
    /// Its name in the cache's folder.
    public var file: String
    public var utterance: String?
    /// Those concerned, where it is about rows.
    public var cuts: [String]?
    /// One line, in words.
    public var problem: String

    public init(_ kind: Kind, _ file: String, utterance: String? = nil, cuts: [String]? = nil, _ problem: String) {
        self.kind = kind
        self.file = file
        self.utterance = utterance
        self.cuts = cuts
        self.problem = problem
    }

    /// Whether the cache is not what it should be; else the finding is only good to know.
    public var isDamage: Bool { kind != .leftover && kind != .remark }

    public var line: String { "\(isDamage ? "damaged" : "note"): \(file): \(problem)" }
}
