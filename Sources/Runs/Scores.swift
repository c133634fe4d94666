/// How well predictions agree with the truth, for one dimension on one split, over the utterances labelled for it.
///
/// A score that is not defined (a correlation with constant predictions, anything over no utterance) is NaN here and
/// `null` in JSON, which has no NaN.
public struct Scores: Sendable, Equatable, Codable {
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
    /// The 95 % interval of `ccc`, where one was computed.
    public var cccInterval: Interval?

    public struct Interval: Sendable, Equatable {
        public var low: Double
        public var high: Double

        public init(low: Double, high: Double) {
            self.low = low
            self.high = high
        }
    }

    public init(ccc: Double, pearson: Double, rmse: Double, mae: Double, count: Int, cccInterval: Interval? = nil) {
        self.ccc = ccc
        self.pearson = pearson
        self.rmse = rmse
        self.mae = mae
        self.count = count
        self.cccInterval = cccInterval
    }

    enum CodingKeys: String, CodingKey {
        case ccc, pearson, rmse, mae, count
        case cccLow = "ccc_low"
        case cccHigh = "ccc_high"
    }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        ccc = try values.decodeNullAsNaN(.ccc)
        pearson = try values.decodeNullAsNaN(.pearson)
        rmse = try values.decodeNullAsNaN(.rmse)
        mae = try values.decodeNullAsNaN(.mae)
        count = try values.decode(Int.self, forKey: .count)
        if let low = try values.decodeIfPresent(Double.self, forKey: .cccLow),
            let high = try values.decodeIfPresent(Double.self, forKey: .cccHigh)
        {
            cccInterval = Interval(low: low, high: high)
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encodeNaNAsNull(ccc, .ccc)
        try values.encodeNaNAsNull(pearson, .pearson)
        try values.encodeNaNAsNull(rmse, .rmse)
        try values.encodeNaNAsNull(mae, .mae)
        try values.encode(count, forKey: .count)
        if let cccInterval {
            try values.encodeNaNAsNull(cccInterval.low, .cccLow)
            try values.encodeNaNAsNull(cccInterval.high, .cccHigh)
        }
    }
}

extension KeyedDecodingContainer {
    func decodeNullAsNaN(_ key: Key) throws -> Double {
        try decodeNil(forKey: key) ? .nan : decode(Double.self, forKey: key)
    }
}

extension KeyedEncodingContainer {
    mutating func encodeNaNAsNull(_ value: Double, _ key: Key) throws {
        if value.isFinite { try encode(value, forKey: key) } else { try encodeNil(forKey: key) }
    }
}
