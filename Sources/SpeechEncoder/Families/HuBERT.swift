import Checkpoints

extension EncoderFamily {
    /// HuBERT: Wav2Vec 2.0's encoder, trained otherwise.
    /// - Source: Hsu et al. 2021.
    static let huBERT = EncoderFamily(
        modelType: "hubert",
        variants: { file throws(CheckpointError) in
            var variants = try EncoderVariants.asWav2Vec2(file)
            variants.projectionHasNorm = try file.bool("feat_proj_layer_norm", default: true)
            guard try file.bool("conv_pos_batch_norm", default: false) == false else {
                throw file.mistake(
                    "conv_pos_batch_norm", expected: "false: a batch norm before positions is not known here")
            }
            return variants
        },
        presets: [
            RandomPreset("hubert-base", .huBERT, .base),
            RandomPreset("hubert-large", .huBERT, .large, .layerNorms(biases: true)),
            RandomPreset("hubert-tiny", .huBERT, .tiny),
        ])
}

extension RandomPreset.Names {
    static let huBERT = RandomPreset.Names(modelType: "hubert", architecture: "HubertModel")
}
