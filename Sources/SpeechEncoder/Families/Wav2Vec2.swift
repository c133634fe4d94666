extension EncoderFamily {
    /// Wav2Vec 2.0, in its base form (group norm, post-norm) and its large one (layer norms in the CNN, pre-norm), XLS-R
    /// included.
    /// - Source: Baevski et al. 2020; Hsu et al. 2021 (robust); Babu et al. 2021 (XLS-R).
    static let wav2Vec2 = EncoderFamily(
        modelType: "wav2vec2", variants: EncoderVariants.asWav2Vec2,
        presets: [
            RandomPreset("wav2vec2-base", .wav2Vec2, .base),
            RandomPreset("wav2vec2-large", .wav2Vec2, .large),
            RandomPreset("wav2vec2-large-robust", .wav2Vec2, .large, .layerNorms(biases: true)),
            RandomPreset("wav2vec2-xls-r-300m", .wav2Vec2, .large, .layerNorms(biases: true)),
            RandomPreset("wav2vec2-tiny", .wav2Vec2, .tiny),
            RandomPreset("wav2vec2-large-tiny", .wav2Vec2, .tiny, .layerNorms(biases: true)),
        ])
}

extension RandomPreset.Names {
    static let wav2Vec2 = RandomPreset.Names(modelType: "wav2vec2", architecture: "Wav2Vec2Model")
}
