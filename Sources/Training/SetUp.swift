import Runs
import SpeechEncoder

/// What a run trains, and from which of a cache's cuts: the configuration's wishes, once model and cache are known.
///
/// - `layers: k` needs a cut at or below layer `L − k`; the highest one is taken, and the frozen layers above it run without dropout.
/// - The embedding, which full finetuning trains too, needs cut `cnn`.
public struct SetUp: Sendable, Equatable {
    public let cut: Cut
    public let parts: TrainedParts
    /// `L`.
    let layerCount: Int

    /// - Parameters:
    ///   - configuration: of it `layers`, `tuning` and `embedding`.
    ///   - encoder: says how many layers there are.
    ///   - cuts: that there are rows of.
    ///   - cache: names where they are in errors.
    /// - Throws: `TrainingError.setUp` for more than the model has, `.noCut` and `.noCNNCut` for what these cuts cannot give.
    public init(
        _ configuration: TrainConfiguration, encoder: EncoderConfiguration, cuts: [Cut], cache: String
    ) throws(TrainingError) {
        layerCount = encoder.layerCount
        let chosen = configuration.layers.count(of: layerCount)
        guard chosen <= layerCount else {
            throw .setUp(
                key: "layers", found: "\(chosen)",
                expected: "0 to \(layerCount), the model's transformer layers, or all")
        }
        if let mistake = configuration.mistakenAdapters(of: layerCount) {
            throw .setUp(key: "lora.layers", found: mistake.found, expected: mistake.expected)
        }
        let layers = configuration.trainedLayers(of: layerCount), isWhole = layers == layerCount
        if configuration.embedding == .train, !isWhole {
            throw .setUp(
                key: "embedding", found: "train with layers: \(layers)",
                expected: "layers: all, since it lies below them, or embedding: frozen")
        }
        let wanted = configuration.embedding.isTrained(with: configuration.layers, configuration.tuning)
        if configuration.embedding == .train, !cuts.contains(.cnn) {
            throw .noCNNCut(cache: cache, cuts: cuts.map { "\($0)" })
        }
        let embedding = wanted && cuts.contains(.cnn), needed = layerCount - layers
        let serving = embedding ? [.cnn] : cuts.filter { $0.layersBelow <= needed }
        guard let cut = serving.max() else {
            throw .noCut(cache: cache, layers: layers, needed: needed, cuts: cuts.map { "\($0)" })
        }
        self.cut = cut
        parts = TrainedParts(layers: layers, tuning: Tuning(configuration), embedding: embedding)
    }

    /// In words, for people.
    var description: String {
        guard parts.layers > 0 else { return "heads alone" }
        let isWhole = parts.layers == layerCount
        let layers = isWhole ? "all \(layerCount) layers" : "top \(parts.layers) of \(layerCount) layers"
        let theirs = isWhole ? layers : "the \(layers)"
        switch parts.tuning {
        case .full: return parts.embedding ? "\(layers) and the embedding" : layers
        case .biases: return "biases of \(theirs)"
        case .norms: return "norms of \(theirs)"
        case .lowRank(let form):
            let stabilised = form.isRankStabilised ? ", rank-stabilised" : ""
            let places = form.layers.map {
                "layer\($0.count == 1 ? "" : "s") \($0.sorted().map(\.description).joined(separator: ", ")) of \(layerCount)"
            }
            return "LoRA of rank \(form.rank)\(stabilised) on \(form.targetNames.joined(separator: ", ")) of "
                + "\(places ?? theirs)"
        }
    }

    /// What `best.safetensors` says of how its tensors go together with the checkpoint's: `cut`, `layers`, `tuning`, `embedding`, and
    /// for adapters `lora`, in JSON.
    var metadata: [String: String] {
        var metadata = ["cut": "\(cut)", "layers": "\(parts.layers)", "embedding": "\(parts.embedding)"]
        switch parts.tuning {
        case .full: metadata["tuning"] = TrainConfiguration.Tuning.full.rawValue
        case .biases: metadata["tuning"] = TrainConfiguration.Tuning.biases.rawValue
        case .norms: metadata["tuning"] = TrainConfiguration.Tuning.norms.rawValue
        case .lowRank(let form):
            metadata["tuning"] = TrainConfiguration.Tuning.lora.rawValue
            let targets = form.targetNames.map { "\"\($0)\"" }.joined(separator: ", ")
            metadata["lora"] =
                "{\"rank\": \(form.rank), \"alpha\": \(form.alpha), \"rank_stabilised\": \(form.isRankStabilised), "
                + "\"targets\": [\(targets)], \"layers\": \(form.layers?.sorted().description ?? "null")}"
        }
        return metadata
    }
}

extension TrainConfiguration.Embedding {
    /// Whether it is to be trained with these layers, where the cache allows for it.
    fileprivate func isTrained(with layers: TrainConfiguration.Layers, _ tuning: TrainConfiguration.Tuning) -> Bool {
        switch self {
        case .auto: layers == .all && tuning == .full
        case .train: true
        case .frozen: false
        }
    }
}

extension LowRankAdaptation {
    /// In the order of a layer's maps.
    fileprivate var targetNames: [String] { Target.allCases.filter(targets.contains).map(\.rawValue) }
}

extension Tuning {
    init(_ configuration: TrainConfiguration) {
        switch configuration.tuning {
        case .full: self = .full
        case .biases: self = .biases
        case .norms: self = .norms
        case .lora:
            let form = configuration.lora
            self = .lowRank(
                LowRankAdaptation(
                    rank: form.rank, alpha: form.alpha, dropout: Float(form.dropout),
                    targets: Set(form.targets.map(LowRankAdaptation.Target.init)), layers: form.layers.map(Set.init),
                    isRankStabilised: form.isRankStabilised))
        }
    }
}

extension LowRankAdaptation.Target {
    init(_ target: TrainConfiguration.LowRank.Target) {
        switch target {
        case .query: self = .query
        case .key: self = .key
        case .value: self = .value
        case .attentionOutput: self = .attentionOutput
        case .intermediate: self = .intermediate
        case .output: self = .output
        }
    }
}

extension EncoderConfiguration.Dropouts {
    /// The model's own, but for what the configuration says.
    package func overridden(by configured: TrainConfiguration.Dropout) -> EncoderConfiguration.Dropouts {
        func choose(_ own: Float, _ configured: Double?) -> Float { configured.map { Float($0) } ?? own }
        return EncoderConfiguration.Dropouts(
            hidden: choose(hidden, configured.hidden), attention: choose(attention, configured.attention),
            activation: choose(activation, configured.activation),
            featureProjection: choose(featureProjection, configured.featureProjection),
            layer: choose(layer, configured.layer))
    }
}
