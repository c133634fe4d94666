import Faults
import Runs

/// Why a report cannot be made.
public enum ReportError: Fault, Equatable {
    case run(RunError)
    case configuration(ConfigurationError)
    /// No run was named.
    case noRuns
    /// `cache.json` is there but cannot be understood.
    case cache(path: String, problem: String)
    /// The page's template does not parse: a bug.
    case template(String)

    public var kind: FaultKind {
        switch self {
        case .run(let error): error.kind
        case .configuration(let error): error.kind
        case .noRuns: .usage
        case .cache: .badInput
        case .template: .bug
        }
    }

    public var description: String {
        switch self {
        case .run(let error): error.description
        case .configuration(let error): error.description
        case .noRuns: "no run to report; name at least one run directory"
        case .cache(let path, let problem): "\(path): \(problem); give the folder that undertone-cache wrote with --out"
        case .template(let problem): "the report's template does not parse (\(problem)); please report this"
        }
    }
}
