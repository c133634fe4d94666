/// The shape of a tensor and the distribution that a random model draws it from.
public struct RandomTensor: Sendable, Equatable {
    public enum Distribution: Sendable, Equatable {
        case constant(Float)
        /// Mean 0.
        case normal(standardDeviation: Double)
        /// From `centre − bound` to `centre + bound`.
        case uniform(centre: Float, bound: Double)
        /// Weight norm's magnitudes, one per last index: the norm of that slice of another tensor, so that the product
        /// is that tensor.
        case norms(of: String)
    }

    public let shape: [Int]
    public let distribution: Distribution

    public init(shape: [Int], distribution: Distribution) {
        self.shape = shape
        self.distribution = distribution
    }
}
