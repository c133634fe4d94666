import Faults

/// Why a cache cannot be looked at.
public enum InspectionError: Fault, Equatable {
    /// The folder is not there, or has neither `cache.json` nor a shard.
    case noCache(directory: String, detail: String)
    case interrupted

    public var kind: FaultKind {
        switch self {
        case .noCache: .missingInput
        case .interrupted: .interrupted
        }
    }

    public var description: String {
        switch self {
        case .noCache(let directory, let detail):
            "\(directory): \(detail); expected the folder that undertone-cache wrote with --out"
        case .interrupted: "interrupted while reading the cache; the same command reads it again"
        }
    }
}
