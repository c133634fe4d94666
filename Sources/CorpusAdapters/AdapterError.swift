import Faults
import Files
import Parquet

/// Why there is no manifest.
public enum AdapterError: Fault, Equatable {
    /// Not there, with what should be.
    case missing(path: String, expected: String)
    case unreadable(path: String, reason: String)
    /// The file as a whole makes no sense; `line` is nil where no line is to blame.
    case malformed(path: String, line: Int?, message: String)
    /// An option that does not go with the corpus.
    case usage(String)
    /// A table that is there, in a format that is not read, or in one that is and of a sort that is not.
    case unreadTable(String, reason: String)
    /// Audio that a manifest there could not name.
    case outside(audio: String, manifest: String, source: String)
    case noRows(path: String)
    case exists(path: String)
    case cannotWrite(path: String, reason: String)
    /// Lines that cannot be used; never empty.
    case faults([CorpusFinding], source: String)

    /// So many lines are printed; of the rest only the number.
    public static let printedFaultLimit = 50

    public var kind: FaultKind {
        switch self {
        case .missing, .unreadable: .missingInput
        case .malformed, .unreadTable, .noRows: .badInput
        case .usage, .outside: .usage
        case .exists, .cannotWrite: .cannotWrite
        case .faults(let findings, _): findings.allSatisfy { $0.kind == .missingFile } ? .missingInput : .badInput
        }
    }

    public var description: String {
        switch self {
        case .missing(let path, let expected):
            return "\(path): not there; expected \(expected)"
        case .unreadable(let path, let reason):
            return "\(path): cannot be read: \(reason)"
        case .malformed(let path, let line, let message):
            return "\(path)\(line.map { ":\($0)" } ?? ""): \(message)"
        case .usage(let message):
            return message
        case .unreadTable(let table, let reason):
            let database = PathParts(table).folder
            return
                "\(table): \(reason); write it as CSV beside it with python -c \"import audformat; "
                + "audformat.Database.load('\(database)').save('\(database)', storage_format='csv')\""
        case .outside(let audio, let manifest, let source):
            return "\(manifest): its paths cannot leave its folder, and \(audio) lies outside; write the manifest into "
                + "\(source) or a folder above it, or make a link to \(source) beside the manifest and give that link"
        case .noRows(let path):
            return "\(path): no utterance in it can be used; expected at least one"
        case .exists(let path):
            return "\(path): is there already and differs; --force replaces it"
        case .cannotWrite(let path, let reason):
            return "\(path): cannot be written: \(reason)"
        case .faults(let findings, let source):
            let limit = AdapterError.printedFaultLimit
            var lines = findings.prefix(limit).map(\.description)
            if findings.count > limit { lines.append("\(source): and \(findings.count - limit) more like these") }
            let subject = findings.count == 1 ? "1 line" : "\(findings.count) lines"
            lines.append("\(source): \(subject) cannot be used; mend them, or leave them out with --skip-faulty")
            return lines.joined(separator: "\n")
        }
    }
}

extension AdapterError: WritingFault {
    package init(_ failure: WriteFailure) { self = .cannotWrite(path: failure.path, reason: failure.reason) }
}

extension AdapterError {
    init(_ error: ParquetError) {
        switch error {
        case .unreadable(let path, let reason): self = .unreadable(path: path, reason: reason)
        case .malformed(let path, let reason): self = .malformed(path: path, line: nil, message: reason)
        case .unsupported(let path, let reason): self = .unreadTable(path, reason: reason)
        }
    }
}
