/// How long the recordings are.
public struct DurationHistogram: Sendable, Equatable, Codable {
    public struct Bin: Sendable, Equatable, Codable {
        public var fromSeconds: Double
        /// Not in the bin; nil for the last one where the longest recordings lie beyond the others.
        public var toSeconds: Double?
        public var count: Int
    }

    public var minimumSeconds: Double
    public var medianSeconds: Double
    public var meanSeconds: Double
    public var maximumSeconds: Double
    /// Side by side, from the shortest recording up.
    public var bins: [Bin]

    static let mostBins = 12

    /// Bins of a round width (1, 2 or 5 times a power of ten seconds), the narrowest of which `mostBins` reach from the
    /// shortest recording to all but the longest hundredth. Where these lie further out than as many bins reach, they
    /// are in the last bin, which is then open.
    /// - Returns: nil without durations.
    public init?(_ durations: [Double]) {
        let seconds = durations.sorted()
        guard let shortest = seconds.first, let longest = seconds.last else { return nil }
        (minimumSeconds, maximumSeconds) = (shortest, longest)
        meanSeconds = seconds.reduce(0, +) / Double(seconds.count)
        let middle = seconds.count / 2
        medianSeconds = seconds.count % 2 == 1 ? seconds[middle] : (seconds[middle - 1] + seconds[middle]) / 2

        let usual = seconds[(seconds.count * 99 + 99) / 100 - 1]
        var widths = DurationHistogram.roundWidths().makeIterator()
        var width = widths.next()!
        // A recording of just 0.3 s belongs in the bin from 0.3 s whatever 0.3 / 0.1 is in binary.
        func bin(_ seconds: Double) -> Int { Int((seconds / width + 1e-9).rounded(.down)) }
        while bin(usual) - bin(shortest) >= DurationHistogram.mostBins { width = widths.next()! }
        let first = bin(shortest)
        let isOpen = bin(longest) - first >= DurationHistogram.mostBins
        let last = isOpen ? bin(usual) : bin(longest)
        var counts = [Int](repeating: 0, count: last - first + 1)
        for seconds in seconds { counts[min(bin(seconds), last) - first] += 1 }
        bins = counts.enumerated().map { index, count in
            Bin(
                fromSeconds: DurationHistogram.rounded(Double(first + index) * width),
                toSeconds: isOpen && first + index == last
                    ? nil : DurationHistogram.rounded(Double(first + index + 1) * width), count: count)
        }
    }

    /// 0.1, 0.2, 0.5, 1, 2, 5, …
    private static func roundWidths() -> some Sequence<Double> {
        sequence(state: (factor: 0, power: 0.1)) { state in
            defer { state = state.factor == 2 ? (0, state.power * 10) : (state.factor + 1, state.power) }
            return [1, 2, 5][state.factor] * state.power
        }
    }

    /// 0.3 rather than 0.30000000000000004.
    private static func rounded(_ seconds: Double) -> Double { (seconds * 10).rounded() / 10 }
}
