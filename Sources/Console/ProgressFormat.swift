import Files

/// How far a piece of work is, at one moment.
public struct ProgressSnapshot: Sendable, Equatable {
    /// What is being done, such as `caching`.
    public var label: String
    public var done: Int
    public var total: Int
    /// How much of the quantity that costs time has been done, and how much there is: audio seconds, frames. Items that
    /// cost nothing (already cached) count in `done` and not here, so that they do not flatter the rate.
    public var work: Double
    public var totalWork: Double
    /// Such as `audio s`; the rate is this per second.
    public var unit: String
    public var elapsedSeconds: Double
    /// What else there is to tell at this moment, short; empty for nothing.
    public var note = ""

    public init(
        label: String, done: Int, total: Int, work: Double, totalWork: Double, unit: String, elapsedSeconds: Double
    ) {
        self.label = label
        self.done = done
        self.total = total
        self.work = work
        self.totalWork = totalWork
        self.unit = unit
        self.elapsedSeconds = elapsedSeconds
    }

    /// Units of work per second, nil before there is anything to divide.
    public var rate: Double? { work > 0 && elapsedSeconds > 0 ? work / elapsedSeconds : nil }

    /// Nil as long as nobody can know.
    public var secondsLeft: Double? {
        if done >= total { return 0 }
        guard let rate, totalWork > 0 else { return nil }
        return max(0, totalWork - work) / rate
    }

    /// 0…1, by work if there is any, else by count.
    public var fraction: Double {
        if done >= total { return 1 }
        if totalWork > 0 { return min(1, max(0, work / totalWork)) }
        return Double(done) / Double(total)
    }
}

/// A snapshot as text. Pure functions: what is shown depends on nothing but the snapshot and the width.
public enum ProgressFormat {
    /// One line of at most `width` columns: `caching [=====>    ] 120/240  31.2 audio s/s  0:12, 0:11 left`.
    /// In a narrow terminal the bar goes first, then the rate.
    public static func bar(_ snapshot: ProgressSnapshot, width: Int) -> String {
        let count = "\(snapshot.done)/\(snapshot.total)"
        let time = clock(snapshot.elapsedSeconds) + (snapshot.secondsLeft.map { ", \(clock($0)) left" } ?? "")
        let rate = snapshot.rate.map { "\(short($0)) \(snapshot.unit)/s" }
        let note = snapshot.note.isEmpty ? nil : snapshot.note
        let full = [count, rate, note, time].compactMap { $0 }.joined(separator: "  ")
        let room = width - snapshot.label.count - full.count - 4
        if room >= 8 {
            let columns = min(room, 40)
            let filled = Int(snapshot.fraction * Double(columns))
            let drawn =
                filled >= columns
                ? String(repeating: "=", count: columns)
                : String(repeating: "=", count: filled) + ">" + String(repeating: " ", count: columns - filled - 1)
            return "\(snapshot.label) [\(drawn)] \(full)"
        }
        let candidates = [
            "\(snapshot.label) \(full)",
            "\(snapshot.label) \([count, note, time].compactMap { $0 }.joined(separator: "  "))",
            "\(snapshot.label) \(count)  \(time)", "\(count)  \(time)", count,
        ]
        return candidates.first { $0.count <= width } ?? String(count.prefix(max(0, width)))
    }

    /// For logs: `caching 120/240 (50 %), 31.2 audio s/s, 0:12 elapsed, 0:11 left`.
    public static func plain(_ snapshot: ProgressSnapshot) -> String {
        var parts = ["\(snapshot.label) \(snapshot.done)/\(snapshot.total) (\(Int(snapshot.fraction * 100)) %)"]
        if let rate = snapshot.rate { parts.append("\(short(rate)) \(snapshot.unit)/s") }
        if !snapshot.note.isEmpty { parts.append(snapshot.note) }
        parts.append("\(clock(snapshot.elapsedSeconds)) elapsed")
        if let left = snapshot.secondsLeft, snapshot.done < snapshot.total { parts.append("\(clock(left)) left") }
        return parts.joined(separator: ", ")
    }

    /// One JSON object, for programs; keys always in this order, `null` for what is not known.
    public static func json(_ snapshot: ProgressSnapshot) -> String {
        func number(_ value: Double?) -> String { value.map { "\(($0 * 1000).rounded() / 1000)" } ?? "null" }
        return "{\"label\":\(snapshot.label.jsonLiteral),\"done\":\(snapshot.done),\"total\":\(snapshot.total),"
            + "\"work\":\(number(snapshot.work)),\"total_work\":\(number(snapshot.totalWork)),"
            + "\"unit\":\(snapshot.unit.jsonLiteral),\"rate\":\(number(snapshot.rate)),"
            + (snapshot.note.isEmpty ? "" : "\"note\":\(snapshot.note.jsonLiteral),")
            + "\"elapsed_seconds\":\(number(snapshot.elapsedSeconds)),\"seconds_left\":\(number(snapshot.secondsLeft))}"
    }

    /// A message as a JSON object on one line.
    public static func json(message: String) -> String { "{\"message\":\(message.jsonLiteral)}" }

    /// `0:07`, `12:34`, `1:02:03`, `3d 04:05:06`.
    public static func clock(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds < 1e9 else { return "?" }
        let whole = Int(max(0, seconds).rounded())
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let (days, hours, minutes, rest) = (whole / 86400, whole / 3600 % 24, whole / 60 % 60, whole % 60)
        if days > 0 { return "\(days)d \(two(hours)):\(two(minutes)):\(two(rest))" }
        if hours > 0 { return "\(hours):\(two(minutes)):\(two(rest))" }
        return "\(minutes):\(two(rest))"
    }

    /// About three digits: `0.123`, `1.23`, `31.2`, `1234`.
    public static func short(_ value: Double) -> String {
        guard value.isFinite, abs(value) < 1e15 else { return "?" }
        let scale: Double = abs(value) < 1 ? 1000 : abs(value) < 10 ? 100 : abs(value) < 100 ? 10 : 1
        let rounded = (value * scale).rounded() / scale
        return scale == 1 ? "\(Int(rounded))" : "\(rounded)"
    }
}
