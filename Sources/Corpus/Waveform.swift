/// A recording as the encoder takes it: one channel at the rate asked for.
public struct Waveform: Sendable, Equatable {
    /// Mono, about −1…1, at `sampleRateHz`.
    public var samples: [Float]
    public var sampleRateHz: Int
    public var sourceSampleRateHz: Int
    public var sourceChannels: Int
    /// SHA-256, in hexadecimal, over the source rate (UInt32, little-endian) and then the decoded, channel-averaged
    /// samples before resampling (float32, little-endian): what was heard, whatever the container's tags say.
    public var sha256: String
    /// The file holds less than its header promises; what is there was read.
    public var truncated: Bool

    public var durationSeconds: Double { Double(samples.count) / Double(sampleRateHz) }
}

extension Waveform {
    /// Zero mean and unit variance over the utterance: `(x − mean) / √(variance + 1e-7)`, the variance biased.
    ///
    /// Statistics are accumulated in float64.
    /// - Source: `Wav2Vec2FeatureExtractor.zero_mean_unit_var_norm` in Hugging Face transformers, which computes in
    ///   float32.
    public static func normalised(_ samples: [Float]) -> [Float] {
        guard !samples.isEmpty else { return [] }
        let count = Double(samples.count)
        var sum = 0.0
        for sample in samples { sum += Double(sample) }
        let mean = sum / count
        var squares = 0.0
        for sample in samples {
            let difference = Double(sample) - mean
            squares += difference * difference
        }
        let scale = 1 / (squares / count + 1e-7).squareRoot()
        return samples.map { Float((Double($0) - mean) * scale) }
    }

    /// The samples, normalised over the utterance. See `normalised(_:)`.
    public func normalised() -> [Float] { Waveform.normalised(samples) }
}
