import Faults

/// A configuration that does not say what it must: where (file and line, or the `--set` at fault), which key, and
/// what is wrong.
public struct ConfigurationError: Fault, Equatable {
    /// The file's path, or `--set key=value`.
    public let source: String
    /// Counts from 1; nil where the fault is in no particular line.
    public let line: Int?
    public let problem: String
    public let kind: FaultKind

    public init(source: String, line: Int? = nil, problem: String, kind: FaultKind = .usage) {
        self.source = source
        self.line = line
        self.problem = problem
        self.kind = kind
    }

    public var description: String { "\(source)\(line.map { ":\($0)" } ?? ""): \(problem)" }
}
