import Faults

/// What goes wrong with recordings while a run trains from them.
public enum RecordingError: Fault, Equatable {
    case changed(path: String)

    public var kind: FaultKind { .badInput }

    public var description: String {
        switch self {
        case .changed(let path):
            "\(path): does not sound as it did when the run began; give it back its contents, or begin another run"
        }
    }
}
