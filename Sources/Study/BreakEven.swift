/// When a cache has paid for itself: when what training without it would have taken more equals what making it took.
///
///     epochs = ⌈ cache / (uncached − cached) ⌉     runs = ⌈ epochs / epochs per run ⌉
public struct BreakEven: Sendable, Equatable {
    /// What an epoch takes less with the cache than without; not above zero where the cache never pays.
    public let savedPerEpochSeconds: Double
    public let cacheSeconds: Double

    /// - Parameters:
    ///   - cacheSeconds: what the cache took.
    ///   - uncached: seconds per epoch of the same set-up without it, training and evaluating.
    ///   - cached: the same with it.
    public init(cacheSeconds: Double, uncached: Double, cached: Double) {
        self.cacheSeconds = cacheSeconds
        savedPerEpochSeconds = uncached - cached
    }

    /// Epochs, of however many runs, after which the cache has paid for itself; nil where it never does.
    public var epochs: Int? {
        guard savedPerEpochSeconds > 0 else { return nil }
        let epochs = (cacheSeconds / savedPerEpochSeconds).rounded(.up)
        // A difference within the clock's noise says "never" better than a number of thirty digits does.
        return epochs < 1e9 ? max(1, Int(epochs)) : nil
    }

    /// Runs of so many epochs each.
    public func runs(ofEpochs count: Double) -> Int? { epochs.map { max(1, Int((Double($0) / count).rounded(.up))) } }
}
