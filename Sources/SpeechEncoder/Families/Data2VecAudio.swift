import Checkpoints

extension EncoderFamily {
    /// data2vec for speech: layer norms in the CNN, post-norm layers, a stack of positional convolutions.
    /// - Source: Baevski et al. 2022.
    static let data2VecAudio = EncoderFamily(
        modelType: "data2vec-audio",
        variants: { file throws(CheckpointError) in
            guard try file.bool("add_adapter", default: false) == false else {
                throw file.mistake("add_adapter", expected: "false: adapters above the encoder are not known here")
            }
            return EncoderVariants(
                convolutionNorm: .layer, convolutionsHaveBias: try file.bool("conv_bias", default: false),
                positionalEmbedding: .stacked(
                    count: try file.int("num_conv_pos_embeddings", default: 5),
                    kernel: try file.int("conv_pos_kernel_size", default: 19),
                    groups: try file.int("num_conv_pos_embedding_groups", default: 16)),
                isPreNorm: false)
        },
        presets: [
            RandomPreset("data2vec-audio-base", .data2VecAudio, .base, .stackedPositions),
            RandomPreset("data2vec-audio-large", .data2VecAudio, .large, .stackedPositions),
            RandomPreset("data2vec-audio-tiny", .data2VecAudio, .tiny, .stackedPositions),
        ])
}

extension RandomPreset.Names {
    static let data2VecAudio = RandomPreset.Names(modelType: "data2vec-audio", architecture: "Data2VecAudioModel")
}
