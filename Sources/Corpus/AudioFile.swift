/// What a file's header says about the recording.
public struct AudioInfo: Sendable, Equatable {
    /// Samples per channel, of the segment asked for; nil when the header does not say, as in a FLAC file written to a
    /// pipe.
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

    /// The version of libsndfile that is loaded.
    public static var decoderVersion: String { SoundFile.libraryVersion }

    /// Whether that version reads MP3.
    public static var decodesMP3: Bool {
        AudioSignature(head: Array("ID3".utf8))?.isRead(byVersion: decoderVersion) ?? false
    }

    /// Reads the header only.
    /// - Throws: `AudioError`, where the header already shows that the file, or its segment, cannot be used.
    public static func probe(_ path: String, segment: Segment? = nil) throws(AudioError) -> AudioInfo {
        let file = try SoundFile(path)
        guard file.promisedFrames != 0 else { throw file.promisesSound ? .nothingLeft(path: path) : .empty(path: path) }
        return AudioInfo(
            frames: try file.promisedFrames(of: segment), sampleRateHz: file.sampleRateHz, channels: file.channels,
            formatName: file.formatName)
    }

    /// Decodes a recording, averages its channels, and resamples it, block by block. The same file and segment give the
    /// same bits every time.
    ///
    /// - Parameters:
    ///   - path: a file in any format that libsndfile reads.
    ///   - segment: what is decoded of the file; nil for all of it. What is before it is not decoded where the format can be
    ///     sought in, but for a second that lossy codecs need to find their state.
    ///   - sampleRateHz: the rate to resample to; a recording that has it already is left untouched.
    ///   - minimumSamples: the fewest samples at that rate that the caller can use (400 for one frame of a wav2vec2
    ///     encoder).
    /// - Throws: `AudioError`, naming the file. A file shorter than its header promises is no error: see
    ///   `Waveform.notes(normalised:)`.
    public static func decode(
        _ path: String, segment: Segment? = nil, sampleRateHz: Int = 16_000, minimumSamples: Int = 1
    ) throws(AudioError) -> Waveform {
        precondition(sampleRatesHz.contains(sampleRateHz), "\(sampleRateHz) Hz is no rate to resample to")
        var file = try SoundFile(path)
        let start = segment?.startFrame(sampleRateHz: file.sampleRateHz) ?? 0
        let end = segment?.endFrame(sampleRateHz: file.sampleRateHz)
        guard start < end ?? .max else {
            throw .tooShort(
                path: path, sampleCount: 0, minimumSamples: minimumSamples, sampleRateHz: sampleRateHz)
        }
        if start > 0, !file.seek(towards: start) { file = try SoundFile(path) }
        let reached = file.discard(upTo: start)
        var signal = SourceSignal(sampleRateHz: file.sampleRateHz, channels: file.channels)
        let samples: [Float]
        do {
            samples = try read(
                &file, mostFrames: end.map { $0 - reached }, through: &signal, sampleRateHz: sampleRateHz)
        } catch {
            throw .resampling(path: path, reason: error.reason)
        }
        let framesRead = reached + signal.frameCount
        if let segment, framesRead > 0,
            signal.frameCount < segment.leastFrameCount(sampleRateHz: file.sampleRateHz)
        {
            throw .beyondEnd(
                path: path, segment: segment, readableSeconds: Double(framesRead) / Double(file.sampleRateHz))
        }
        guard signal.frameCount > 0 else { throw file.promisesSound ? .nothingLeft(path: path) : .empty(path: path) }
        if let (count, first) = signal.unusable {
            throw .notFinite(
                path: path, count: count, firstSample: start + first,
                seconds: Double(start + first) / Double(file.sampleRateHz))
        }
        guard samples.count >= minimumSamples else {
            throw .tooShort(
                path: path, sampleCount: samples.count, minimumSamples: minimumSamples, sampleRateHz: sampleRateHz)
        }
        return Waveform(
            samples: samples, sampleRateHz: sampleRateHz, sourceSampleRateHz: file.sampleRateHz,
            sourceChannels: file.channels, sha256: signal.sha256, statistics: signal.statistics,
            lengthNote: end == nil ? file.lengthNote(framesRead: framesRead) : nil)
    }

    /// Everything the file still gives, whatever its header promises, or no more than so many frames of it. Beside the
    /// result, memory holds a block.
    private static func read(
        _ file: inout SoundFile, mostFrames: Int?, through signal: inout SourceSignal, sampleRateHz: Int
    ) throws(ResamplingFailure) -> [Float] {
        let blockFrames = file.blockFrames
        var block = [Float](repeating: 0, count: blockFrames * file.channels)
        var samples: [Float] = []
        // A header can promise anything: reserve no more than an hour at 16 kHz on its word.
        let promised =
            Double(min(file.promisedFrames ?? 0, mostFrames ?? .max)) * Double(sampleRateHz) / Double(file.sampleRateHz)
        samples.reserveCapacity(Int(max(0, min(promised.rounded(.up), 57_600_000))))
        var resampler = try Resampler(from: file.sampleRateHz, to: sampleRateHz)
        while signal.frameCount < mostFrames ?? .max {
            let wanted = min(blockFrames, (mostFrames ?? .max) - signal.frameCount)
            let frames = file.read(into: &block, frames: wanted)
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
