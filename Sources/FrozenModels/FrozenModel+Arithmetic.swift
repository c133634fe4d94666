import FeatureStore
import Kernels

/// What the key of a cache does not hold: the same product, summed in another order, is another last bit.
extension FrozenModel {
    /// What rows that are computed now are computed on.
    public var arithmetic: String { CPUEngine.arithmetic(compute) }

    /// A line for a run that adds rows to a cache; nil where they come as those that are there, as far as that is known.
    public func arithmeticWarning(for cache: CacheDescription, directory: String) -> String? {
        let now = arithmetic, then: String
        if let known = cache.arithmetic {
            guard known != [now] else { return nil }
            then = known.joined(separator: " and ")
        } else {
            guard let version = cache.versions["onednn"], version != CPUEngine.libraryVersion else { return nil }
            then = version
        }
        return "warning: \(directory): its rows were computed by \(then); what is computed now, by \(now), may differ "
            + "in the last bits from what would have been computed there"
    }
}
