import Crypto
import Files

/// A decoded signal on its way to the resampler, block by block: averaged over its channels, hashed and measured.
struct SourceSignal {
    /// No recording has such samples, even in integers written as floats; squares of larger ones leave float32.
    static let largestMagnitude: Float = 1e12

    let sampleRateHz: Int
    let channels: Int
    /// Of the signal so far, in frames.
    private(set) var frameCount = 0
    /// Frames whose mean is NaN, infinite or beyond `largestMagnitude`, and the first of them.
    private(set) var unusable: (count: Int, first: Int)?
    /// The last block, averaged: `out[t] = Σ_c x[t, c] / channels`, in float32.
    private(set) var mono: [Float] = []

    private var hash = SHA256()
    private var channelMeters: [ChannelMeter]
    private var monoMeter = ChannelMeter()

    init(sampleRateHz: Int, channels: Int) {
        self.sampleRateHz = sampleRateHz
        self.channels = channels
        channelMeters = Array(repeating: ChannelMeter(), count: channels)
        withUnsafeBytes(of: UInt32(sampleRateHz).littleEndian) { hash.update(bufferPointer: $0) }
    }

    /// Takes in the next frames, channels interleaved.
    mutating func append(_ block: UnsafeBufferPointer<Float>) {
        let frames = block.count / channels
        mono.removeAll(keepingCapacity: true)
        if channels == 1 {
            mono.append(contentsOf: block)
        } else {
            for frame in 0..<frames {
                var sum: Float = 0
                for channel in 0..<channels { sum += block[frame * channels + channel] }
                mono.append(sum / Float(channels))
            }
        }
        #if _endian(big)
            #error("the hash is over little-endian samples")
        #endif
        mono.withUnsafeBytes { hash.update(bufferPointer: $0) }
        measure(block, frames)
        frameCount += frames
    }

    private mutating func measure(_ block: UnsafeBufferPointer<Float>, _ frames: Int) {
        // Written so that NaN fails.
        for (frame, sample) in mono.enumerated() where !(abs(sample) <= SourceSignal.largestMagnitude) {
            unusable = ((unusable?.count ?? 0) + 1, unusable?.first ?? frameCount + frame)
        }
        // Such a recording is rejected: what else is in it is nobody's business.
        guard unusable == nil else { return }
        for channel in 0..<channels {
            // Held in a variable: in the array, each sample would cost a check for sole ownership.
            var meter = channelMeters[channel]
            for frame in 0..<frames { meter.add(block[frame * channels + channel]) }
            channelMeters[channel] = meter
        }
        guard channels > 1 else { return }
        for sample in mono { monoMeter.add(sample) }
    }

    var statistics: SignalStatistics {
        let mixed = channels == 1 ? channelMeters[0] : monoMeter
        let variance = channelMeters.reduce(0) { $0 + $1.variance } / Double(channels)
        return SignalStatistics(
            peak: channelMeters.map(\.peak).max() ?? 0, mean: mixed.mean, deviation: mixed.variance.squareRoot(),
            channelDeviation: variance.squareRoot(), flatTopShare: channelMeters.map(\.flatTopShare).max() ?? 0)
    }

    /// SHA-256, in hexadecimal, over the rate and the samples of `mono`: see `Waveform.sha256`.
    var sha256: String { hash.finalize().hexadecimal }
}
