import Runs
import Study

extension Pipeline {
    /// The comparison of Sampath et al.: which set-ups it has.
    public struct Study: Sendable, Equatable {
        /// How many layers from the top partial finetuning trains.
        public var layers = [1, 2, 3, 4, 6, 9]
        /// Of full and partial finetuning from the recordings; all else is in the last, and the first is what is compared with.
        public var compute = ["float32", "bfloat16"]
        public var loraRanks = [4, 8, 16]
        /// Of the caches; partial finetuning and heads alone are trained from each.
        public var stores = [Cache.Store.float16]
        /// Of how many neighbouring frames caches store the mean. Every store is tried with the first of these, and the first store with
        /// every other: what pooling does and what the store does are seen apart, without a cache for every pair of them.
        public var pools = [1]
        /// Over how many runs the table divides a cache's cost.
        public var amortisedOver = 10

        public init() {}

        /// In the order of the table, what everything is compared with first.
        public var setUps: [StudySetUp] {
            let mixed = compute[compute.count - 1]
            let tops = layers.map { StudySetUp.Family.top(layers: $0) }
            let recorded = ([.full] + tops).flatMap { family in compute.map { StudySetUp(family, compute: $0) } }
            let cached = caches.flatMap { cache in
                (tops + [.heads]).map { StudySetUp($0, compute: mixed, from: cache) }
            }
            return recorded + loraRanks.map { StudySetUp(.lora(rank: $0), compute: mixed) }
                + [StudySetUp(.heads, compute: mixed)] + cached
        }

        private var caches: [StudySetUp.Source] {
            stores.map { .cache(store: $0.rawValue, pool: pools[0]) }
                + pools.dropFirst().map { .cache(store: stores[0].rawValue, pool: $0) }
        }
    }
}

extension Pipeline.Study {
    static let keys = ["layers", "compute", "lora_ranks", "stores", "pools", "amortised_over"]

    init(_ mapping: StrictMapping, in top: StrictMapping) throws(ConfigurationError) {
        try mapping.allowOnly(Self.keys)
        if let values = try Self.numbers("layers", in: mapping) { layers = values }
        if let values = try Self.numbers("lora_ranks", in: mapping) { loraRanks = values }
        if let values = try mapping.strings("compute") {
            for value in values where value != "float32" && value != "bfloat16" {
                throw mapping.error(at: "compute", "expected float32, bfloat16 or both, found '\(value)'")
            }
            compute = try Self.different(values, "compute", in: mapping)
        }
        if let values = try mapping.strings("stores") {
            var stores: [Pipeline.Cache.Store] = []
            for value in try Self.different(values, "stores", in: mapping) {
                guard let store = Pipeline.Cache.Store(rawValue: value) else {
                    let known = Pipeline.Cache.Store.allCases.map(\.rawValue).joined(separator: ", ")
                    throw mapping.error(at: "stores", "expected some of \(known), found '\(value)'")
                }
                stores.append(store)
            }
            self.stores = stores
        }
        if let values = try Self.numbers("pools", in: mapping) {
            let most = Pipeline.Cache.largestPool
            guard !values.isEmpty, values.allSatisfy({ $0 <= most }) else {
                let found = values.map(String.init).joined(separator: ", ")
                throw mapping.error(at: "pools", "expected at least one, each at most \(most), found [\(found)]")
            }
            pools = values
        }
        // Batches are counted in the rows that are stored: the same frames would be other utterances, and other steps.
        if pools.contains(where: { $0 > 1 }), let batch = try top.mapping("train")?.mapping("batch"),
            batch.contains("frames")
        {
            throw batch.error(
                at: "frames",
                "set-ups with study.pools above 1 would have other batches than the rest; give batch.utterances, or pools: [1]"
            )
        }
        if let value = try mapping.integer("amortised_over", atLeast: 1) { amortisedOver = value }
        for (part, keys) in [
            ("train", ["layers", "tuning", "embedding", "compute"]), ("cache", ["cuts", "store", "pool", "compute"]),
        ] {
            guard let mapping = try top.mapping(part) else { continue }
            for key in keys where mapping.contains(key) {
                throw mapping.error(at: key, "the study decides it for each of its set-ups; leave it out")
            }
        }
    }

    private static func numbers(_ key: String, in mapping: StrictMapping) throws(ConfigurationError) -> [Int]? {
        guard let texts = try mapping.strings(key) else { return nil }
        let numbers = texts.compactMap { Int($0) }.filter { (1...1_000_000).contains($0) }
        guard numbers.count == texts.count, Set(numbers).count == numbers.count else {
            throw mapping.error(
                at: key,
                "expected different whole numbers of 1 or more, e.g. [1, 3], found [\(texts.joined(separator: ", "))]")
        }
        return numbers
    }

    private static func different(
        _ values: [String], _ key: String, in mapping: StrictMapping
    ) throws(ConfigurationError) -> [String] {
        guard !values.isEmpty, Set(values).count == values.count else {
            throw mapping.error(
                at: key, "expected at least one and none twice, found [\(values.joined(separator: ", "))]")
        }
        return values
    }
}
