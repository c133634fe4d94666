/// A stretch of an audio file, in seconds from the file's beginning.
///
/// At the file's own rate it is the frames `round(start · rate) ..< round(end · rate)`, halves rounded up. It is cut out before
/// anything else is done, so what comes of it is what comes of a file that was cut beforehand: the samples, their hash, and what
/// resampling makes of them at the edges.
public struct Segment: Sendable, Hashable {
    public let startSeconds: Double
    /// nil: to the end of the file.
    public let endSeconds: Double?

    /// How far `endSeconds` may lie beyond the end of the file, and is then taken for it: labels are often rounded to
    /// hundredths of a second.
    public static let toleranceSeconds = 0.01

    /// Beyond three years, a number is no time in a recording.
    static let largestSeconds = 1e8

    /// - Returns: nil unless `0 ≤ start < end ≤ 1e8`.
    public init?(startSeconds: Double, endSeconds: Double?) {
        guard 0...Segment.largestSeconds ~= startSeconds, startSeconds < endSeconds ?? .infinity,
            endSeconds ?? 0 <= Segment.largestSeconds
        else { return nil }
        self.startSeconds = startSeconds
        self.endSeconds = endSeconds
    }

    func startFrame(sampleRateHz: Int) -> Int { Int((startSeconds * Double(sampleRateHz)).rounded()) }

    /// nil: to the end of the file.
    func endFrame(sampleRateHz: Int) -> Int? { endSeconds.map { Int(($0 * Double(sampleRateHz)).rounded()) } }

    /// How many frames a file must give, from the segment's first on, for the segment to lie in it.
    func leastFrameCount(sampleRateHz: Int) -> Int {
        guard let end = endFrame(sampleRateHz: sampleRateHz) else { return 1 }
        let tolerance = Int(Segment.toleranceSeconds * Double(sampleRateHz))
        return max(1, end - startFrame(sampleRateHz: sampleRateHz) - tolerance)
    }
}

extension Segment: CustomStringConvertible {
    /// `12.5 s to 14.25 s`, `12.5 s to the end`
    public var description: String {
        "\(plain(startSeconds)) s to \(endSeconds.map { "\(plain($0)) s" } ?? "the end")"
    }
}

/// Where an utterance is to be heard: in a file, or in a segment of one.
public struct AudioSpan: Sendable, Hashable {
    public var path: String
    /// nil: all of the file.
    public var segment: Segment?

    public init(path: String, segment: Segment? = nil) {
        self.path = path
        self.segment = segment
    }
}
