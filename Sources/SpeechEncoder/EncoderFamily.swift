import Checkpoints

/// What distinguishes one family of speech encoders from another.
///
/// All families share the outline of Wav2Vec 2.0: a CNN over the waveform, a projection, a convolutional positional embedding,
/// transformer layers. A family says how its `config.json` chooses among the variants of those parts that
/// `EncoderConfiguration` knows, and which published shapes there are. Adding one is adding a file like its neighbours in
/// `Families/` and its name to `all`.
public struct EncoderFamily: Sendable {
    /// `model_type` in `config.json`.
    public let modelType: String
    /// Reads the variants from the family's configuration.
    let variants: @Sendable (ConfigurationFile) throws(CheckpointError) -> EncoderVariants
    /// Published shapes, and a tiny one for tests, with random weights.
    let presets: [RandomPreset]

    static let all: [EncoderFamily] = [.wav2Vec2, .huBERT, .wavLM, .data2VecAudio]

    static func named(by file: ConfigurationFile) throws(CheckpointError) -> EncoderFamily {
        let type = try file.string("model_type")
        guard let family = all.first(where: { $0.modelType == type }) else {
            let known = all.map { "\"\($0.modelType)\"" }.joined(separator: ", ")
            throw file.mistake("model_type", expected: "one of \(known)")
        }
        return family
    }
}

/// The choices in which encoders differ beyond their sizes.
package struct EncoderVariants: Sendable, Equatable {
    /// What follows the convolutions of the CNN.
    package enum ConvolutionNorm: String, Sendable, Equatable {
        /// A group norm over time after the first, one group per channel; none after the others.
        case group
        /// A layer norm over channels after each.
        case layer
    }

    /// How positions enter at the bottom: convolutions over the projected frames, added to them.
    package enum PositionalEmbedding: Sendable, Equatable {
        /// One convolution under weight norm, then GELU (Baevski et al. 2020).
        case weightNormed(kernel: Int, groups: Int)
        /// Several, each followed by a layer norm without parameters and GELU (Baevski et al. 2022).
        case stacked(count: Int, kernel: Int, groups: Int)
    }

    package var convolutionNorm: ConvolutionNorm
    package var convolutionsHaveBias: Bool
    /// Whether the CNN's output passes a layer norm before the projection.
    package var projectionHasNorm = true
    package var positionalEmbedding: PositionalEmbedding
    /// Whether layers norm what they read (`do_stable_layer_norm`) or what they write.
    package var isPreNorm: Bool
    package var relativePositions: RelativePositions?

    /// As Wav2Vec 2.0's configuration has them, and those of the families that followed it.
    static func asWav2Vec2(_ file: ConfigurationFile) throws(CheckpointError) -> EncoderVariants {
        guard
            let norm = ConvolutionNorm(rawValue: try file.string("feat_extract_norm", default: "group"))
        else { throw file.mistake("feat_extract_norm", expected: "\"group\" or \"layer\"") }
        guard try file.bool("add_adapter", default: false) == false else {
            throw file.mistake("add_adapter", expected: "false: adapters above the encoder are not known here")
        }
        guard !file.has("adapter_attn_dim") else {
            throw file.mistake("adapter_attn_dim", expected: "null: adapters inside the layers are not known here")
        }
        return EncoderVariants(
            convolutionNorm: norm, convolutionsHaveBias: try file.bool("conv_bias", default: false),
            positionalEmbedding: .weightNormed(
                kernel: try file.int("num_conv_pos_embeddings", default: 128),
                groups: try file.int("num_conv_pos_embedding_groups", default: 16)),
            isPreNorm: try file.bool("do_stable_layer_norm", default: false))
    }
}
