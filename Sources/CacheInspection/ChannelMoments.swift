import CNumerics

/// Mean, variance and extremes of every channel, in one pass over rows of any number, accumulated in double around
/// each channel's first value: the variance of a channel that lies far from zero keeps its digits.
struct ChannelMoments {
    let width: Int
    private(set) var rows = 0
    private var shift: [Float] = []
    private var sums: [Double]
    private var squares: [Double]
    private var least: [Float]
    private var greatest: [Float]
    private var skipped: [UInt64]
    private var largest = RowStatistics.Extreme(magnitude: 0, channel: 0, utterance: "")

    init(width: Int) {
        self.width = width
        sums = Array(repeating: 0, count: width)
        squares = sums
        least = Array(repeating: .infinity, count: width)
        greatest = Array(repeating: -.infinity, count: width)
        skipped = Array(repeating: 0, count: width)
    }

    /// - Parameter values: `[rows, width]`, of one utterance.
    mutating func add(_ values: [Float], utterance: String) {
        precondition(values.count % width == 0, "whole rows")
        guard !values.isEmpty else { return }
        if shift.isEmpty { shift = values.prefix(width).map { $0.isFinite ? $0 : 0 } }
        let count = values.count / width
        ut_add_moments(&sums, &squares, &least, &greatest, &skipped, shift, values, count, width)
        rows += count
        for channel in 0..<width {
            let magnitude = Double(max(greatest[channel], -least[channel]))
            if magnitude > largest.magnitude {
                largest = RowStatistics.Extreme(magnitude: magnitude, channel: channel, utterance: utterance)
            }
        }
    }

    /// - Returns: nil before there is a finite value in every channel.
    func statistics(cut: String, ofFrames: Int) -> RowStatistics? {
        var channels: [RowStatistics.Channel] = []
        var (total, totalOfSquares, count) = (0.0, 0.0, 0.0)
        for channel in 0..<width {
            let n = Double(rows) - Double(skipped[channel])
            guard n > 0 else { return nil }
            let offset = sums[channel] / n
            let mean = Double(shift[channel]) + offset
            let variance = max(0, squares[channel] / n - offset * offset)
            channels.append(
                .init(
                    channel: channel, rms: (variance + mean * mean).squareRoot(),
                    standardDeviation: variance.squareRoot()))
            total += mean * n
            totalOfSquares += (variance + mean * mean) * n
            count += n
        }
        let mean = total / count
        let medianRMS = median(channels.map(\.rms))
        let medianDeviation = median(channels.map(\.standardDeviation))
        return RowStatistics(
            cut: cut, hiddenSize: width, frames: rows, ofFrames: ofFrames, mean: mean,
            standardDeviation: max(0, totalOfSquares / count - mean * mean).squareRoot(),
            minimum: Double(least.min()!), maximum: Double(greatest.max()!), largest: largest,
            notFinite: Int(skipped.reduce(0, +)), medianRMS: medianRMS,
            deadChannels: channels.filter {
                $0.standardDeviation == 0 || $0.standardDeviation < RowStatistics.deadBelow * medianDeviation
            },
            explodingChannels: channels.filter { $0.rms > RowStatistics.explodingAbove * medianRMS })
    }

    private func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        let middle = sorted.count / 2
        return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }
}
