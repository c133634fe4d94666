import Checkpoints

extension EncoderFamily {
    /// WavLM: Wav2Vec 2.0's encoder with gated relative positions in every layer's attention.
    /// - Source: Chen et al. 2022.
    static let wavLM = EncoderFamily(
        modelType: "wavlm",
        variants: { file throws(CheckpointError) in
            var variants = try EncoderVariants.asWav2Vec2(file)
            let positions = RelativePositions(
                bucketCount: try file.int("num_buckets", default: 320),
                maximumDistance: try file.int("max_bucket_distance", default: 800))
            guard positions.bucketCount >= 4, positions.bucketCount % 2 == 0 else {
                throw file.mistake("num_buckets", expected: "an even number from 4 on")
            }
            guard positions.maximumDistance > positions.bucketCount / 4 else {
                throw file.mistake("max_bucket_distance", expected: "more than a quarter of num_buckets")
            }
            variants.relativePositions = positions
            return variants
        },
        presets: [
            RandomPreset("wavlm-base", .wavLM, .base, normalises: false),
            RandomPreset("wavlm-base-plus", .wavLM, .base, normalises: false),
            RandomPreset("wavlm-large", .wavLM, .large, .layerNorms(biases: false)),
            RandomPreset("wavlm-tiny", .wavLM, .tiny, normalises: false),
            RandomPreset("wavlm-large-tiny", .wavLM, .tiny, .layerNorms(biases: false)),
        ])
}

extension RandomPreset.Names {
    static let wavLM = RandomPreset.Names(modelType: "wavlm", architecture: "WavLMModel")
}
