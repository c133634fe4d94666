import Faults

/// Why a recording could not become a waveform.
public enum AudioError: Fault, Equatable {
    case missing(path: String)
    /// Not a format libsndfile knows, or damaged where the header is, or not permitted to be read.
    case unreadable(path: String, reason: String)
    case sampleRate(path: String, sampleRateHz: Int)
    case empty(path: String)
    /// `sampleCount` at the rate asked for.
    case tooShort(path: String, sampleCount: Int, minimumSamples: Int, sampleRateHz: Int)
    case notFinite(path: String, seconds: Double)
    /// libsoxr refused; a bug, since rates are checked before.
    case resampling(path: String, reason: String)

    public var kind: FaultKind {
        switch self {
        case .missing: .missingInput
        case .unreadable, .sampleRate, .empty, .tooShort, .notFinite: .badInput
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
        case .sampleRate(let path, let rate):
            let range = AudioFile.sampleRatesHz
            return "\(path): sample rate \(rate) Hz; expected \(range.lowerBound) to \(range.upperBound) Hz"
        case .empty(let path):
            return "\(path): holds no samples; expected a recording"
        case .tooShort(let path, let count, let minimum, let rate):
            return "\(path): \(count) samples at \(rate) Hz; expected at least \(minimum), one frame of the encoder"
        case .notFinite(let path, let seconds):
            let hundredths = (seconds * 100).rounded(.down) / 100
            return "\(path): a sample at \(hundredths) s is not a finite number; re-export the recording"
        case .resampling(let path, let reason):
            return "\(path): resampling failed (\(reason)); please report this"
        }
    }
}
