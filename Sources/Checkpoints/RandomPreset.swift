/// A model shape that can be had without a download, its weights drawn from a seed.
struct RandomPreset {
    let name: String
    /// As in the model's `config.json`.
    let configuration: String

    static func named(_ name: String) -> RandomPreset? { all.first { $0.name == name } }

    static let all = [
        RandomPreset(
            name: "wav2vec2-base",
            configuration: wav2vec2(
                hidden: 768, layers: 12, heads: 12, intermediate: 3072, convolution: 512, taps: 128, groups: 16)),
        // For tests: every part of the base model, a thousandth of its arithmetic.
        RandomPreset(
            name: "wav2vec2-tiny",
            configuration: wav2vec2(
                hidden: 48, layers: 4, heads: 4, intermediate: 96, convolution: 32, taps: 16, groups: 4)),
    ]

    /// All wav2vec2 encoders hear 16 kHz; whether they normalise is a choice of each, and base does.
    static let preprocessor = """
        {
          "do_normalize": true,
          "feature_extractor_type": "Wav2Vec2FeatureExtractor",
          "feature_size": 1,
          "padding_side": "right",
          "padding_value": 0.0,
          "return_attention_mask": false,
          "sampling_rate": 16000
        }

        """

    private static func wav2vec2(
        hidden: Int, layers: Int, heads: Int, intermediate: Int, convolution: Int, taps: Int, groups: Int
    ) -> String {
        let widths = Array(repeating: "\(convolution)", count: 7).joined(separator: ", ")
        return """
            {
              "activation_dropout": 0.1,
              "architectures": ["Wav2Vec2Model"],
              "attention_dropout": 0.1,
              "conv_bias": false,
              "conv_dim": [\(widths)],
              "conv_kernel": [10, 3, 3, 3, 3, 2, 2],
              "conv_stride": [5, 2, 2, 2, 2, 2, 2],
              "do_stable_layer_norm": false,
              "feat_extract_activation": "gelu",
              "feat_extract_norm": "group",
              "feat_proj_dropout": 0.1,
              "hidden_act": "gelu",
              "hidden_dropout": 0.1,
              "hidden_size": \(hidden),
              "initializer_range": 0.02,
              "intermediate_size": \(intermediate),
              "layer_norm_eps": 1e-05,
              "layerdrop": 0.05,
              "model_type": "wav2vec2",
              "num_attention_heads": \(heads),
              "num_conv_pos_embedding_groups": \(groups),
              "num_conv_pos_embeddings": \(taps),
              "num_feat_extract_layers": 7,
              "num_hidden_layers": \(layers)
            }

            """
    }
}
