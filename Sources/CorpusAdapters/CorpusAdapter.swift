import Corpus

/// Reads a corpus's labels as its makers hand them out.
///
/// An adapter knows one layout on the disk and nothing of manifests: `AssembledCorpus` looks at the audio, finds what is there twice,
/// and writes.
public protocol CorpusAdapter: Sendable {
    /// As in `undertone corpus NAME`.
    static var name: String { get }
    /// What must lie where, for errors.
    static var expectedLayout: String { get }
    /// The folder or file that was given.
    var source: String { get }

    /// - Throws: `AdapterError` where the labels cannot be read at all. What is wrong with a single line is a fault of the
    ///   draft.
    func read() throws(AdapterError) -> CorpusDraft

    /// What is known of the corpus as a whole; nil where that is nothing.
    /// - Throws: as `read` does.
    func about() throws(AdapterError) -> CorpusDescription?
}

/// What the label files say, in their order.
public struct CorpusDraft: Sendable {
    public var labels: [LabelColumn]
    /// Columns of the manifest that are no labels.
    public var others: [String]
    public var rows: [DraftRow] = []
    public var faults: [CorpusFinding] = []
    /// About rows that are no faults for it.
    public var warnings: [CorpusFinding] = []
    /// What the user should know of how labels or splits came about.
    public var remarks: [String] = []

    public init(labels: [LabelColumn], others: [String] = []) {
        self.labels = labels
        self.others = others
    }
}

/// A dimension as the corpus rates it.
public struct LabelColumn: Sendable, Equatable {
    public var name: String
    /// nil if nobody says.
    public var scale: LabelScale?

    public init(_ name: String, scale: LabelScale? = nil) {
        self.name = name
        self.scale = scale
    }
}

/// One utterance.
public struct DraftRow: Sendable {
    public var id: String
    public var span: AudioSpan
    public var split: Split
    /// nil if not known.
    public var speaker: String?
    /// Of the labels and other columns; empty where there is nothing.
    public var cells: [String: String]
    public var origin: Origin
}

/// A line of a label file.
public struct Origin: Sendable, Hashable {
    public var file: String
    /// From 1; of a Parquet file, the row.
    public var line: Int
}

/// Something about one line that the user should know.
public struct CorpusFinding: Sendable, Equatable {
    public enum Kind: String, Sendable, Encodable, CaseIterable {
        /// The line cannot be read, or one of its labels is no number.
        case label
        case split
        case missingFile = "missing_file"
        case duplicateId = "duplicate_id"
        /// The recording cannot be used, by its header.
        case audio
        case outOfScale = "out_of_scale"
        /// The same part of the same file is there under another id.
        case repeatedSegment = "repeated_segment"
        /// Another file has the same content.
        case repeatedContent = "repeated_content"
        case sharedSpeaker = "shared_speaker"
        /// The table that a column comes from has nothing on the file.
        case notInTable = "not_in_table"

        /// Whether such a line is left out of the manifest. The others are warnings.
        public var isFault: Bool {
            switch self {
            case .label, .split, .missingFile, .duplicateId, .audio: true
            case .outOfScale, .repeatedSegment, .repeatedContent, .sharedSpeaker, .notInTable: false
            }
        }
    }

    public var kind: Kind
    /// nil for what no single line is about.
    public var origin: Origin?
    /// What was found and what was expected.
    public var message: String

    public init(_ kind: Kind, _ origin: Origin?, _ message: String) {
        self.kind = kind
        self.origin = origin
        self.message = message
    }
}

extension CorpusFinding: CustomStringConvertible {
    public var description: String { (origin.map { "\($0.file):\($0.line): " } ?? "") + message }
}
