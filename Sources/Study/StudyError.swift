import Evaluation
import Faults
import Runs

/// Why a study's runs make no table.
public enum StudyError: Fault, Equatable {
    case run(RunError)
    case comparison(ComparisonError)
    /// The set-up that everything is held against is not done.
    case noBaseline(String, directories: [String])
    case otherCorpus(String, baseline: String)
    /// `line`: of the run's configuration.
    case otherSettings(String, baseline: String, line: String)

    public var kind: FaultKind {
        switch self {
        case .run(let error): error.kind
        case .comparison(let error): error.kind
        case .noBaseline: .missingInput
        case .otherCorpus, .otherSettings: .badInput
        }
    }

    public var description: String {
        switch self {
        case .run(let error): error.description
        case .comparison(let error): error.description
        case .noBaseline(let name, let directories):
            "\(directories.joined(separator: ", ")): \(name), which every set-up is held against, is not trained yet; make "
                + "paper trains it first"
        case .otherCorpus(let path, let baseline):
            "\(path): trained on another corpus than \(baseline); make paper trains anew what is out of date"
        case .otherSettings(let path, let baseline, let line):
            "\(path): trained with other settings than \(baseline) (\(line.drop { $0 == " " })); make paper trains anew what is "
                + "out of date"
        }
    }
}
