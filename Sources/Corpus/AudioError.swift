import Faults

/// Why a recording could not become a waveform.
public enum AudioError: Fault, Equatable {
    case missing(path: String)
    /// Not a format libsndfile knows, or not permitted to be read.
    case unreadable(path: String, reason: String)
    /// It begins as a file of that format does, and libsndfile reads that format, but not this file.
    case damaged(path: String, format: String, reason: String)
    /// A format that this machine's libsndfile, or any, does not read. `sinceVersion` is the first that does.
    case unsupported(path: String, format: String, libraryVersion: String, sinceVersion: String?)
    /// What comes through a pipe is no WAV that can be read as a stream.
    case stream(name: String, reason: String)
    /// Stopping was asked for while a pipe was waited for.
    case interrupted(name: String)
    case sampleRate(path: String, sampleRateHz: Int)
    case empty(path: String)
    /// The header promises sound, and there is none.
    case nothingLeft(path: String)
    /// `sampleCount` at the rate asked for.
    case tooShort(path: String, sampleCount: Int, minimumSamples: Int, sampleRateHz: Int)
    /// `count` samples are NaN, infinite, or beyond what any recording has; `firstSample` counts from 0 and is, like
    /// `seconds`, that of the file, not of the waveform.
    case notFinite(path: String, count: Int, firstSample: Int, seconds: Double)
    /// The file, or what of it can be read, is shorter than the manifest's `start` and `end` say.
    case beyondEnd(path: String, segment: Segment, readableSeconds: Double)
    /// libsoxr refused; a bug, since rates are checked before.
    case resampling(path: String, reason: String)

    public var kind: FaultKind {
        switch self {
        case .missing: .missingInput
        case .unreadable, .damaged, .unsupported, .stream, .sampleRate, .empty, .nothingLeft, .tooShort, .notFinite,
            .beyondEnd:
            .badInput
        case .interrupted: .interrupted
        case .resampling: .bug
        }
    }

    public var description: String {
        switch self {
        case .missing(let path):
            return "\(path): no such file; expected an audio file"
        case .unreadable(let path, let reason):
            return
                "\(path): cannot be read as audio (\(reason)); expected WAV, FLAC or another libsndfile format"
        case .damaged(let path, let format, let reason):
            return
                "\(path): begins as \(format) but cannot be read (\(reason)); it is damaged or cut off in its header, "
                + "copy it again"
        case .unsupported(let path, let format, let version, let since):
            let conversion = "convert the recording, such as with ffmpeg -i FILE FILE.flac"
            guard let since else { return "\(path): is \(format), which libsndfile does not read; \(conversion)" }
            return "\(path): is \(format), which libsndfile reads from \(since) on and this machine's is \(version); "
                + "install a newer one, or \(conversion)"
        case .interrupted(let name): return "\(name): interrupted"
        case .stream(let name, let reason):
            return
                "\(name): cannot be read as a WAV stream (\(reason)); expected PCM or floats, such as ffmpeg -i FILE -f wav - "
                + "writes them"
        case .sampleRate(let path, let rate):
            let range = AudioFile.sampleRatesHz
            return "\(path): sample rate \(rate) Hz; expected \(range.lowerBound) to \(range.upperBound) Hz"
        case .empty(let path):
            return "\(path): holds no samples; expected a recording"
        case .nothingLeft(let path):
            return "\(path): its header promises a recording, but none of it can be read; it is cut off or damaged, "
                + "copy it again"
        case .tooShort(let path, let count, let minimum, let rate):
            return "\(path): \(count) samples at \(rate) Hz; expected at least \(minimum), one frame of the encoder"
        case .notFinite(let path, let count, let first, let seconds):
            let hundredths = (seconds * 100).rounded(.down) / 100
            let samples = count == 1 ? "1 sample is" : "\(count) samples are"
            return "\(path): \(samples) NaN, infinite or beyond 1e12, the first at \(hundredths) s (sample \(first)); "
                + "re-export the recording"
        case .beyondEnd(let path, let segment, let seconds):
            let hundredths = (seconds * 100).rounded(.down) / 100
            return
                "\(path): the segment from \(segment) goes beyond the \(plain(hundredths)) s that can be read of the file; "
                + "correct the manifest's start and end, or leave end empty for the file's end"
        case .resampling(let path, let reason):
            return "\(path): resampling failed (\(reason)); please report this"
        }
    }

    /// Why libsndfile did not open a file.
    ///
    /// - Parameters:
    ///   - reason: libsndfile's own.
    ///   - head: the file's first 64 bytes, or as many as it has.
    static func unopened(path: String, reason: String, head: [UInt8]) -> AudioError {
        guard let signature = AudioSignature(head: head) else { return .unreadable(path: path, reason: reason) }
        let version = SoundFile.libraryVersion
        return signature.isRead(byVersion: version)
            ? .damaged(path: path, format: signature.name, reason: reason)
            : .unsupported(
                path: path, format: signature.name, libraryVersion: version, sinceVersion: signature.sinceVersion)
    }
}
