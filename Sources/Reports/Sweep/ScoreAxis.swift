/// The score's axis, which is the legend of the colours, too: better is further from the paper's colour, and higher where a higher
/// score is better.
struct ScoreAxis {
    let axis: Axis
    /// Of trials that have no score; nil where all have one.
    let absent: Double?
    private let isHigherBetter: Bool

    init(_ scores: [Double?], isHigherBetter: Bool, from start: Double, to end: Double) {
        let hasAbsent = scores.contains { $0 == nil }
        absent = hasAbsent ? start : nil
        self.isHigherBetter = isHigherBetter
        axis = Axis(scores.compactMap { $0 }, from: hasAbsent ? start + (end > start ? 26 : -26) : start, to: end)
    }

    var ticks: [(position: Double, label: String)] { axis.ticks.map { (axis.position($0), axis.label($0)) } }

    var attributes: String {
        #"data-from="\#(unit(axis.start))" data-to="\#(unit(axis.end))" data-low="\#(axis.low)" data-high="\#(axis.high)""#
    }

    func position(_ score: Double?) -> Double { score.map(axis.position) ?? absent ?? axis.start }

    /// From 0, the worst, in equal steps of the score.
    func shade(_ score: Double?) -> Int {
        guard let score else { return 0 }
        let share = (score - axis.low) / (axis.high - axis.low)
        let step = Int((isHigherBetter ? share : 1 - share) * Double(ParallelChart.shades))
        return min(max(step, 0), ParallelChart.shades - 1)
    }

    /// The colours beside an upright axis.
    func strip(at x: Double) -> [String] {
        let height = (axis.start - axis.end) / Double(ParallelChart.shades)
        return (0..<ParallelChart.shades).map { step in
            let shade = isHigherBetter ? step : ParallelChart.shades - 1 - step
            let y = axis.start - Double(step + 1) * height
            return
                #"<rect class="q\#(shade)" x="\#(unit(x))" y="\#(unit(y))" width="6" height="\#(unit(height))"/>"#
        }
    }
}
