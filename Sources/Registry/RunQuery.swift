import Runs

/// Which runs are wanted, in which order.
public struct RunQuery: Sendable {
    /// `key op value`, e.g. `optimiser.learning_rate.layers>=1e-5`.
    public struct Condition: Sendable, Equatable {
        public enum Comparison: String, Sendable, CaseIterable {
            // Those of two characters first: `>=` begins as `>` does.
            case notLess = ">="
            case notMore = "<="
            case different = "!="
            case less = "<"
            case more = ">"
            case equal = "="
        }

        public var key: String
        public var comparison: Comparison
        public var value: SettingValue

        /// - Throws: `RegistryError.query` where there is no comparison in it, or nothing on one of its sides.
        public init(_ text: String) throws(RegistryError) {
            let operators = Comparison.allCases
            let places = text.indices.lazy.compactMap { index in
                operators.first { text[index...].hasPrefix($0.rawValue) }.map { (index, $0) }
            }
            guard let (index, comparison) = places.first else { throw Self.malformed(text) }
            let end = text.index(index, offsetBy: comparison.rawValue.count)
            let key = String(text[..<index].filter { !$0.isWhitespace })
            let word = text[end...].drop { $0 == "=" || $0.isWhitespace }
            let value = String(word.reversed().drop(while: \.isWhitespace).reversed())
            guard !key.isEmpty, !value.isEmpty else { throw Self.malformed(text) }
            self.key = key
            self.comparison = comparison
            self.value = SettingValue(plain: value)
        }

        private static func malformed(_ text: String) -> RegistryError {
            .query("'\(text)' is no condition; expected key op value with one of =, !=, <, <=, >, >=, e.g. 'score>0.5'")
        }
    }

    /// All must hold.
    public var conditions: [Condition] = []
    /// Any of them; empty: all.
    public var states: [RegisteredRun.State] = []
    /// Nil: best first, where all are scored by one criterion, else by directory.
    public var sort: String?
    public var isDescending = false
    public var limit: Int?

    public init() {}
}

/// What there is to know of a run, by the name it is asked for.
public enum RunColumn: Sendable, Hashable {
    /// One of `RegisteredRun.Facts`.
    case fact(String)
    /// A setting of the training configuration.
    case setting(String)
    /// A score of the best weights, `test.valence.ccc`.
    case score(split: String, dimension: String, metric: String)
}

extension RunColumn: CustomStringConvertible {
    public var description: String {
        switch self {
        case .fact(let name), .setting(let name): name
        case .score(let split, let dimension, let metric): "\(split).\(dimension).\(metric)"
        }
    }

    /// All facts, in the order in which they are of interest.
    public static let facts = RegisteredRun.Facts.CodingKeys.allCases.map { RunColumn.fact($0.rawValue) }
}

extension RegisteredRun {
    /// What stands in a column; null where the run has nothing to say.
    public subscript(_ column: RunColumn) -> SettingValue {
        switch column {
        case .setting(let key): configuration[key] ?? .null
        case .score(let split, let dimension, let metric):
            scores.first { $0.split == split && $0.dimension == dimension && $0.metric == metric }?.value
                .map { .number($0) } ?? .null
        case .fact(let name): Facts.CodingKeys(rawValue: name).map { facts[$0] } ?? .null
        }
    }
}

extension RegisteredRun.Facts {
    fileprivate subscript(_ key: CodingKeys) -> SettingValue {
        func text(_ value: String?) -> SettingValue { value.map { .text($0) } ?? .null }
        func integer(_ value: Int?) -> SettingValue { value.map { .integer($0) } ?? .null }
        func number(_ value: Double?) -> SettingValue { value.map { .number($0) } ?? .null }
        return switch key {
        case .directory: text(directory)
        case .trial: text(trial)
        case .seed: integer(seed)
        case .state: text(state.rawValue)
        case .epochs: integer(epochs)
        case .epochsPlanned: integer(epochsPlanned)
        case .bestEpoch: integer(bestEpoch)
        case .metric: text(metric)
        case .score: number(score)
        case .model: text(model)
        case .cacheKey: text(cacheKey)
        case .host: text(host)
        case .device: text(device)
        case .compute: text(compute)
        case .threads: integer(threads)
        case .began: text(began)
        case .ended: text(ended)
        case .seconds: number(seconds)
        case .secondsTraining: number(secondsTraining)
        case .secondsEvaluating: number(secondsEvaluating)
        case .framesPerSecond: number(framesPerSecond)
        case .peakMemoryBytes: integer(peakMemoryBytes)
        case .problem: text(problem)
        }
    }
}
