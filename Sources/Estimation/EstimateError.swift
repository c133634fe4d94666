import Faults

/// Why there is no estimate.
public enum EstimateError: Fault, Equatable {
    /// Neither a corpus nor how much speech there would be.
    case noCorpus(manifest: String)
    case noRates(path: String)
    case rates(path: String, problem: String)

    public var kind: FaultKind {
        switch self {
        case .noCorpus, .noRates: .missingInput
        case .rates: .badInput
        }
    }

    public var description: String {
        switch self {
        case .noCorpus(let manifest):
            "\(manifest): no such manifest; make it, or say how much speech there will be, such as --hours 240"
        case .noRates(let path):
            "\(path): no such file, or it cannot be read; give what undertone plan --estimate --json printed on the machine in question"
        case .rates(let path, let problem): "\(path): \(problem)"
        }
    }
}
