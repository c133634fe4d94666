import FeatureStore
import Kernels

/// What the key of a cache does not hold: the same product, summed in another order, is another last bit.
extension FrozenModel {
    /// What `cache.json` is to say.
    ///
    /// - Parameters:
    ///   - before: the cache as it was, nil for a new one.
    ///   - computed: utterances of this run.
    func arithmetic(since before: CacheDescription?, computed: Int) -> [String]? {
        guard let before else { return [CPUEngine.arithmetic(compute)] }
        guard computed > 0 else { return before.arithmetic }
        let known = before.arithmetic ?? []
        let now = CPUEngine.arithmetic(compute)
        return known.contains(now) ? known : known + [now]
    }

    /// A line for a run that adds rows to a cache; nil where they come as those that are there, as far as that is known.
    public func arithmeticWarning(for cache: CacheDescription, directory: String) -> String? {
        let now = CPUEngine.arithmetic(compute), then: String
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
