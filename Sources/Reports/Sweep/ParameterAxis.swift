import Foundation

/// Where the settings of a parameter lie on a line: in proportion, by their logarithm, or in order; and where those lie that a
/// condition leaves out.
struct ParameterAxis {
    let scale: SweepRecord.Parameter.Scale
    let ticks: [(position: Double, label: String)]
    /// Of settings that are not there; nil where all are.
    let absent: Double?
    private let low: Double
    private let high: Double
    private let start: Double
    private let end: Double

    /// Beside the axis, for what is not on it.
    private static let absentGap = 26.0

    /// - Parameters:
    ///   - settings: every trial's; nil where it has none.
    ///   - start: where the low end is drawn, or the first category; `end`, the other.
    ///   - inset: how far from the start those lie that are not there.
    init(
        _ scale: SweepRecord.Parameter.Scale, _ settings: [String?], from start: Double, to end: Double,
        inset: Double = 0
    ) {
        self.scale = scale
        let hasAbsent = settings.contains { $0 == nil }
        let direction = end > start ? 1.0 : -1.0
        absent = hasAbsent ? start + direction * inset : nil
        let start = hasAbsent ? start + direction * (inset + Self.absentGap) : start
        self.start = start
        self.end = end
        let numbers = settings.compactMap { $0.flatMap(Double.init) }.filter(\.isFinite)
        switch scale {
        case .categorical(let names):
            (low, high) = (-0.5, Double(max(1, names.count)) - 0.5)
            let (low, high) = (low, high)
            ticks = names.enumerated().map { index, name in
                (start + (Double(index) - low) / (high - low) * (end - start), name)
            }
        case .linear:
            let axis = Axis(numbers, from: start, to: end, ticks: 4)
            (low, high) = (axis.low, axis.high)
            ticks = axis.ticks.map { (axis.position($0), axis.label($0)) }
        case .logarithmic:
            let positive = numbers.filter { $0 > 0 }
            var least = floor(log10(positive.min() ?? 1) + 1e-9), most = ceil(log10(positive.max() ?? 10) - 1e-9)
            if least == most { (least, most) = (least - 1, most + 1) }
            (low, high) = (least, most)
            let step = max(1, Int(((most - least) / 5).rounded(.up)))
            ticks = stride(from: Int(least), through: Int(most), by: step).map { power in
                (start + (Double(power) - least) / (most - least) * (end - start), Format.power(of: power))
            }
        }
    }

    /// Nil for a setting that has no place on the axis; one that is not there lies beside it.
    func position(_ setting: String?) -> Double? {
        guard let setting else { return absent }
        let value: Double?
        switch scale {
        case .categorical(let names): value = names.firstIndex(of: setting).map(Double.init)
        case .linear: value = Double(setting)
        case .logarithmic: value = Double(setting).flatMap { $0 > 0 ? log10($0) : nil }
        }
        return value.map { start + ($0 - low) / (high - low) * (end - start) }
    }

    /// What the page's script needs to tell the value at a position.
    var attributes: String {
        let ends = #"data-from="\#(unit(start))" data-to="\#(unit(end))""#
        switch scale {
        case .categorical(let names):
            return #"\#(ends) data-names="\#(Format.escaped(names.joined(separator: "\n")))""#
        case .linear: return #"\#(ends) data-low="\#(low)" data-high="\#(high)""#
        case .logarithmic: return #"\#(ends) data-low="\#(low)" data-high="\#(high)" data-log="10""#
        }
    }
}
