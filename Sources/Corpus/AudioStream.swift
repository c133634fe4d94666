/// A recording that is decoded as it is asked for: channels averaged, resampled, a block at a time, so that memory does not grow
/// with its length. End to end the blocks are the bits of `AudioFile.decode`.
public final class AudioStream {
    /// As it is named in errors.
    public let name: String
    public let sampleRateHz: Int
    private let reader: any SampleReader
    private var signal: SourceSignal
    private var block: [Float]
    /// Nil once the recording is at its end.
    private var resampler: Resampler?

    /// - Throws: `AudioError`, where the header already shows that the file cannot be used.
    public convenience init(path: String, sampleRateHz: Int) throws(AudioError) {
        try self.init(SoundFileReader(path), name: path, sampleRateHz: sampleRateHz)
    }

    /// A WAV stream from a pipe, read as far as its header says, or to its end where that leaves the length open.
    /// - Parameters:
    ///   - descriptor: stays open.
    ///   - name: as errors call it.
    ///   - sampleRateHz: the rate that is resampled to.
    ///   - shouldStop: asked while there is nothing to read yet; who writes may be silent for hours.
    /// - Throws: `AudioError`, here and from `next`; `.interrupted` once `shouldStop` says so.
    public convenience init(
        wave descriptor: Int32, name: String, sampleRateHz: Int, shouldStop: @escaping () -> Bool = { false }
    ) throws(AudioError) {
        let source = WaveSource(descriptor: descriptor, name: name, shouldStop: shouldStop)
        try self.init(WaveReader(source), name: name, sampleRateHz: sampleRateHz)
    }

    private init(_ reader: any SampleReader, name: String, sampleRateHz: Int) throws(AudioError) {
        self.name = name
        self.sampleRateHz = sampleRateHz
        self.reader = reader
        signal = SourceSignal(sampleRateHz: reader.sampleRateHz, channels: reader.channels)
        block = [Float](repeating: 0, count: reader.blockFrames * reader.channels)
        do {
            resampler = try Resampler(from: reader.sampleRateHz, to: sampleRateHz)
        } catch {
            throw .resampling(path: name, reason: error.reason)
        }
    }

    /// The next samples; nil at the end.
    /// - Throws: `AudioError.notFinite` at the first block with such a sample, `.empty` for a recording without any.
    public func next() throws(AudioError) -> [Float]? {
        var samples: [Float] = []
        while samples.isEmpty, resampler != nil {
            let frames = try reader.read(into: &block, frames: reader.blockFrames)
            do {
                guard frames > 0 else {
                    try resampler.take()?.finish(&samples)
                    break
                }
                block.withUnsafeBufferPointer {
                    signal.append(UnsafeBufferPointer(rebasing: $0[..<(frames * reader.channels)]))
                }
                if signal.unusable == nil { try resampler?.append(signal.mono, to: &samples) }
            } catch {
                throw .resampling(path: name, reason: error.reason)
            }
            if let (count, first) = signal.unusable {
                let seconds = Double(first) / Double(reader.sampleRateHz)
                throw .notFinite(path: name, count: count, firstSample: first, seconds: seconds)
            }
        }
        guard signal.frameCount > 0 else { throw reader.promisesSound ? .nothingLeft(path: name) : .empty(path: name) }
        return samples.isEmpty ? nil : samples
    }

    /// What a user should know about the recording, once it is at its end: what `Waveform.notes` says of a file.
    ///
    /// - Parameter normalised: whether the model's preprocessor normalises.
    public func notes(normalised: Bool) -> [RecordingNote] {
        (reader.lengthNote(framesRead: signal.frameCount).map { [$0] } ?? [])
            + RecordingNote.about(signal.statistics, channels: signal.channels, normalised: normalised)
    }
}

/// What decodes, block by block.
protocol SampleReader: AnyObject {
    var sampleRateHz: Int { get }
    var channels: Int { get }
    /// How many frames to read at a time.
    var blockFrames: Int { get }
    /// Whether a header promises sound, for a recording that has none.
    var promisesSound: Bool { get }
    /// How the length of what was read to the end goes with the header.
    func lengthNote(framesRead: Int) -> RecordingNote?
    /// Channels interleaved, scaled to −1…1.
    /// - Returns: how many frames were read; 0 only at the end.
    func read(into buffer: inout [Float], frames: Int) throws(AudioError) -> Int
}

/// Any file that libsndfile reads.
private final class SoundFileReader: SampleReader {
    private var file: SoundFile

    init(_ path: String) throws(AudioError) { file = try SoundFile(path) }

    var sampleRateHz: Int { file.sampleRateHz }
    var channels: Int { file.channels }
    var blockFrames: Int { file.blockFrames }
    var promisesSound: Bool { file.promisesSound }

    func lengthNote(framesRead: Int) -> RecordingNote? { file.lengthNote(framesRead: framesRead) }

    func read(into buffer: inout [Float], frames: Int) -> Int { file.read(into: &buffer, frames: frames) }
}
