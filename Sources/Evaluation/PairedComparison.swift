import Runs

/// Two runs' predictions for the same utterances, compared score by score.
///
/// Both are scored over the same resamples of the same utterances, so that what makes an utterance hard for both cancels,
/// and the interval is that of the difference.
/// - Source: Koehn 2004 (paired bootstrap resampling), with `Bootstrap`'s units.
public struct PairedComparison: Sendable, Equatable {
    /// A run's predictions, and the file that errors name.
    public struct Side: Sendable {
        public var path: String
        public var predictions: Predictions

        public init(path: String, predictions: Predictions) {
            self.path = path
            self.predictions = predictions
        }
    }

    /// How one dimension's scores differ.
    public struct Difference: Sendable, Equatable {
        public var dimension: String
        /// Common utterances labelled for the dimension and predicted by both.
        public var count: Int
        /// NaN where the metric is not defined.
        public var first: Double
        public var second: Double
        /// 95 %, of first − second; nil where none can be given.
        public var interval: Scores.Interval?
        /// Among the resamples that gave a difference, those in which the first run's score was the better one, 0 to 1; nil
        /// where the interval is.
        public var shareFirstBetter: Double?
        /// Why a score or the interval is not given.
        public var reason: String?

        public var difference: Double { first - second }
    }

    public let metric: Metric
    public let commonCount: Int
    public let onlyFirstCount: Int
    public let onlySecondCount: Int
    public let resampled: Scores.Resampled
    /// In the first run's order of dimensions.
    public let differences: [Difference]

    /// Compares over the utterances and dimensions that both have. A speaker is the first run's word for it.
    /// - Throws: `ComparisonError` where nothing is in both, or an utterance's truth is not the same in both.
    public init(
        _ first: Side, _ second: Side, metric: Metric, resamples: Int = Bootstrap.defaultResampleCount, seed: UInt64 = 0
    ) throws(ComparisonError) {
        let dimensions = first.predictions.dimensions.filter(second.predictions.dimensions.contains)
        guard !dimensions.isEmpty else {
            throw .noCommonDimension(
                first: first.path, second: second.path, firstHas: first.predictions.dimensions,
                secondHas: second.predictions.dimensions)
        }
        let common = try Self.common(first, second, dimensions)
        guard !common.isEmpty else { throw .noCommonUtterance(first: first.path, second: second.path) }

        self.metric = metric
        commonCount = common.count
        onlyFirstCount = first.predictions.rows.count - common.count
        onlySecondCount = second.predictions.rows.count - common.count
        let units = Bootstrap.units(speakers: common.map(\.first.speaker))
        resampled = .init(unit: units.unit, count: units.members.count)
        differences = dimensions.map { dimension in
            Self.difference(common, dimension, metric, units, resamples: resamples, seed: seed)
        }
    }

    private typealias Common = (first: Prediction, second: Prediction)

    private static func common(
        _ first: Side, _ second: Side, _ dimensions: [String]
    ) throws(ComparisonError) -> [Common] {
        try requireUnique(first)
        try requireUnique(second)
        let rowsOfSecond = Dictionary(uniqueKeysWithValues: second.predictions.rows.map { ($0.id, $0) })
        var common: [Common] = []
        for row in first.predictions.rows {
            guard let other = rowsOfSecond[row.id] else { continue }
            for dimension in dimensions {
                let truth = row.values[dimension]?.truth, otherTruth = other.values[dimension]?.truth
                guard truth == otherTruth else {
                    throw .truth(
                        id: row.id, dimension: dimension, first: first.path, firstTruth: truth, second: second.path,
                        secondTruth: otherTruth)
                }
            }
            common.append((row, other))
        }
        return common
    }

    private static func requireUnique(_ side: Side) throws(ComparisonError) {
        var seen: Set<String> = []
        for row in side.predictions.rows where !seen.insert(row.id).inserted {
            throw .repeated(path: side.path, id: row.id)
        }
    }

    /// One side's sums over every unit, measured from its own centre.
    private struct SideSums {
        let centre: Moments.Centre
        private(set) var whole = Moments()
        private(set) var units: [Moments] = []

        init(_ pairs: [Scoring.Pair?], _ units: Bootstrap.Units) {
            centre = Scoring.centre(of: pairs.compactMap { $0 })
            for members in units.members {
                var sums = Moments()
                for case let pair? in members.map({ pairs[$0] }) {
                    sums.add(truth: pair.truth, prediction: pair.prediction, about: centre)
                }
                self.units.append(sums)
                whole += sums
            }
        }
    }

    private static func difference(
        _ common: [Common], _ dimension: String, _ metric: Metric, _ units: Bootstrap.Units, resamples: Int,
        seed: UInt64
    ) -> Difference {
        // Of the utterances that both predict: a score over others would not be paired.
        let values = common.map { ($0.first.values[dimension], $0.second.values[dimension]) }
        let pairs = values.map { first, second -> (Scoring.Pair, Scoring.Pair)? in
            guard let truth = first?.truth, let p = first?.prediction, let q = second?.prediction else { return nil }
            return (Scoring.Pair(truth: truth, prediction: p), Scoring.Pair(truth: truth, prediction: q))
        }
        let first = SideSums(pairs.map { $0?.0 }, units), second = SideSums(pairs.map { $0?.1 }, units)
        var result = Difference(
            dimension: dimension, count: pairs.count { $0 != nil }, first: .nan, second: .nan, interval: nil,
            shareFirstBetter: nil, reason: nil)
        func value(_ side: SideSums, _ name: String) -> Double {
            do throws(Moments.Undefined) {
                return try side.whole.value(metric, about: side.centre)
            } catch {
                result.reason = "undefined for the \(name) run: \(error.rawValue)"
                return .nan
            }
        }
        (result.second, result.first) = (value(second, "second"), value(first, "first"))
        guard result.reason == nil else { return result }
        guard result.count >= Bootstrap.fewestUtterances else {
            result.reason = "fewer than \(Bootstrap.fewestUtterances) utterances"
            return result
        }
        var bootstrap = Bootstrap(units: units.members.count, seed: seed)
        var drawn: [Double] = []
        for _ in 0..<resamples {
            var a = Moments(), b = Moments()
            bootstrap.draw { unit in
                a += first.units[unit]
                b += second.units[unit]
            }
            if let a = try? a.value(metric, about: first.centre), let b = try? b.value(metric, about: second.centre) {
                drawn.append(a - b)
            }
        }
        guard let interval = Bootstrap.interval(drawn, of: resamples) else {
            result.reason = Bootstrap.tooFewDefined
            return result
        }
        result.interval = interval
        let better = drawn.count { metric.isHigherBetter ? $0 > 0 : $0 < 0 }
        result.shareFirstBetter = Double(better) / Double(drawn.count)
        return result
    }
}
