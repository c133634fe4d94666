import Runs

/// The labelled utterances of one dimension in a batch.
struct LabelledPairs {
    /// Which of the batch's utterances they are.
    let indices: [Int]
    let predictions: [Double]
    let labels: [Double]

    init(predictions: [Float], labels: [Double?]) {
        let labelled = labels.indices.filter { labels[$0] != nil }
        indices = labelled
        self.predictions = labelled.map { Double(predictions[$0]) }
        self.labels = labels.compactMap { $0 }
    }

    /// A term's value and its derivative with respect to each prediction.
    struct Loss: Equatable {
        let value: Double
        let slopes: [Double]
    }

    /// Nil where the term is not defined.
    func loss(_ term: TrainConfiguration.Loss.Term) -> Loss? {
        switch term {
        case .ccc: concordance(isUnbiased: false)
        case .unbiasedCCC: concordance(isUnbiased: true)
        case .mse: squaredError()
        case .mae: absoluteError()
        }
    }

    /// `1 − CCC`, the concordance correlation coefficient of predictions `p` and labels `y`:
    ///
    ///     CCC = 2 cov / (var_p + var_y + (p̄ − ȳ)²)
    ///     ∂CCC/∂pᵢ = 2 · ((yᵢ − ȳ)/m − CCC · ((pᵢ − p̄)/m + (p̄ − ȳ)/n)) / (var_p + var_y + (p̄ − ȳ)²)
    ///
    /// Moments are divided by `m`: `n` as in Lin's estimator and in the scores, or `n − 1`, which makes variances and covariance (not
    /// their ratio) unbiased.
    ///
    /// Labels or predictions that do not vary have covariance 0, so CCC 0: constant labels give the gradient 0, constant predictions
    /// `−2 (yᵢ − ȳ)/m` over the denominator, towards the labels. Not defined for fewer than two utterances, nor where both are one
    /// and the same number throughout.
    /// - Source: Lin 1989, "A concordance correlation coefficient to evaluate reproducibility"; the paper trains on 1 − CCC.
    private func concordance(isUnbiased: Bool) -> Loss? {
        guard labels.count >= 2 else { return nil }
        let n = Double(labels.count), m = isUnbiased ? n - 1 : n
        let (meanP, p) = Self.centred(predictions), (meanY, y) = Self.centred(labels)
        let covariance = zip(p, y).reduce(0) { $0 + $1.0 * $1.1 } / m
        let bias = meanP - meanY
        let spread = (p.reduce(0) { $0 + $1 * $1 } + y.reduce(0) { $0 + $1 * $1 }) / m + bias * bias
        // Constant predictions equal to constant labels: no direction is better than another.
        guard spread != 0 else { return nil }
        let concordance = 2 * covariance / spread
        let slopes = zip(p, y).map { p, y in 2 * (concordance * (p / m + bias / n) - y / m) / spread }
        return Loss(value: 1 - concordance, slopes: slopes)
    }

    /// The mean, and each value's distance from it: exactly zero where all values are equal.
    private static func centred(_ values: [Double]) -> (mean: Double, distances: [Double]) {
        // The mean of equal values may miss them by a last digit; that of their distances from one of them does not.
        let origin = values[0], shift = values.reduce(0) { $0 + ($1 - origin) } / Double(values.count)
        return (origin + shift, values.map { $0 - origin - shift })
    }

    /// `mean (p − y)²`; not defined without a label.
    private func squaredError() -> Loss? {
        guard !labels.isEmpty else { return nil }
        let n = Double(labels.count), errors = zip(predictions, labels).map { $0 - $1 }
        return Loss(value: errors.reduce(0) { $0 + $1 * $1 } / n, slopes: errors.map { 2 * $0 / n })
    }

    /// `mean |p − y|`, its derivative 0 where they are equal, as torch has it; not defined without a label.
    private func absoluteError() -> Loss? {
        guard !labels.isEmpty else { return nil }
        let n = Double(labels.count), errors = zip(predictions, labels).map { $0 - $1 }
        return Loss(
            value: errors.reduce(0) { $0 + abs($1) } / n,
            slopes: errors.map { $0 == 0 ? 0 : $0.sign == .minus ? -1 / n : 1 / n })
    }
}
