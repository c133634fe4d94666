import Caching
import Faults

/// What goes wrong with recordings while a run trains from them.
public enum RecordingError: Fault, Equatable {
    case changed(path: String)
    /// This or what decoding throws, where paths are withheld: `reason` names the utterance.
    case withheld(reason: String, isMissing: Bool)
    /// More than were allowed; nothing is trained.
    case rejects(count: Int, total: Int, limit: RejectLimit, areAllMissing: Bool)

    public var kind: FaultKind {
        switch self {
        case .changed: .badInput
        case .withheld(_, let isMissing): isMissing ? .missingInput : .badInput
        case .rejects(_, _, _, let areAllMissing): areAllMissing ? .missingInput : .badInput
        }
    }

    public var description: String {
        switch self {
        case .changed(let path):
            "\(path): does not sound as it did when the run began; give it back its contents, or begin another run"
        case .withheld(let reason, _): reason
        case .rejects(let count, let total, let limit, _):
            "\(count) of \(total) recordings cannot be used, \(limit) allowed. Mend them or take them out of the "
                + "manifest, or allow more with --max-rejects"
        }
    }
}
