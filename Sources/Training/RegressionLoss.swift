/// `1 − CCC`, averaged over dimensions, over the labelled utterances of one whole batch.
///
/// For one dimension with `n` labelled utterances, predictions `p` and labels `y`, in population statistics:
///
///     CCC = 2 cov(p, y) / (var(p) + var(y) + (p̄ − ȳ)²)
///     ∂CCC/∂pᵢ = (2/n) · ((yᵢ − ȳ) − CCC · (pᵢ − ȳ)) / (var(p) + var(y) + (p̄ − ȳ)²)
///
/// - Source: Lin 1989, eq. 2; the paper trains on 1 − CCC.
public struct ConcordanceLoss: Sendable, Equatable {
    /// The mean over the dimensions that could be scored; 0 when none could.
    public let value: Double
    /// `[dimension][utterance]`; 0 where there is no label.
    public let gradient: [[Float]]
    /// CCC of each dimension, nil where fewer than two utterances are labelled or nothing varies at all.
    public let concordance: [Double?]

    /// - Parameters:
    ///   - predictions: `[dimension][utterance]`.
    ///   - labels: likewise; nil where an utterance is not labelled for a dimension.
    public init(predictions: [[Float]], labels: [[Double?]]) {
        precondition(
            predictions.count == labels.count && zip(predictions, labels).allSatisfy { $0.count == $1.count },
            "predictions and labels of different shapes")
        let parts = zip(predictions, labels).map(Self.dimension)
        let scored = parts.count { $0.concordance != nil }
        concordance = parts.map(\.concordance)
        let weight = scored == 0 ? 0 : 1 / Double(scored)
        value = parts.reduce(0) { $0 + ($1.concordance.map { 1 - $0 } ?? 0) * weight }
        gradient = parts.map { part in part.slope.map { Float(-$0 * weight) } }
    }

    /// One dimension's CCC and its derivative with respect to each prediction.
    private static func dimension(_ predictions: [Float], _ labels: [Double?]) -> (
        concordance: Double?, slope: [Double]
    ) {
        let pairs = zip(predictions, labels).enumerated().compactMap { index, pair in
            pair.1.map { (index: index, p: Double(pair.0), y: $0) }
        }
        var slope = [Double](repeating: 0, count: predictions.count)
        guard pairs.count >= 2 else { return (nil, slope) }
        let n = Double(pairs.count)
        let meanP = pairs.reduce(0) { $0 + $1.p } / n, meanY = pairs.reduce(0) { $0 + $1.y } / n
        var covariance = 0.0, spread = (meanP - meanY) * (meanP - meanY)
        for pair in pairs {
            covariance += (pair.p - meanP) * (pair.y - meanY) / n
            spread += ((pair.p - meanP) * (pair.p - meanP) + (pair.y - meanY) * (pair.y - meanY)) / n
        }
        // Constant predictions equal to constant labels: no direction is better than another, so the gradient is zero.
        guard spread > 0 else { return (nil, slope) }
        let concordance = 2 * covariance / spread
        for pair in pairs {
            slope[pair.index] = 2 / n * ((pair.y - meanY) - concordance * (pair.p - meanY)) / spread
        }
        return (concordance, slope)
    }
}
