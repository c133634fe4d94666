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
    /// The same of a configuration that stands below a key of a larger file: `key 'layers'` becomes `key 'train.layers'`.
    package func below(_ prefix: String) -> ConfigurationError {
        guard let match = problem.prefixMatch(of: /key '/) else { return self }
        return ConfigurationError(
            source: source, line: line, problem: "key '\(prefix).\(problem[match.range.upperBound...])", kind: kind)
    }

    /// The key that the problem begins with.
    package var key: String? { problem.prefixMatch(of: /key '([^']+)'/).map { String($0.output.1) } }

    /// With the line of the key that the problem begins with, where it has none: what is checked once everything is read knows
    /// no lines.
    package func located(in mapping: StrictMapping?) -> ConfigurationError {
        guard line == nil, let mapping, let key else { return self }
        return ConfigurationError(
            source: source, line: mapping.line(ofDotted: key), problem: problem, kind: kind)
    }
}
