import Runs

/// A mixture of terms, averaged over dimensions, over the labelled utterances of one whole batch:
///
///     L = Σ_k a_k · (Σ_d w_d L_kd) / (Σ_d w_d),   d over the dimensions for which term k is defined
///
/// A term that is defined for no dimension is left out; so a batch without labels has the value 0 and no gradient. In double throughout;
/// the gradient is rounded at the end.
public struct RegressionLoss: Sendable {
    public struct Result: Sendable, Equatable {
        public let value: Double
        /// `[dimension][utterance]`; 0 where there is no label.
        public let gradient: [[Float]]
    }

    private let terms: [(term: TrainConfiguration.Loss.Term, weight: Double)]
    private let weights: [Double]

    /// - Parameters:
    ///   - configuration: the terms' `a_k`, and the dimensions' `w_d`, 1 for one that is not named.
    ///   - dimensions: in the order of predictions and labels.
    public init(_ configuration: TrainConfiguration.Loss = .init(), dimensions: [String]) {
        terms = TrainConfiguration.Loss.Term.allCases.compactMap { term in
            configuration.terms[term].map { (term, $0) }
        }
        weights = dimensions.map { configuration.weights[$0] ?? 1 }
    }

    /// - Parameters:
    ///   - predictions: `[dimension][utterance]`.
    ///   - labels: likewise, in the predictions' scale; nil where an utterance is not labelled for a dimension.
    public func callAsFunction(predictions: [[Float]], labels: [[Double?]]) -> Result {
        precondition(
            predictions.count == weights.count && labels.count == weights.count
                && zip(predictions, labels).allSatisfy { $0.count == $1.count },
            "predictions and labels of different shapes")
        let pairs = zip(predictions, labels).map { LabelledPairs(predictions: $0, labels: $1) }
        var value = 0.0
        var gradient = predictions.map { [Double](repeating: 0, count: $0.count) }
        for (term, factor) in terms {
            let parts = pairs.map { $0.loss(term) }
            let total = zip(parts, weights).reduce(0) { $1.0 == nil ? $0 : $0 + $1.1 }
            guard total > 0 else { continue }
            for (dimension, part) in parts.enumerated() {
                guard let part else { continue }
                let share = factor * weights[dimension] / total
                value += share * part.value
                for (index, slope) in zip(pairs[dimension].indices, part.slopes) {
                    gradient[dimension][index] += share * slope
                }
            }
        }
        return Result(value: value, gradient: gradient.map { $0.map { Float($0) } })
    }
}
