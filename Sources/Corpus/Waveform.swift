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
    /// Of the decoded samples, before resampling.
    public var statistics: SignalStatistics
    /// `truncated` or `lengthOpen`; nil for a file that holds what its header promises.
    public var lengthNote: RecordingNote?

    public var durationSeconds: Double { Double(samples.count) / Double(sampleRateHz) }

    /// What a user should know about the recording.
    ///
    /// - Parameter normalised: whether the model's preprocessor normalises.
    public func notes(normalised: Bool) -> [RecordingNote] {
        (lengthNote.map { [$0] } ?? [])
            + RecordingNote.about(statistics, channels: sourceChannels, normalised: normalised)
    }
}

extension Waveform {
    /// Zero mean and unit variance over the utterance: `(x − mean) / √(variance + 1e-7)`, the variance biased.
    ///
    /// Statistics are accumulated in float64. A constant, silence too, becomes zeros.
    /// - Source: `Wav2Vec2FeatureExtractor.zero_mean_unit_var_norm` in Hugging Face transformers, which computes in
    ///   float32.
    public static func normalise(_ samples: inout [Float]) {
        guard !samples.isEmpty else { return }
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
        for index in samples.indices { samples[index] = Float((Double(samples[index]) - mean) * scale) }
    }

    /// A copy of the samples, normalised. See `normalise(_:)`.
    public static func normalised(_ samples: [Float]) -> [Float] {
        var copy = samples
        normalise(&copy)
        return copy
    }
}
