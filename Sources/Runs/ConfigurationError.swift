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

extension ConfigurationError {
    /// With the line of the key that the problem begins with, where it has none: what is checked once everything is read knows
    /// no lines.
    package func located(in mapping: StrictMapping?) -> ConfigurationError {
        guard line == nil, let mapping, let match = problem.firstMatch(of: /^key '([^']+)'/) else { return self }
        return ConfigurationError(
            source: source, line: mapping.line(ofDotted: String(match.output.1)), problem: problem, kind: kind)
    }
}
