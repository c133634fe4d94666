import Corpus
import Synchronization

/// Counts what there is to say about recordings, and has the first of each kind said in full: a corpus whose thousand files
/// are all clipped is one fact.
public final class NoteTally: Sendable {
    private let manifestPath: String
    private let linesPerKind: Int
    private let withholdsPaths: Bool
    private let counted = Mutex<[RecordingNote.Kind: Int]>([:])

    /// - Parameters:
    ///   - manifestPath: as the lines shall name the manifest, before the number of a recording's line in it.
    ///   - linesPerKind: how many recordings of each kind are named.
    ///   - withholdsPaths: whether they are named by their ids alone.
    public init(manifestPath: String, linesPerKind: Int = 20, withholdsPaths: Bool = false) {
        self.manifestPath = manifestPath
        self.linesPerKind = linesPerKind
        self.withholdsPaths = withholdsPaths
    }

    /// Counts a note.
    /// - Returns: the line for the user; nil if enough recordings of its kind have been named.
    public func line(_ note: RecordingNote, of utterance: Utterance) -> String? {
        let count = counted.withLock { counted in
            counted[note.kind, default: 0] += 1
            return counted[note.kind]!
        }
        guard count <= linesPerKind else { return nil }
        let name = withholdsPaths ? utterance.nameWithoutPath : utterance.audioPath
        return "warning: \(name): \(note) (\(manifestPath):\(utterance.line))"
    }

    /// How many recordings there were of each kind that there was any of.
    public var counts: [RecordingNote.Kind: Int] { counted.withLock { $0 } }

    /// One line for each kind of which not every recording has been named.
    public var closingLines: [String] {
        let counts = counts
        return RecordingNote.Kind.allCases.compactMap { kind in
            guard let count = counts[kind], count > linesPerKind else { return nil }
            return
                "warning: \(kind.rawValue): \(count) recordings in all, the first \(linesPerKind) of them named above"
        }
    }
}
