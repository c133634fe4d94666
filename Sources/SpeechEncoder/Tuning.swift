/// What of a trained layer is trained.
public enum Tuning: Sendable, Equatable {
    /// Every tensor.
    case full
    /// Low-rank adapters beside the frozen weights.
    case lowRank(LowRankAdaptation)
    /// The biases, of norms too (BitFit; Ben Zaken et al. 2022).
    case biases
    /// The norms' γ and β.
    case norms

    /// Whether a tensor of this role is trained where it lies.
    func trains(_ role: Parameter.Role) -> Bool {
        switch self {
        case .full: true
        case .lowRank: false
        case .biases: role == .bias || role == .normBias
        case .norms: role == .norm || role == .normBias
        }
    }
}

/// The form of low-rank adapters.
public struct LowRankAdaptation: Sendable, Equatable {
    /// Linear maps that may have an adapter, as Hugging Face names them.
    public enum Target: String, Sendable, CaseIterable {
        case query = "q_proj"
        case key = "k_proj"
        case value = "v_proj"
        case attentionOutput = "out_proj"
        case intermediate = "intermediate_dense"
        case output = "output_dense"
    }

    public let rank: Int
    public let alpha: Double
    /// On what the adapters read.
    public let dropout: Float
    public let targets: Set<Target>
    /// Which layers have them, from 0; nil for every trained one.
    public let layers: Set<Int>?
    /// Whether the scale is `alpha / √rank` rather than `alpha / rank`.
    public let isRankStabilised: Bool

    public init(
        rank: Int, alpha: Double, dropout: Float, targets: Set<Target>, layers: Set<Int>? = nil, isRankStabilised: Bool
    ) {
        precondition(rank > 0 && !targets.isEmpty && layers != [], "an adapter has a rank and a place")
        self.rank = rank
        self.alpha = alpha
        self.dropout = dropout
        self.targets = targets
        self.layers = layers
        self.isRankStabilised = isRankStabilised
    }

    /// Whether a linear map has an adapter, by its Hugging Face name, `encoder.layers.9.attention.q_proj`.
    func adapts(_ map: String) -> Bool {
        let parts = map.split(separator: ".")
        guard let target = parts.last.flatMap({ Target(rawValue: String($0)) }), targets.contains(target) else {
            return false
        }
        guard let layers else { return true }
        return parts.firstIndex(of: "layers").flatMap { Int(parts[$0 + 1]) }.map(layers.contains) ?? false
    }

    public var scale: Double { isRankStabilised ? alpha / Double(rank).squareRoot() : alpha / Double(rank) }
}
