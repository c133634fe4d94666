import Faults
import Files

/// What can go wrong when runs are asked for.
public enum RegistryError: Fault, Equatable {
    case nothingThere(path: String)
    /// A column that no run has, or a condition that is none.
    case query(String)
    /// The database engine failed where it should not have, on a view in memory.
    case database(String)

    public var kind: FaultKind {
        switch self {
        case .nothingThere: .missingInput
        case .query: .usage
        case .database: .bug
        }
    }

    public var description: String {
        switch self {
        case .nothingThere(let path):
            "\(path): no such file or folder; give a pipeline, its folder in build, or folders that hold run directories"
        case .query(let problem): problem
        case .database(let problem):
            "the view of the runs failed: \(problem); please report this; undertone report reads run directories without it"
        }
    }
}
