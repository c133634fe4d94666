import Faults
import Files

/// What can go wrong with a run directory and the files in it.
public enum RunError: Fault, Equatable {
    /// A file that should be there is not.
    case missing(path: String, advice: String)
    /// A file that is there cannot be opened or read.
    case unreadable(path: String, reason: String)
    /// A file is there but is not what it should be; `line` counts from 1.
    case malformed(path: String, line: Int?, problem: String)
    /// A file or folder cannot be written.
    case cannotWrite(path: String, reason: String)

    public var kind: FaultKind {
        switch self {
        case .missing, .unreadable: .missingInput
        case .malformed: .badInput
        case .cannotWrite: .cannotWrite
        }
    }

    public var description: String {
        switch self {
        case .missing(let path, let advice):
            "\(path): no such file; \(advice)"
        case .unreadable(let path, let reason):
            "\(path): cannot be read (\(reason)); check the path and its permissions"
        case .malformed(let path, let line, let problem):
            "\(path)\(line.map { ":\($0)" } ?? ""): \(problem)"
        case .cannotWrite(let path, let reason):
            "\(path): cannot be written (\(reason)); check free space and permissions, then run the same command again"
        }
    }
}

extension RunError: WritingFault {
    package init(_ failure: WriteFailure) { self = .cannotWrite(path: failure.path, reason: failure.reason) }
}
