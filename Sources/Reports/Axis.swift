import Foundation

/// A linear axis from data to drawing units, with ticks at round numbers.
struct Axis {
    let low: Double
    let high: Double
    let start: Double
    let end: Double
    let ticks: [Double]
    private let digits: Int

    /// - Parameters:
    ///   - values: what must be visible.
    ///   - start: where the low end is drawn.
    ///   - end: where the high end is drawn.
    ///   - count: about so many ticks.
    ///   - padded: widen to round ends, so that nothing lies on the frame.
    ///   - whole: only whole numbers (epochs).
    init(
        _ values: some Sequence<Double>, from start: Double, to end: Double, ticks count: Int = 5, padded: Bool = true,
        whole: Bool = false
    ) {
        let finite = values.filter(\.isFinite)
        var low = finite.min() ?? 0
        var high = finite.max() ?? 1
        if high - low < 1e-9 * max(1, abs(high)) { (low, high) = whole ? (low, low + 1) : (low - 0.5, high + 0.5) }
        let step = max(Self.roundStep((high - low) / Double(count)), whole ? 1 : 0)
        if padded {
            low = (low / step).rounded(.down) * step
            high = (high / step).rounded(.up) * step
        }
        self.low = low
        self.high = high
        self.start = start
        self.end = end
        let first = Int((low / step - 1e-9).rounded(.up))
        let last = Int((high / step + 1e-9).rounded(.down))
        ticks = first <= last ? (first...last).map { Double($0) * step } : []
        digits = max(0, Int((-log10(step)).rounded(.up)))
    }

    func position(_ value: Double) -> Double { start + (value - low) / (high - low) * (end - start) }

    func label(_ tick: Double) -> String { Format.fixed(tick, digits) }

    /// 1, 2 or 5 times a power of ten, not below `rough`.
    private static func roundStep(_ rough: Double) -> Double {
        let power = pow(10, floor(log10(rough)))
        let factor = rough / power
        return power * (factor <= 1.0001 ? 1 : factor <= 2.0001 ? 2 : factor <= 5.0001 ? 5 : 10)
    }
}
