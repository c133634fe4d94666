import Files

extension TrainConfiguration {
    /// What is minimised: a mixture of terms, averaged over the dimensions with weights. `docs/heads.md` has the formulas.
    public struct Loss: Sendable, Equatable {
        public enum Term: String, Sendable, CaseIterable {
            /// 1 − CCC with population moments.
            case ccc
            /// 1 − CCC with unbiased variances and covariance.
            case unbiasedCCC = "ccc_unbiased"
            case mse
            case mae
        }

        /// What each term is multiplied by, above zero; those that are not there are not computed.
        public var terms: [Term: Double] = [.ccc: 1]
        /// By dimension, from zero up; one that is not named weighs 1.
        public var weights: [String: Double] = [:]

        public init(_ terms: [Term: Double] = [.ccc: 1], weights: [String: Double] = [:]) {
            self.terms = terms
            self.weights = weights
        }
    }
}

extension TrainConfiguration.Loss {
    private static let numbers = 0.0...1e6, expected = "0 to 1e6"

    /// `ccc`, or `{ccc: 1, mse: 0.5, weights: {valence: 2}}`. A mapping with terms names all of them; weights add to those there are.
    mutating func apply(_ top: StrictMapping, key: String) throws(ConfigurationError) {
        guard top.isMapping(key), let mapping = try top.mapping(key) else {
            if let term = try top.choice(key, of: Term.self) { self = Self([term: 1]) }
            return
        }
        try mapping.allowOnly(Term.allCases.map(\.rawValue) + ["weights"])
        var named: [Term: Double] = [:]
        for term in Term.allCases {
            if let value = try mapping.number(term.rawValue, in: Self.numbers, Self.expected) { named[term] = value }
        }
        if !named.isEmpty {
            terms = named.filter { $0.value > 0 }
            if terms.isEmpty { throw top.error(at: key, "every term weighs 0; give one a weight above 0, e.g. ccc: 1") }
        }
        guard let dimensions = try mapping.mapping("weights") else { return }
        for dimension in dimensions.keys {
            weights[dimension] = try dimensions.number(dimension, in: Self.numbers, Self.expected)
        }
    }

    /// What can only be checked once the labels are known.
    func check(labels: [String], source: String) throws(ConfigurationError) {
        for dimension in weights.keys.sorted() where !labels.contains(dimension) {
            let hint = nearestName(to: dimension, among: labels).map { "; did you mean '\($0)'?" } ?? ""
            throw ConfigurationError(
                source: source,
                problem:
                    "key 'loss.weights': '\(dimension)' is none of the labels \(labels.joined(separator: ", "))\(hint)")
        }
        if labels.allSatisfy({ weights[$0] == 0 }) {
            throw ConfigurationError(
                source: source, problem: "key 'loss.weights': every dimension weighs 0; give one a weight above 0")
        }
    }

    /// As a value in YAML, on one line.
    package var yaml: String {
        let parts = Term.allCases.compactMap { term in terms[term].map { (term, $0) } }
        if weights.isEmpty, parts.count == 1, parts[0].1 == 1 { return parts[0].0.rawValue }
        let dimensions = weights.sorted { $0.key < $1.key }
            .map { "\(TrainConfiguration.quoted($0.key)): \($0.value)" }.joined(separator: ", ")
        let entries = parts.map { "\($0.0.rawValue): \($0.1)" } + (weights.isEmpty ? [] : ["weights: {\(dimensions)}"])
        return "{\(entries.joined(separator: ", "))}"
    }
}
