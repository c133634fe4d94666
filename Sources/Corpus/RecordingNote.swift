import Foundation

/// Something about a recording that its user should know, although it is used.
public enum RecordingNote: Sendable, Hashable, CustomStringConvertible {
    /// The file holds less than its header promises; `promisedSeconds` is nil where a mark at the end is missing.
    case truncated(seconds: Double, promisedSeconds: Double?)
    /// The header leaves the length open.
    case lengthOpen(seconds: Double)
    /// So soft that normalising raises nothing but noise; minus infinity if every sample is the same.
    case silent(decibels: Double)
    /// The mean of the channels is much softer than they are.
    case cancelling(channels: Int, decibels: Double)
    /// The share of samples in flat tops.
    case clipped(share: Double)
    /// The mean outweighs the deviation, and the model takes samples as they are.
    case offset(mean: Double, deviation: Double)
    /// The samples leave −1…1, and the model takes them as they are.
    case outOfRange(peak: Double)

    /// What a program counts by; the order is that of reports.
    public enum Kind: String, Sendable, CaseIterable {
        case truncated
        case lengthOpen = "length_open"
        case silent, cancelling, clipped, offset
        case outOfRange = "out_of_range"
    }

    public var kind: Kind {
        switch self {
        case .truncated: .truncated
        case .lengthOpen: .lengthOpen
        case .silent: .silent
        case .cancelling: .cancelling
        case .clipped: .clipped
        case .offset: .offset
        case .outOfRange: .outOfRange
        }
    }

    /// What follows the file's name and a colon.
    public var description: String {
        func number(_ value: Double, _ format: String = "%.2f") -> String { String(format: format, value) }
        switch self {
        case .truncated(let seconds, let promised?):
            return "holds \(number(seconds)) s of the \(number(promised)) s its header promises; what is there is used"
        case .truncated(let seconds, nil):
            return "ends after \(number(seconds)) s without its end mark, so it is cut short or something follows; "
                + "what is there is used"
        case .lengthOpen(let seconds):
            return "its header leaves the length open, as if written to a pipe or never closed; "
                + "read to its end, \(number(seconds)) s"
        case .silent(let decibels):
            return decibels.isFinite
                ? "next to silent, \(number(decibels, "%.0f")) dB of full scale; used as it is"
                : "silent, every sample is the same; used as it is"
        case .cancelling(let channels, let decibels):
            let loss = decibels.isFinite ? "\(number(decibels, "%.0f")) dB softer than they are" : "silent"
            return "its \(channels) channels cancel each other, their mean is \(loss); used as it is, better give one "
                + "channel alone"
        case .clipped(let share):
            return "clipped, \(number(share * 100, "%.1f")) % of its samples stand in flat tops; used as it is"
        case .offset(let mean, let deviation):
            return
                "offset, its mean is \(number(mean, "%.3g")) and its deviation \(number(deviation, "%.3g")), and this "
                + "model does not normalise; used as it is, better take the mean out"
        case .outOfRange(let peak):
            return "reaches \(number(peak, "%.4g")) where full scale is 1, and this model does not normalise; "
                + "used as it is, better scale it"
        }
    }
}

extension RecordingNote {
    /// What the samples give reason to say.
    ///
    /// - Parameter normalised: whether the model's preprocessor normalises, which takes away an offset and any scale.
    static func about(_ signal: SignalStatistics, channels: Int, normalised: Bool) -> [RecordingNote] {
        var notes: [RecordingNote] = []
        // From here on down, the 1e-7 of `Waveform.normalise` outweighs the variance.
        let silence = 1e-7.squareRoot()
        if signal.channelDeviation >= silence,
            signal.deviation * signal.deviation * Double(channels)
                < 0.1 * signal.channelDeviation * signal.channelDeviation
        {
            // Channels that have nothing to do with each other come out at one part in `channels` of their power; this is
            // 10 dB less.
            let decibels = 20 * log10(signal.channelDeviation / signal.deviation)
            notes.append(.cancelling(channels: channels, decibels: decibels))
        } else if signal.deviation < silence {
            notes.append(.silent(decibels: 20 * log10(signal.deviation)))
        }
        if signal.flatTopShare > 0.01 { notes.append(.clipped(share: signal.flatTopShare)) }
        guard !normalised else { return notes }
        if signal.deviation >= silence, abs(signal.mean) > signal.deviation {
            notes.append(.offset(mean: signal.mean, deviation: signal.deviation))
        }
        // Decoders of lossy formats and resamplers overshoot; no more than this.
        if signal.peak > 2 { notes.append(.outOfRange(peak: signal.peak)) }
        return notes
    }
}
