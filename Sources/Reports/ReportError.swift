import Evaluation
import Faults
import Files
import Runs

/// Why a report cannot be made.
public enum ReportError: Fault, Equatable {
    case run(RunError)
    case configuration(ConfigurationError)
    /// No run was named.
    case noRuns
    /// No run of a pipeline has done an epoch.
    case nothingDone(String)
    /// There is nothing to compare a single run with.
    case oneRun
    case comparison(ComparisonError)
    /// A run has no predictions for the split that was asked for.
    case noPredictions(path: String, split: String, splits: [String])
    case noCommonSplit(paths: [String])
    /// `cache.json` is there but cannot be understood.
    case cache(path: String, problem: String)
    /// The page's template does not parse: a bug.
    case template(String)

    public var kind: FaultKind {
        switch self {
        case .run(let error): error.kind
        case .configuration(let error): error.kind
        case .comparison(let error): error.kind
        case .noRuns, .oneRun: .usage
        case .noPredictions, .nothingDone: .missingInput
        case .cache, .noCommonSplit: .badInput
        case .template: .bug
        }
    }

    public var description: String {
        switch self {
        case .run(let error): error.description
        case .configuration(let error): error.description
        case .noRuns: "no run to report; name at least one run directory"
        case .nothingDone(let name):
            "no run of pipeline '\(name)' has done an epoch; train first: make sweep, or make train, with this pipeline"
        case .oneRun: "one run and nothing to compare it with; name two run directories or more"
        case .comparison(let error): error.description
        case .noPredictions(let path, let split, let splits):
            "\(path): no predictions for split '\(split)'; "
                + (splits.isEmpty ? "there are none at all" : "there are \(splits.joined(separator: ", "))")
                + (nearestName(to: split, among: splits).map { "; did you mean \($0)?" } ?? "")
        case .noCommonSplit(let paths):
            "\(paths.joined(separator: ", ")): no split that all have predictions for; compare runs over the same corpus"
        case .cache(let path, let problem): "\(path): \(problem); give the folder that undertone-cache wrote with --out"
        case .template(let problem): "the report's template does not parse (\(problem)); please report this"
        }
    }
}
