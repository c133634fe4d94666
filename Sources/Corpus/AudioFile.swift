/// What a file's header says about the recording.
public struct AudioInfo: Sendable, Equatable {
    /// Samples per channel; nil when the header does not say, as in a FLAC file written to a pipe.
    public var frames: Int?
    public var sampleRateHz: Int
    public var channels: Int
    /// The container in libsndfile's words, such as `WAV (Microsoft)`.
    public var formatName: String

    public var durationSeconds: Double? { frames.map { Double($0) / Double(sampleRateHz) } }
}

/// The road from an audio file to a waveform: libsndfile decodes, libsoxr resamples. Safe to call from many threads.
public enum AudioFile {
    /// The rates a recording may have. Beyond them lies a damaged header, and resampling from 1 Hz would fill the
    /// memory.
    public static let sampleRatesHz = 1_000...768_000

    /// What resamples, with its version: part of a cache's key.
    public static var resamplerDescription: String { Resampler.description }

    /// Reads the header only.
    /// - Throws: `AudioError`, where the header already shows that the file cannot be used.
    public static func probe(_ path: String) throws(AudioError) -> AudioInfo {
        let file = try SoundFile(path)
        guard file.promisedFrames != 0 else { throw file.promisesSound ? .nothingLeft(path: path) : .empty(path: path) }
        return AudioInfo(
            frames: file.promisedFrames, sampleRateHz: file.sampleRateHz, channels: file.channels,
            formatName: file.formatName)
    }

    /// Decodes a whole recording, averages its channels, and resamples it, block by block. The same file gives the same
    /// bits every time.
    ///
    /// - Parameters:
    ///   - sampleRateHz: the rate to resample to; a recording that has it already is left untouched.
    ///   - minimumSamples: the fewest samples at that rate that the caller can use (400 for one frame of a wav2vec2
    ///     encoder).
    /// - Throws: `AudioError`, naming the file. A file shorter than its header promises is no error: see
    ///   `Waveform.notes(normalised:)`.
    public static func decode(
        _ path: String, sampleRateHz: Int = 16_000, minimumSamples: Int = 1
    ) throws(AudioError) -> Waveform {
        precondition(sampleRatesHz.contains(sampleRateHz), "\(sampleRateHz) Hz is no rate to resample to")
        var file = try SoundFile(path)
        var signal = SourceSignal(sampleRateHz: file.sampleRateHz, channels: file.channels)
        let samples: [Float]
        do {
            samples = try read(&file, through: &signal, sampleRateHz: sampleRateHz)
        } catch {
            throw .resampling(path: path, reason: error.reason)
        }
        guard signal.frameCount > 0 else { throw file.promisesSound ? .nothingLeft(path: path) : .empty(path: path) }
        if let (count, first) = signal.unusable {
            throw .notFinite(
                path: path, count: count, firstSample: first, seconds: Double(first) / Double(file.sampleRateHz))
        }
        guard samples.count >= minimumSamples else {
            throw .tooShort(
                path: path, sampleCount: samples.count, minimumSamples: minimumSamples, sampleRateHz: sampleRateHz)
        }
        return Waveform(
            samples: samples, sampleRateHz: sampleRateHz, sourceSampleRateHz: file.sampleRateHz,
            sourceChannels: file.channels, sha256: signal.sha256, statistics: signal.statistics,
            lengthNote: file.lengthNote(framesRead: signal.frameCount))
    }

    /// Everything the file gives, whatever its header promises. Beside the result, memory holds a block.
    private static func read(
        _ file: inout SoundFile, through signal: inout SourceSignal, sampleRateHz: Int
    ) throws(ResamplingFailure) -> [Float] {
        let blockFrames = file.blockFrames
        var block = [Float](repeating: 0, count: blockFrames * file.channels)
        var samples: [Float] = []
        // A header can promise anything: reserve no more than an hour at 16 kHz on its word.
        let promised = Double(file.promisedFrames ?? 0) * Double(sampleRateHz) / Double(file.sampleRateHz)
        samples.reserveCapacity(Int(max(0, min(promised.rounded(.up), 57_600_000))))
        var resampler = try Resampler(from: file.sampleRateHz, to: sampleRateHz)
        while true {
            let frames = file.read(into: &block, frames: blockFrames)
            guard frames > 0 else { break }
            block.withUnsafeBufferPointer {
                signal.append(UnsafeBufferPointer(rebasing: $0[..<(frames * file.channels)]))
            }
            if signal.unusable == nil { try resampler.append(signal.mono, to: &samples) }
        }
        try resampler.finish(&samples)
        return samples
    }
}
