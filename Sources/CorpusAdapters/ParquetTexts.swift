import Parquet

extension ParquetFile {
    /// A column's cells as pandas writes them into a CSV file, so that a table gives the same manifest from either; empty where there is
    /// nothing.
    func texts(of column: Column) throws(ParquetError) -> [String] {
        switch try values(of: column) {
        case .booleans(let values): values.map { $0.map { $0 ? "True" : "False" } ?? "" }
        case .floats(let values): values.map { $0.map { "\($0)" } ?? "" }
        case .doubles(let values): values.map { $0.map { "\($0)" } ?? "" }
        case .texts(let values): values.map { $0 ?? "" }
        case .integers(let values):
            switch column.kind {
            case .date: ParquetText.timestamps(values.map { $0.map { ($0, 0) } }, .seconds)
            case .timestamp(let unit): ParquetText.timestamps(values.map { $0.map { split($0, unit) } }, unit)
            case .duration(let unit): ParquetText.durations(values.map { $0.map { split($0, unit) } }, unit)
            default: values.map { $0.map(String.init) ?? "" }
            }
        }
    }

    /// Whole days, rounded down, and what is left of the day in units.
    private func split(_ value: Int64, _ unit: TimeUnit) -> (days: Int64, rest: Int64) {
        let day = 86_400 * unit.perSecond
        let (days, rest) = value.quotientAndRemainder(dividingBy: day)
        return rest < 0 ? (days - 1, rest + day) : (days, rest)
    }
}

/// Times in pandas' spelling, which writes all of a column to the same precision.
private enum ParquetText {
    typealias Time = (days: Int64, rest: Int64)

    /// `0 days 00:00:01.500000`, `-1 days +23:59:59.000000`; `2 days` where all are whole days.
    static func durations(_ times: [Time?], _ unit: TimeUnit) -> [String] {
        let hasTimes = times.contains { $0.map { $0.rest != 0 } ?? false }
        let places = max(6, places(times, unit))
        return times.map { time in
            guard let time else { return "" }
            guard hasTimes else { return "\(time.days) days" }
            return "\(time.days) days \(time.days < 0 ? "+" : "")\(clock(time.rest, unit, places: places))"
        }
    }

    /// `2020-01-31 13:00:00.250`; `2020-01-31` where all are at midnight.
    static func timestamps(_ times: [Time?], _ unit: TimeUnit) -> [String] {
        let hasTimes = times.contains { $0.map { $0.rest != 0 } ?? false }
        let places = places(times, unit)
        return times.map { time in
            guard let time else { return "" }
            return calendarDay(time.days) + (hasTimes ? " \(clock(time.rest, unit, places: places))" : "")
        }
    }

    /// Digits behind the seconds that lose nothing, in threes.
    private static func places(_ times: [Time?], _ unit: TimeUnit) -> Int {
        let fractions = times.lazy.compactMap { $0.map { $0.rest % unit.perSecond * (1_000_000_000 / unit.perSecond) } }
        return fractions.map { $0 == 0 ? 0 : $0 % 1_000_000 == 0 ? 3 : $0 % 1000 == 0 ? 6 : 9 }.max() ?? 0
    }

    private static func clock(_ rest: Int64, _ unit: TimeUnit, places: Int) -> String {
        let seconds = rest / unit.perSecond
        let clock = [seconds / 3600, seconds / 60 % 60, seconds % 60].map { padded($0, 2) }.joined(separator: ":")
        guard places > 0 else { return clock }
        let nanoseconds = rest % unit.perSecond * (1_000_000_000 / unit.perSecond)
        return "\(clock).\(padded(nanoseconds, 9).prefix(places))"
    }

    /// The Gregorian calendar's date, so many days from 1970-01-01 on.
    ///
    /// - Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`.
    private static func calendarDay(_ days: Int64) -> String {
        let day = days + 719_468
        let era = (day >= 0 ? day : day - 146_096) / 146_097
        let ofEra = day - era * 146_097
        let yearOfEra = (ofEra - ofEra / 1460 + ofEra / 36_524 - ofEra / 146_096) / 365
        let ofYear = ofEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * ofYear + 2) / 153
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return "\(padded(year, 4))-\(padded(month, 2))-\(padded(ofYear - (153 * shifted + 2) / 5 + 1, 2))"
    }

    private static func padded(_ number: Int64, _ width: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, width - text.count)) + text
    }
}
