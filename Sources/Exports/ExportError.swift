import Faults
import Files

/// Why a model cannot be exported.
public enum ExportError: Fault, Equatable {
    /// The format has no place for what the run trained; `reason` says what, `fitting` which formats have.
    case unfit(run: String, format: String, reason: String, fitting: [String])
    case occupied(path: String)
    case cannotWrite(path: String, reason: String)

    public var kind: FaultKind {
        switch self {
        case .unfit: .badInput
        case .occupied: .usage
        case .cannotWrite: .cannotWrite
        }
    }

    public var description: String {
        switch self {
        case .unfit(let run, let format, let reason, let fitting):
            "\(run): cannot be exported as \(format): \(reason); formats that fit: \(fitting.joined(separator: ", "))"
        case .occupied(let path):
            "\(path): is not empty; give --replace to write into it all the same, or another -o"
        case .cannotWrite(let path, let reason):
            "\(path): cannot be written: \(reason)"
        }
    }
}

extension ExportError: WritingFault {
    package init(_ failure: WriteFailure) { self = .cannotWrite(path: failure.path, reason: failure.reason) }
}
