/// What the rows of one cut look like, over all of a cache's rows or a sample of them.
public struct RowStatistics: Sendable, Equatable, Codable {
    public struct Channel: Sendable, Equatable, Codable {
        public var channel: Int
        /// Root mean square.
        public var rms: Double
        public var standardDeviation: Double
    }

    /// Where the value of the largest magnitude is.
    public struct Extreme: Sendable, Equatable, Codable {
        public var magnitude: Double
        public var channel: Int
        public var utterance: String
    }

    public var cut: String
    public var hiddenSize: Int
    /// Rows that were read, of so many.
    public var frames: Int
    public var ofFrames: Int
    /// Over all channels.
    public var mean: Double
    public var standardDeviation: Double
    public var minimum: Double
    public var maximum: Double
    public var largest: Extreme
    /// Values that are infinite or not a number; there should be none, and nothing else counts them.
    public var notFinite: Int
    /// Of the channels' root mean squares.
    public var medianRMS: Double
    /// Channels that tell nothing: their standard deviation is under a thousandth of the median channel's.
    public var deadChannels: [Channel]
    /// Channels whose root mean square is more than twenty times the median channel's.
    public var explodingChannels: [Channel]

    static let deadBelow = 1e-3
    static let explodingAbove = 20.0

    enum CodingKeys: String, CodingKey {
        case cut, hiddenSize, frames, ofFrames, mean, standardDeviation, minimum, maximum, largest, notFinite
        case medianRMS = "medianRms"
        case deadChannels, explodingChannels
    }
}
