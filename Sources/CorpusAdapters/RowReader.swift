import Corpus
import Faults

/// Takes the cells of one line and notes all that is wrong with them.
struct RowReader {
    let origin: Origin
    private(set) var faults: [CorpusFinding] = []

    init(_ origin: Origin) { self.origin = origin }

    mutating func report(_ kind: CorpusFinding.Kind, _ message: String) {
        faults.append(CorpusFinding(kind, origin, message))
    }

    /// What spreadsheets, pandas and R write where there is no value.
    static let blanks: Set = ["", "nan", "na", "nat", "none", "null"]

    static func isBlank(_ text: String) -> Bool { blanks.contains(text.lowercased()) }

    /// A label as the manifest has it: as written, or empty if there is none.
    mutating func label(_ text: String, _ name: String) -> String {
        if RowReader.isBlank(text) { return "" }
        if finiteNumber(text) == nil {
            report(.label, "\(name) is '\(printable(text))'; expected a number, or nothing where unlabelled")
        }
        return text
    }

    /// - Parameter expected: the corpus's own names of its splits.
    mutating func split(_ text: String, _ name: String, expected: String) -> Split? {
        if let split = Split.spelled(text) { return split }
        report(.split, "\(name) is '\(printable(text))'; expected \(expected)")
        return nil
    }

    /// A name of a file or utterance.
    mutating func name(_ text: String, _ column: String) -> String? {
        if !text.isEmpty { return text }
        report(.label, "\(column) is empty; expected a name")
        return nil
    }

    /// nil for a speaker that is not known.
    static func speaker(_ text: String) -> String? {
        isBlank(text) || text.lowercased() == "unknown" ? nil : text
    }
}
