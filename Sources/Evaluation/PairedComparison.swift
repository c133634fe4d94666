import Runs

/// Two runs' predictions for the same utterances, compared score by score; or those of several runs each, which differ in their seed.
///
/// Both are scored over the same resamples of the same utterances, so that what makes an utterance hard for both cancels,
/// and the interval is that of the difference. A side of several runs has the mean of their scores, of every resample too.
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
        /// 95 %, of `first` alone; nil where none can be given.
        public var firstInterval: Scores.Interval?
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
        try self.init([first], [second], metric: metric, resamples: resamples, seed: seed)
    }

    /// Compares the means of several runs' scores, over the utterances and dimensions that all have. What is only in one side is counted
    /// by its first run.
    /// - Parameters:
    ///   - first: at least one run.
    ///   - second: likewise; differences are `first` − `second`.
    ///   - metric: what is compared, of each dimension.
    ///   - resamples: of the bootstrap, the same for both sides.
    ///   - seed: of its draws.
    /// - Throws: as for two runs.
    public init(
        _ first: [Side], _ second: [Side], metric: Metric, resamples: Int = Bootstrap.defaultResampleCount,
        seed: UInt64 = 0
    ) throws(ComparisonError) {
        precondition(!first.isEmpty && !second.isEmpty, "a comparison with no run")
        let sides = first + second
        var dimensions = sides[0].predictions.dimensions
        for side in sides {
            dimensions = dimensions.filter(side.predictions.dimensions.contains)
            guard !dimensions.isEmpty else {
                throw .noCommonDimension(
                    first: sides[0].path, second: side.path, firstHas: sides[0].predictions.dimensions,
                    secondHas: side.predictions.dimensions)
            }
        }
        let common = try Self.common(sides, dimensions)

        self.metric = metric
        commonCount = common.count
        onlyFirstCount = first[0].predictions.rows.count - common.count
        onlySecondCount = second[0].predictions.rows.count - common.count
        let units = Bootstrap.units(speakers: common.map { $0[0].speaker })
        resampled = .init(unit: units.unit, count: units.members.count)
        differences = dimensions.map { dimension in
            Self.difference(
                common, firstCount: first.count, dimension, metric, units, resamples: resamples, seed: seed)
        }
    }

    /// The rows of every utterance that all sides have, one of each side.
    private static func common(_ sides: [Side], _ dimensions: [String]) throws(ComparisonError) -> [[Prediction]] {
        for side in sides { try requireUnique(side) }
        var common = sides[0].predictions.rows.map { [$0] }
        for side in sides.dropFirst() {
            let rows = Dictionary(uniqueKeysWithValues: side.predictions.rows.map { ($0.id, $0) })
            var kept: [[Prediction]] = []
            for members in common {
                guard let other = rows[members[0].id] else { continue }
                for dimension in dimensions {
                    let truth = members[0].values[dimension]?.truth, otherTruth = other.values[dimension]?.truth
                    guard truth == otherTruth else {
                        throw .truth(
                            id: other.id, dimension: dimension, first: sides[0].path, firstTruth: truth,
                            second: side.path, secondTruth: otherTruth)
                    }
                }
                kept.append(members + [other])
            }
            guard !kept.isEmpty else { throw .noCommonUtterance(first: sides[0].path, second: side.path) }
            common = kept
        }
        return common
    }

    private static func requireUnique(_ side: Side) throws(ComparisonError) {
        var seen: Set<String> = []
        for row in side.predictions.rows where !seen.insert(row.id).inserted {
            throw .repeated(path: side.path, id: row.id)
        }
    }

    /// One run's sums over every unit, measured from its own centre.
    private struct RunSums {
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

    /// The mean of runs' scores.
    /// - Parameter moments: of each run, in order.
    private static func mean(
        _ runs: ArraySlice<RunSums>, _ metric: Metric, of moments: (Int) -> Moments
    ) throws(Moments.Undefined) -> Double {
        var sum = 0.0
        for index in runs.indices { sum += try moments(index).value(metric, about: runs[index].centre) }
        return sum / Double(runs.count)
    }

    private static func difference(
        _ common: [[Prediction]], firstCount: Int, _ dimension: String, _ metric: Metric, _ units: Bootstrap.Units,
        resamples: Int, seed: UInt64
    ) -> Difference {
        // Of the utterances that all predict: a score over others would not be paired.
        let values = common.map { rows in rows.map { $0.values[dimension] } }
        let pairs = values.map { values -> [Scoring.Pair]? in
            guard let truth = values[0]?.truth, values.allSatisfy({ $0?.prediction != nil }) else { return nil }
            return values.compactMap { $0?.prediction }.map { Scoring.Pair(truth: truth, prediction: $0) }
        }
        let runs = common[0].indices.map { index in RunSums(pairs.map { $0?[index] }, units) }
        let first = runs[..<firstCount], second = runs[firstCount...]
        var result = Difference(
            dimension: dimension, count: pairs.count { $0 != nil }, first: .nan, second: .nan, firstInterval: nil,
            interval: nil, shareFirstBetter: nil, reason: nil)
        func value(_ side: ArraySlice<RunSums>, _ name: String) -> Double {
            do throws(Moments.Undefined) {
                return try mean(side, metric) { runs[$0].whole }
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
        var drawn: [Double] = [], drawnFirst: [Double] = []
        for _ in 0..<resamples {
            var sums = [Moments](repeating: Moments(), count: runs.count)
            bootstrap.draw { unit in
                for index in runs.indices { sums[index] += runs[index].units[unit] }
            }
            guard let a = try? mean(first, metric, of: { sums[$0] }) else { continue }
            drawnFirst.append(a)
            if let b = try? mean(second, metric, of: { sums[$0] }) { drawn.append(a - b) }
        }
        result.firstInterval = Bootstrap.interval(drawnFirst, of: resamples)
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
