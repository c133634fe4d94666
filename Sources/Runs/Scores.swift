/// How well predictions agree with the truth, for one dimension over a set of utterances labelled for it.
///
/// A score that is not defined (a correlation with constant predictions, anything over no utterance) is NaN here and
/// `null` in JSON, which has no NaN; `undefined` says why.
public struct Scores: Sendable, Equatable {
    /// Concordance correlation coefficient, −1 to 1 (Lin 1989).
    public var ccc: Double
    /// Pearson's correlation coefficient, −1 to 1.
    public var pearson: Double
    /// Root mean square error, in the labels' own scale.
    public var rmse: Double
    /// Mean absolute error, in the labels' own scale.
    public var mae: Double
    /// How many utterances were scored.
    public var count: Int
    /// Why a score is NaN.
    public var undefined: [Metric: String]
    /// The 95 % intervals, of the scores that one could be given for.
    public var intervals: [Metric: Interval]
    /// Why a score has no interval, where intervals were asked for and `undefined` does not say it already.
    public var withoutInterval: [Metric: String]
    /// What the intervals' resamples drew; nil where there are no intervals.
    public var resampled: Resampled?

    public struct Interval: Sendable, Equatable {
        public var low: Double
        public var high: Double

        public init(low: Double, high: Double) {
            self.low = low
            self.high = high
        }
    }

    /// The units that a bootstrap draws whole, and how many there were to draw from.
    public struct Resampled: Sendable, Equatable {
        public enum Unit: String, Sendable, Codable, CaseIterable { case speaker, utterance }

        public var unit: Unit
        public var count: Int

        public init(unit: Unit, count: Int) {
            self.unit = unit
            self.count = count
        }
    }

    public init(
        ccc: Double, pearson: Double, rmse: Double, mae: Double, count: Int, undefined: [Metric: String] = [:],
        intervals: [Metric: Interval] = [:], withoutInterval: [Metric: String] = [:], resampled: Resampled? = nil
    ) {
        self.ccc = ccc
        self.pearson = pearson
        self.rmse = rmse
        self.mae = mae
        self.count = count
        self.undefined = undefined
        self.intervals = intervals
        self.withoutInterval = withoutInterval
        self.resampled = resampled
    }

    public subscript(_ metric: Metric) -> Double {
        switch metric {
        case .ccc: ccc
        case .pearson: pearson
        case .rmse: rmse
        case .mae: mae
        }
    }
}

extension Scores: Codable {
    /// `ccc`, `ccc_low`, `ccc_high` and so on; `undefined` and `without_interval` name the scores that are null and say
    /// why.
    private struct Key: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }

        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }

        static func value(_ metric: Metric) -> Key { Key(stringValue: metric.rawValue) }
        static func low(_ metric: Metric) -> Key { Key(stringValue: "\(metric.rawValue)_low") }
        static func high(_ metric: Metric) -> Key { Key(stringValue: "\(metric.rawValue)_high") }
        static let count = Key(stringValue: "count")
        static let undefined = Key(stringValue: "undefined")
        static let withoutInterval = Key(stringValue: "without_interval")
        static let unit = Key(stringValue: "interval_over")
        static let unitCount = Key(stringValue: "interval_units")
    }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: Key.self)
        func reasons(_ key: Key) throws -> [Metric: String] {
            let named = try values.decodeIfPresent([String: String].self, forKey: key) ?? [:]
            return Dictionary(
                uniqueKeysWithValues: named.compactMap { name, reason in Metric(rawValue: name).map { ($0, reason) } })
        }
        self.init(
            ccc: try values.decodeNullAsNaN(.value(.ccc)), pearson: try values.decodeNullAsNaN(.value(.pearson)),
            rmse: try values.decodeNullAsNaN(.value(.rmse)), mae: try values.decodeNullAsNaN(.value(.mae)),
            count: try values.decode(Int.self, forKey: .count), undefined: try reasons(.undefined),
            withoutInterval: try reasons(.withoutInterval))
        for metric in Metric.allCases {
            if let low = try values.decodeIfPresent(Double.self, forKey: .low(metric)),
                let high = try values.decodeIfPresent(Double.self, forKey: .high(metric))
            {
                intervals[metric] = Interval(low: low, high: high)
            }
        }
        if let unit = try values.decodeIfPresent(Resampled.Unit.self, forKey: .unit),
            let units = try values.decodeIfPresent(Int.self, forKey: .unitCount)
        {
            resampled = Resampled(unit: unit, count: units)
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: Key.self)
        for metric in Metric.allCases {
            try values.encodeNaNAsNull(self[metric], .value(metric))
            if let interval = intervals[metric] {
                try values.encode(interval.low, forKey: .low(metric))
                try values.encode(interval.high, forKey: .high(metric))
            } else if withoutInterval[metric] != nil {
                try values.encodeNil(forKey: .low(metric))
                try values.encodeNil(forKey: .high(metric))
            }
        }
        try values.encode(count, forKey: .count)
        try encode(undefined, .undefined, into: &values)
        try encode(withoutInterval, .withoutInterval, into: &values)
        if let resampled {
            try values.encode(resampled.unit, forKey: .unit)
            try values.encode(resampled.count, forKey: .unitCount)
        }
    }

    private func encode(
        _ reasons: [Metric: String], _ key: Key, into values: inout KeyedEncodingContainer<Key>
    ) throws {
        guard !reasons.isEmpty else { return }
        try values.encode(
            Dictionary(uniqueKeysWithValues: reasons.map { ($0.key.rawValue, $0.value) }), forKey: key)
    }
}

extension KeyedDecodingContainer {
    package func decodeNullAsNaN(_ key: Key) throws -> Double {
        try decodeNil(forKey: key) ? .nan : decode(Double.self, forKey: key)
    }
}

extension KeyedEncodingContainer {
    package mutating func encodeNaNAsNull(_ value: Double, _ key: Key) throws {
        if value.isFinite { try encode(value, forKey: key) } else { try encodeNil(forKey: key) }
    }
}
