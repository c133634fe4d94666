import Corpus

/// A point in a recording as pandas and people write it.
enum TimeText {
    /// In seconds: `1.5`, `1.5s`, `1500ms`, `00:00:01.5`, `0 days 00:00:01.500000`.
    /// - Returns: nil where that is none of these, or negative.
    static func seconds(_ text: String) -> Double? {
        if let value = finiteNumber(text) { return value >= 0 ? value : nil }
        for (unit, scale) in [("ms", 0.001), ("s", 1)] where text.hasSuffix(unit) && !text.hasSuffix("days") {
            let number = text.dropLast(unit.count).drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()
            guard let value = finiteNumber(String(number)), value >= 0 else { return nil }
            return value * scale
        }
        guard
            let match = text.wholeMatch(
                of: /(?:([0-9]+) days? ?)?(?:([0-9]+):([0-5][0-9]):([0-5][0-9](?:\.[0-9]+)?))?/),
            !text.isEmpty
        else { return nil }
        func part(_ digits: Substring?) -> Double { digits.map { Double($0) ?? .infinity } ?? 0 }
        return part(match.1) * 86_400 + part(match.2) * 3600 + part(match.3) * 60 + part(match.4)
    }

    static let expected = "seconds or a time such as 0 days 00:00:01.500"
}

extension RowReader {
    /// - Returns: nil for all of the file; nothing at all, reported, where the bounds make no sense.
    mutating func segment(start: String, end: String) -> Segment?? {
        var isSound = true
        func time(_ text: String, _ column: String) -> Double? {
            guard !RowReader.isBlank(text) else { return nil }
            if let seconds = TimeText.seconds(text) { return seconds }
            report(.label, "\(column) is '\(text)'; expected \(TimeText.expected)")
            isSound = false
            return nil
        }
        let first = time(start, "start") ?? 0
        let last = time(end, "end")
        guard isSound else { return nil }
        guard first > 0 || last != nil else { return .some(nil) }
        if let segment = Segment(startSeconds: first, endSeconds: last) { return segment }
        report(.label, "start '\(start)' is not before end '\(end)'; expected start < end")
        return nil
    }
}
