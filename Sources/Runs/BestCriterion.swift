import Files

/// What decides which epoch's weights are kept: a score on the development split, or the loss there.
///
/// Written `ccc` (the mean over dimensions), `ccc.valence` (one dimension), or `loss`.
public struct BestCriterion: Sendable, Equatable {
    public enum Quantity: Sendable, Equatable {
        /// What training minimises, over the development split as one batch, without dropout.
        case loss
        case score(Metric)
    }

    public let quantity: Quantity
    /// Nil: the mean over the dimensions for which the score is defined.
    public let dimension: String?

    public static let meanCCC = BestCriterion(.score(.ccc))

    public init(_ quantity: Quantity, dimension: String? = nil) {
        self.quantity = quantity
        self.dimension = quantity == .loss ? nil : dimension
    }

    /// The name of mean CCC in results and configurations of before there was a choice.
    static let formerName = "mean_development_ccc"

    static var quantityNames: [String] { Metric.allCases.map(\.rawValue) + ["loss"] }

    /// - Returns: nil where the text is no criterion; whether a run has that dimension is not looked at.
    public init?(_ text: String) {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        switch (parts[0], Metric(rawValue: parts[0])) {
        case (Self.formerName, _) where parts.count == 1: self.init(.score(.ccc))
        case ("loss", _) where parts.count == 1: self.init(.loss)
        case (_, let metric?) where parts.count == 1 || !parts[1].isEmpty:
            self.init(.score(metric), dimension: parts.count == 2 ? parts[1] : nil)
        default: return nil
        }
    }

    /// As it is written in a configuration.
    public var name: String {
        switch quantity {
        case .loss: "loss"
        case .score(let metric): metric.rawValue + (dimension.map { ".\($0)" } ?? "")
        }
    }

    /// As people read it: `mean CCC`, `RMSE of valence`, `loss`.
    public var title: String {
        switch quantity {
        case .loss: "loss"
        case .score(let metric): dimension.map { "\(metric.title) of \($0)" } ?? "mean \(metric.title)"
        }
    }

    public var isHigherBetter: Bool {
        switch quantity {
        case .loss: false
        case .score(let metric): metric.isHigherBetter
        }
    }

    /// The quantity after an epoch, nil where it is not defined or was not computed.
    public func value(of epoch: EpochMetrics) -> Double? {
        switch quantity {
        case .loss:
            return epoch.developmentLoss.flatMap { $0.isFinite ? $0 : nil }
        case .score(let metric):
            let scored = dimension.map { epoch.development[$0].map { [$0] } ?? [] } ?? Array(epoch.development.values)
            let values = scored.map { $0[metric] }.filter(\.isFinite).sorted()
            return values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
        }
    }

    /// Whether a value is better than the best so far. What is not defined is better than nothing, nor is an equal one:
    /// of equal epochs the first is kept.
    public func isBetter(_ value: Double?, than best: Double?) -> Bool {
        guard let value else { return false }
        guard let best else { return true }
        return isHigherBetter ? value > best : value < best
    }
}
