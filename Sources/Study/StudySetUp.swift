/// One way of finetuning that the study compares: what is trained, in which precision, from what.
public struct StudySetUp: Sendable, Hashable {
    public enum Family: Sendable, Hashable {
        /// Every layer and the embedding below them; the convolutional feature encoder stays frozen, as is usual.
        case full
        /// The top layers.
        case top(layers: Int)
        /// Low-rank adapters in every layer.
        case lora(rank: Int)
        /// No layer.
        case heads
    }

    /// Where the frozen layers' output comes from.
    public enum Source: Sendable, Hashable {
        /// Computed anew for every batch of every epoch.
        case recordings
        /// Read from a cache, by how it stores values, e.g. `float16`, and how many neighbouring frames each of its rows is the mean of.
        case cache(store: String, pool: Int = 1)
    }

    public var family: Family
    /// `float32` or `bfloat16`: what the products run in.
    public var compute: String
    public var source: Source

    public init(_ family: Family, compute: String, from source: Source = .recordings) {
        self.family = family
        self.compute = compute
        self.source = source
    }

    /// Fit for a folder, and unique among set-ups: `top-3-bfloat16`, `top-3-bfloat16-cached-float16`,
    /// `top-3-bfloat16-cached-float16-pool2`.
    public var name: String {
        let kind =
            switch family {
            case .full: "full"
            case .top(let layers): "top-\(layers)"
            case .lora(let rank): "lora-\(rank)"
            case .heads: "heads"
            }
        return "\(kind)-\(compute)" + (store.map { "-cached-\($0)" } ?? "") + (isPooled ? "-pool\(pool)" : "")
    }

    /// For people: `last 3 layers, bfloat16, float16 cache`; pooled, `…, float16 cache, means of 2`.
    public var title: String {
        "\(trained), \(compute)" + (store.map { ", \($0) cache" } ?? "") + (isPooled ? ", means of \(pool)" : "")
    }

    /// What is trained beside the heads, for people.
    public var trained: String {
        switch family {
        case .full: "full"
        case .top(1): "last layer"
        case .top(let layers): "last \(layers) layers"
        case .lora(let rank): "LoRA, rank \(rank)"
        case .heads: "heads only"
        }
    }

    /// How the cache stores values; nil without one.
    public var store: String? {
        if case .cache(let store, _) = source { store } else { nil }
    }

    /// How many neighbouring frames a row that is trained on is the mean of; 1 without a cache.
    public var pool: Int {
        if case .cache(_, let pool) = source { pool } else { 1 }
    }

    public var isCached: Bool { source != .recordings }
    public var isPooled: Bool { pool > 1 }

    /// The same without a cache: what a cache has to pay for itself against.
    public var uncached: StudySetUp { StudySetUp(family, compute: compute) }
}

extension StudySetUp: Encodable {
    private enum CodingKeys: String, CodingKey { case name, title, compute, store, pool }

    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(name, forKey: .name)
        try values.encode(title, forKey: .title)
        try values.encode(compute, forKey: .compute)
        try values.encodeIfPresent(store, forKey: .store)
        if isCached { try values.encode(pool, forKey: .pool) }
    }
}
