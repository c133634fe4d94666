/// What a recording's samples are like, as decoded: before resampling and normalising.
public struct SignalStatistics: Sendable, Equatable {
    /// The largest magnitude of any channel; 1 is full scale.
    public var peak: Double
    /// Of the mean of the channels.
    public var mean: Double
    /// Of the mean of the channels, about its mean.
    public var deviation: Double
    /// Over all channels, each about its own mean: the root of the mean of their variances.
    public var channelDeviation: Double
    /// The share of samples, in the channel that has most of them, that stand in flat tops: three or more in succession
    /// at exactly that channel's highest value, or its lowest.
    public var flatTopShare: Double
}

/// One channel's statistics, a sample at a time.
struct ChannelMeter {
    /// Sums are about the first sample, so that a constant has a deviation of zero, and a large one no rounding error.
    private var origin = 0.0
    private var sum = 0.0
    private var squares = 0.0
    private(set) var count = 0
    private var highest = FlatTop()
    private var lowest = FlatTop()

    mutating func add(_ sample: Float) {
        if count == 0 { origin = Double(sample) }
        count += 1
        let distance = Double(sample) - origin
        sum += distance
        squares += distance * distance
        highest.add(sample)
        lowest.add(-sample)
    }

    var mean: Double { count > 0 ? origin + sum / Double(count) : 0 }

    var variance: Double {
        guard count > 0 else { return 0 }
        let shift = sum / Double(count)
        return max(0, squares / Double(count) - shift * shift)
    }

    var peak: Double { count > 0 ? Double(max(abs(highest.level), abs(lowest.level))) : 0 }

    var flatTopShare: Double {
        guard count > 0, highest.level != -lowest.level else { return 0 }
        return Double(highest.flatCount + lowest.flatCount) / Double(count)
    }
}

/// Counts the samples at a signal's highest value, where there are three or more of them in succession.
///
/// In one pass: the count starts again whenever a higher value turns up. So a recording that was clipped and then made
/// softer is found as well, and a loud one whose peaks are round is not.
private struct FlatTop {
    private(set) var level = -Float.infinity
    private(set) var flatCount = 0
    private var run = 0

    /// Below this, 20 dB under full scale, the steps of the samples themselves make for equal neighbours.
    private static let lowestLevel: Float = 0.1

    mutating func add(_ sample: Float) {
        if sample < level {
            run = 0
        } else if sample > level {
            level = sample
            run = 1
            flatCount = 0
        } else if level >= FlatTop.lowestLevel {
            run += 1
            if run >= 3 { flatCount += run == 3 ? 3 : 1 }
        }
    }
}
