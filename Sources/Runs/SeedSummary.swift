/// `seeds.json`: what runs that differ in their seed alone scored, in the middle and how far apart.
public struct SeedSummary: Sendable, Equatable, Codable {
    /// A score over the seeds.
    public struct Spread: Sendable, Equatable, Codable {
        /// Over the seeds that the score is defined for; NaN (`null`) where it is for none.
        public var mean: Double
        /// The standard deviation between seeds, with `n − 1`; nil below two seeds.
        public var deviation: Double?
        /// In the order of `seeds`; NaN (`null`) where not defined.
        public var values: [Double]

        public init(_ values: [Double]) {
            self.values = values
            let defined = values.filter { !$0.isNaN }, count = Double(defined.count)
            let mean = defined.reduce(0, +) / count
            self.mean = mean
            deviation =
                defined.count < 2
                ? nil : (defined.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (count - 1)).squareRoot()
        }

        public init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            mean = try container.decodeNullAsNaN(.mean)
            deviation = try container.decodeIfPresent(Double.self, forKey: .deviation)
            values = try container.decode([Double?].self, forKey: .values).map { $0 ?? .nan }
        }

        public func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encodeNaNAsNull(mean, .mean)
            try container.encodeIfPresent(deviation, forKey: .deviation)
            try container.encode(values.map { $0.isNaN ? nil : $0 }, forKey: .values)
        }

        enum CodingKeys: String, CodingKey { case mean, deviation, values }
    }

    public var seeds: [UInt64]
    /// The run directories, inside the one that this lies in.
    public var runs: [String]
    /// Of the best epochs, on the development split.
    public var bestMetric: String
    public var best: Spread
    /// `scores[split][dimension][metric]`.
    public var scores: [String: [String: [String: Spread]]]

    enum CodingKeys: String, CodingKey {
        case seeds, runs, best, scores
        case bestMetric = "best_metric"
    }

    /// - Parameter results: of runs that differ in their seed alone, at least one.
    public init(_ results: [RunResult]) {
        precondition(!results.isEmpty, "a summary of no run")
        seeds = results.map(\.seed)
        runs = results.map { "seed-\($0.seed)" }
        bestMetric = results[0].bestMetric.name
        best = Spread(results.map(\.bestMetric.value))
        scores = results[0].scores.reduce(into: [:]) { scores, split in
            for dimension in split.value.keys {
                for metric in Metric.allCases {
                    let values = results.map { $0.scores[split.key]?[dimension]?[metric] ?? .nan }
                    scores[split.key, default: [:]][dimension, default: [:]][metric.rawValue] = Spread(values)
                }
            }
        }
    }
}
