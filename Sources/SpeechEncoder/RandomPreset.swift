import Checkpoints
import Faults

/// A model shape that can be had without a download, its weights drawn from a seed.
struct RandomPreset: Sendable {
    let name: String
    /// As the model's `config.json`.
    let configuration: String
    /// As its `preprocessor_config.json`: all these encoders hear 16 kHz; whether they normalise is a choice of each.
    let preprocessor: String

    static let all = EncoderFamily.all.flatMap(\.presets)

    /// - Parameter specification: the text that asked for it, for the error.
    static func named(_ name: String, specification: String) throws(CheckpointError) -> RandomPreset {
        if let preset = all.first(where: { $0.name == name }) { return preset }
        let known = all.map(\.name).joined(separator: ", ")
        throw .specification(
            text: specification, reason: "unknown preset '\(printable(name))'; expected one of \(known)")
    }

    /// What the family is called.
    struct Names {
        var modelType: String
        var architecture: String
    }

    /// The sizes that published models come in.
    struct Size {
        var hidden: Int
        var layers: Int
        var heads: Int
        var intermediate: Int
        var convolution: Int
        var taps: Int
        var groups: Int

        static let base = Size(
            hidden: 768, layers: 12, heads: 12, intermediate: 3072, convolution: 512, taps: 128, groups: 16)
        static let large = Size(
            hidden: 1024, layers: 24, heads: 16, intermediate: 4096, convolution: 512, taps: 128, groups: 16)
        /// For tests: every part of the real models, a thousandth of the arithmetic.
        static let tiny = Size(hidden: 48, layers: 4, heads: 4, intermediate: 96, convolution: 32, taps: 16, groups: 4)
    }

    enum Form {
        /// Group norm in the CNN, post-norm layers.
        case groupNorm
        /// Layer norms in the CNN, pre-norm layers.
        case layerNorms(biases: Bool)
        /// Layer norms in the CNN, post-norm layers, stacked positional convolutions.
        case stackedPositions
    }

    init(_ name: String, _ names: Names, _ size: Size, _ form: Form = .groupNorm, normalises: Bool = true) {
        self.name = name
        var keys = [
            "activation_dropout": "0.1", "architectures": "[\"\(names.architecture)\"]", "attention_dropout": "0.1",
            "conv_bias": "false",
            "conv_dim": "[\(Array(repeating: "\(size.convolution)", count: 7).joined(separator: ", "))]",
            "conv_kernel": "[10, 3, 3, 3, 3, 2, 2]", "conv_stride": "[5, 2, 2, 2, 2, 2, 2]",
            "feat_extract_activation": "\"gelu\"", "feat_proj_dropout": "0.1", "hidden_act": "\"gelu\"",
            "hidden_dropout": "0.1", "hidden_size": "\(size.hidden)", "initializer_range": "0.02",
            "intermediate_size": "\(size.intermediate)", "layer_norm_eps": "1e-05", "layerdrop": "0.05",
            "model_type": "\"\(names.modelType)\"", "num_attention_heads": "\(size.heads)",
            "num_conv_pos_embedding_groups": "\(size.groups)", "num_conv_pos_embeddings": "\(size.taps)",
            "num_feat_extract_layers": "7", "num_hidden_layers": "\(size.layers)",
        ]
        switch form {
        case .groupNorm:
            keys["feat_extract_norm"] = "\"group\""
            keys["do_stable_layer_norm"] = "false"
        case .layerNorms(let biases):
            keys["feat_extract_norm"] = "\"layer\""
            keys["do_stable_layer_norm"] = "true"
            keys["conv_bias"] = "\(biases)"
        case .stackedPositions:
            keys["num_conv_pos_embeddings"] = "5"
            keys["conv_pos_kernel_size"] = "19"
        }
        configuration = RandomPreset.json(keys)
        preprocessor = RandomPreset.json([
            "do_normalize": "\(normalises)", "feature_extractor_type": "\"Wav2Vec2FeatureExtractor\"",
            "feature_size": "1", "padding_side": "\"right\"", "padding_value": "0.0",
            "return_attention_mask": "false", "sampling_rate": "16000",
        ])
    }

    private static func json(_ keys: [String: String]) -> String {
        let lines = keys.sorted { $0.key < $1.key }.map { "  \"\($0.key)\": \($0.value)" }
        return "{\n\(lines.joined(separator: ",\n"))\n}\n"
    }
}
