import Faults

enum SweepFault: Fault {
    case noSweep(String)
    /// Make's exit code, or a signal's number negated, and what the programs that it ran ended for; nil where it did not come to that.
    case makeFailed(Int32, FaultKind?, log: String)

    var kind: FaultKind {
        switch self {
        case .noSweep: .usage
        case .makeFailed(let code, let kind, _): kind ?? (code < 0 ? .interrupted : .bug)
        }
    }

    var description: String {
        switch self {
        case .noSweep(let path):
            "\(path): the pipeline has no 'sweep'; name what to vary, e.g. sweep: {space: "
                + "{optimiser.learning_rate.layers: [1.0e-5, 5.0e-5]}}"
        case .makeFailed(let code, _, let log):
            "make ended with \(code < 0 ? "signal \(-code)" : "exit code \(code)"); the errors are above and in \(log), and "
                + "the same command goes on with what is missing"
        }
    }
}
