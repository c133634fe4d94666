import Files

/// What of the model is trained.
extension TrainConfiguration {
    /// How many transformer layers are trained, from the top.
    public enum Layers: Sendable, Equatable, CustomStringConvertible, ExpressibleByIntegerLiteral {
        case top(Int)
        case all

        public init(integerLiteral count: Int) { self = .top(count) }

        /// Of a model with so many; not limited to them.
        public func count(of total: Int) -> Int {
            switch self {
            case .top(let count): count
            case .all: total
            }
        }

        public var description: String {
            switch self {
            case .top(let count): "\(count)"
            case .all: "all"
            }
        }
    }

    /// What of the trained layers is.
    public enum Tuning: String, Sendable, CaseIterable {
        /// Every tensor.
        case full
        /// Low-rank adapters beside the frozen weights (Hu et al. 2022).
        case lora
        /// The biases, norms' β among them (BitFit; Ben Zaken et al. 2022).
        case biases
        /// γ and β of the norms.
        case norms
    }

    /// Whether what lies between the CNN and the first layer is trained: feature projection, positional convolution, norms and
    /// WavLM's table of relative positions.
    public enum Embedding: String, Sendable, CaseIterable {
        /// Trained where all layers are (`layers: all`, `tuning: full`) and the cache has the `cnn` cut.
        case auto
        case train
        case frozen
    }

    /// Low-rank adapters; the defaults are peft's, but for the targets, which peft has none of for these models.
    public struct LowRank: Sendable, Equatable {
        /// A linear map of a layer, by the name that Hugging Face gives it.
        public enum Target: String, Sendable, CaseIterable {
            case query = "q_proj"
            case key = "k_proj"
            case value = "v_proj"
            case attentionOutput = "out_proj"
            case intermediate = "intermediate_dense"
            case output = "output_dense"
        }

        public var rank = 8
        public var alpha = 8.0
        /// On what the adapters read.
        public var dropout = 0.0
        public var targets: [Target] = [.query, .value]
        /// Which of the trained layers have them, from 0 at the bottom, as peft's `layers_to_transform`; nil for all.
        public var layers: [Int]?
        /// Scaled by `alpha / √rank` rather than `alpha / rank` (Kalajdzievski 2023).
        public var isRankStabilised = false

        public init() {}
    }
}

extension TrainConfiguration {
    /// How many layers from the top there is anything to train in, of a model with so many; not limited to them. Below the lowest adapter
    /// there is nothing.
    public func trainedLayers(of total: Int) -> Int {
        let chosen = layers.count(of: total)
        guard tuning == .lora, let lowest = lora.layers?.min() else { return chosen }
        return min(chosen, max(0, total - lowest))
    }

    /// What is wrong with `lora.layers`: nil where every adapter is in a layer that `layers` trains.
    public func mistakenAdapters(of total: Int) -> (found: String, expected: String)? {
        guard tuning == .lora, let adapted = lora.layers else { return nil }
        let lowest = max(0, total - layers.count(of: total))
        guard adapted.contains(where: { $0 < lowest || $0 >= total }) else { return nil }
        return ("\(adapted)", "some of \(lowest) to \(total - 1), the layers that layers: \(layers) trains")
    }

    static let trainedKeys = ["layers", "tuning", "lora", "embedding", "recompute"]

    mutating func applyTrained(_ top: StrictMapping) throws(ConfigurationError) {
        if top.says("all", at: "layers") {
            layers = .all
        } else if let value = try top.integer("layers", atLeast: 0, or: "all") {
            layers = .top(value)
        }
        if let value = try top.choice("tuning", of: Tuning.self) { tuning = value }
        if let mapping = try top.mapping("lora") { try lora.apply(mapping) }
        if let value = try top.choice("embedding", of: Embedding.self) { embedding = value }
        if let value = try top.boolean("recompute") { recomputes = value }
    }

    /// What cannot be, whatever the model and the cache.
    func checkTrained(source: String) throws(ConfigurationError) {
        if layers == .top(0), tuning != .full {
            throw ConfigurationError(
                source: source,
                problem:
                    "key 'tuning': found \(tuning.rawValue), which is of trained layers, with layers: 0; expected layers "
                    + "of 1 or more, or all")
        }
        if embedding == .train, tuning != .full {
            throw ConfigurationError(
                source: source,
                problem:
                    "key 'embedding': found train with tuning: \(tuning.rawValue); expected tuning: full, the only one "
                    + "that trains it")
        }
    }

    var trainedYAML: String {
        """
        layers: \(layers)
        tuning: \(tuning.rawValue)
        lora:
          rank: \(lora.rank)
          alpha: \(lora.alpha)
          dropout: \(lora.dropout)
          targets: [\(lora.targets.map(\.rawValue).joined(separator: ", "))]
          layers: \(lora.layers?.description ?? "null")
          rank_stabilised: \(lora.isRankStabilised)
        embedding: \(embedding.rawValue)
        recompute: \(recomputes)
        """
    }
}

extension TrainConfiguration.LowRank {
    fileprivate mutating func apply(_ mapping: StrictMapping) throws(ConfigurationError) {
        try mapping.allowOnly(["rank", "alpha", "dropout", "targets", "layers", "rank_stabilised"])
        if let value = try mapping.integer("rank", atLeast: 1) { rank = value }
        if let value = try mapping.number("alpha", in: 1e-30...1e30, "above 0") { alpha = value }
        if let value = try mapping.number("dropout", in: 0...0.99, "0 to 0.99") { dropout = value }
        if let names = try mapping.strings("targets") { targets = try Self.targets(names, in: mapping) }
        if mapping.isNull("layers") {
            layers = nil
        } else if let numbers = try mapping.strings("layers") {
            layers = try Self.layers(numbers, in: mapping)
        }
        if let value = try mapping.boolean("rank_stabilised") { isRankStabilised = value }
    }

    /// From the bottom up, whatever their order was.
    private static func layers(_ texts: [String], in mapping: StrictMapping) throws(ConfigurationError) -> [Int] {
        let layers = texts.compactMap(Int.init)
        guard !layers.isEmpty, layers.count == texts.count, Set(layers).count == layers.count,
            layers.allSatisfy({ $0 >= 0 })
        else {
            throw mapping.error(
                at: "layers",
                "expected null or different layers, from 0 at the bottom, e.g. [9, 11], found "
                    + "[\(texts.joined(separator: ", "))]")
        }
        return layers.sorted()
    }

    private static func targets(
        _ names: [String], in mapping: StrictMapping
    ) throws(ConfigurationError) -> [Target] {
        let valid = Target.allCases.map(\.rawValue)
        var targets: [Target] = []
        for name in names {
            guard let target = Target(rawValue: name) else {
                let hint = nearestName(to: name, among: valid).map { " (did you mean '\($0)'?)" } ?? ""
                throw mapping.error(
                    at: "targets", "expected some of \(valid.joined(separator: ", ")), found '\(name)'\(hint)")
            }
            guard !targets.contains(target) else { throw mapping.error(at: "targets", "'\(name)' is listed twice") }
            targets.append(target)
        }
        guard !targets.isEmpty else {
            throw mapping.error(at: "targets", "expected some of \(valid.joined(separator: ", ")), found an empty list")
        }
        return targets
    }
}
