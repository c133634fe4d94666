import Faults
import Files

/// What is wrong with a corpus manifest: everything that was found, a line each.
public enum ManifestError: Fault, Equatable {
    /// One mistake and the line of the manifest it is on.
    public struct Problem: Sendable, Equatable {
        public var line: Int
        public var message: String

        public init(line: Int, message: String) {
            self.line = line
            self.message = message
        }
    }

    case missing(path: String)
    case unreadable(path: String, reason: String)
    case empty(path: String)
    case notUTF8(path: String, line: Int, byte: Int)
    /// In line order; never empty.
    case invalid(path: String, problems: [Problem])
    case cannotWrite(path: String, reason: String)

    /// So many problems are printed; of the rest only the number.
    public static let printedProblemLimit = 50

    public var kind: FaultKind {
        switch self {
        case .missing, .unreadable: .missingInput
        case .empty, .notUTF8, .invalid: .badInput
        case .cannotWrite: .cannotWrite
        }
    }

    public var description: String {
        switch self {
        case .missing(let path):
            return "\(path): no such file; expected a corpus manifest (CSV with the columns id, path, split, speaker)"
        case .unreadable(let path, let reason):
            return "\(path): cannot be read: \(reason)"
        case .empty(let path):
            return
                "\(path): is empty; expected a header with the columns id, path, split, speaker and a row per utterance"
        case .notUTF8(let path, let line, let byte):
            return "\(path):\(line): byte \(byte) of the line is not UTF-8; save the file as UTF-8"
        case .invalid(let path, let problems):
            let limit = ManifestError.printedProblemLimit
            var lines = problems.prefix(limit).map { "\(path):\($0.line): \($0.message)" }
            if problems.count > limit { lines.append("\(path): and \(problems.count - limit) more problems") }
            return lines.joined(separator: "\n")
        case .cannotWrite(let path, let reason):
            return "\(path): cannot be written: \(reason)"
        }
    }
}

extension ManifestError: WritingFault {
    package init(_ failure: WriteFailure) { self = .cannotWrite(path: failure.path, reason: failure.reason) }
}
