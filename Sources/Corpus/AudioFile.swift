import Crypto
import Files

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
    /// - Throws: `AudioError.missing`, `.unreadable` or `.sampleRate`.
    public static func probe(_ path: String) throws(AudioError) -> AudioInfo {
        let file = try SoundFile(path)
        return AudioInfo(
            frames: file.promisedFrames, sampleRateHz: file.sampleRateHz, channels: file.channels,
            formatName: file.formatName)
    }

    /// Decodes a whole recording, averages its channels, and resamples it. The same file gives the same bits every
    /// time.
    ///
    /// - Parameters:
    ///   - sampleRateHz: the rate to resample to; a recording that has it already is left untouched.
    ///   - minimumSamples: the fewest samples at that rate that the caller can use (400 for one frame of a wav2vec2
    ///     encoder).
    /// - Throws: `AudioError`, naming the file. A file shorter than its header promises is no error: see
    ///   `Waveform.truncated`.
    public static func decode(
        _ path: String, sampleRateHz: Int = 16_000, minimumSamples: Int = 1
    ) throws(AudioError) -> Waveform {
        precondition(sampleRatesHz.contains(sampleRateHz), "\(sampleRateHz) Hz is no rate to resample to")
        var file = try SoundFile(path)
        let source = try readMono(&file)
        guard !source.isEmpty else { throw .empty(path: path) }
        if let bad = source.firstIndex(where: { !$0.isFinite }) {
            throw .notFinite(path: path, seconds: Double(bad) / Double(file.sampleRateHz))
        }
        let samples: [Float]
        if file.sampleRateHz == sampleRateHz {
            samples = source
        } else {
            do {
                samples = try Resampler(from: file.sampleRateHz, to: sampleRateHz).resample(source)
            } catch {
                throw .resampling(path: path, reason: error.reason)
            }
        }
        guard samples.count >= minimumSamples else {
            throw .tooShort(
                path: path, sampleCount: samples.count, minimumSamples: minimumSamples, sampleRateHz: sampleRateHz)
        }
        let isShort = file.promisedFrames.map { source.count < $0 } ?? false
        return Waveform(
            samples: samples, sampleRateHz: sampleRateHz, sourceSampleRateHz: file.sampleRateHz,
            sourceChannels: file.channels, sha256: hash(source, sampleRateHz: file.sampleRateHz),
            truncated: isShort || file.isShorterThanItsHeader)
    }

    /// Everything the file gives, whatever its header promises: `out[t] = Σ_c x[t, c] / channels`, in float32.
    private static func readMono(_ file: inout SoundFile) throws(AudioError) -> [Float] {
        let blockFrames = 16_384
        let channels = file.channels
        var block = [Float](repeating: 0, count: blockFrames * channels)
        var mono: [Float] = []
        // A header can promise anything: reserve no more than ten minutes at 48 kHz on its word.
        mono.reserveCapacity(min(file.promisedFrames ?? 0, 28_800_000))
        while true {
            let frames = file.read(into: &block, frames: blockFrames)
            guard frames > 0 else { return mono }
            if channels == 1 {
                mono.append(contentsOf: block[..<frames])
                continue
            }
            for frame in 0..<frames {
                var sum: Float = 0
                for channel in 0..<channels { sum += block[frame * channels + channel] }
                mono.append(sum / Float(channels))
            }
        }
    }

    private static func hash(_ samples: [Float], sampleRateHz: Int) -> String {
        var hash = SHA256()
        withUnsafeBytes(of: UInt32(sampleRateHz).littleEndian) { hash.update(bufferPointer: $0) }
        #if _endian(big)
            #error("the hash is over little-endian samples")
        #endif
        samples.withUnsafeBytes { hash.update(bufferPointer: $0) }
        return hash.finalize().hexadecimal
    }
}
