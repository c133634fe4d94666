import Evaluation
import Foundation
import Runs

/// The comparison of full finetuning, partial finetuning with and without a cache, low-rank adapters and heads alone: a row per set-up,
/// every reduction against full finetuning in the first precision, and when each cache has paid for itself.
///
/// Source of the comparison: Sampath, Tavernor and Mower Provost, ICASSP 2025.
public struct StudyTable: Sendable, Encodable {
    /// A set-up and where its runs lie.
    public struct Entry: Sendable {
        public var setUp: StudySetUp
        /// One of each seed.
        public var directories: [String]
        public var cache: CacheCost?

        public init(_ setUp: StudySetUp, directories: [String], cache: CacheCost? = nil) {
            self.setUp = setUp
            self.directories = directories
            self.cache = cache
        }
    }

    public struct Resampled: Sendable, Equatable, Encodable {
        public let unit: Scores.Resampled.Unit
        public let count: Int
        /// So few that a percentile interval is narrower than it should be.
        public let isFew: Bool

        init(_ resampled: Scores.Resampled) {
            unit = resampled.unit
            count = resampled.count
            isFew = count < 10
        }
    }

    /// When a cache has paid for itself, against the same set-up without it.
    public struct Payment: Sendable, Equatable, Encodable {
        public let setUp: StudySetUp
        public let cache: CacheCost
        public let uncachedSecondsPerEpoch: Double
        public let cachedSecondsPerEpoch: Double
        /// Nil where it never does.
        public let epochs: Int?
        /// Of as many epochs as the study's.
        public let runs: Int?

        /// - Returns: nil where either has no cache to tell of.
        public init?(cached: StudyRow, uncached: StudyRow) {
            guard let cache = cached.cache, uncached.setUp == cached.setUp.uncached else { return nil }
            let breakEven = BreakEven(
                cacheSeconds: cache.seconds, uncached: uncached.secondsPerEpoch, cached: cached.secondsPerEpoch)
            setUp = cached.setUp
            self.cache = cache
            uncachedSecondsPerEpoch = uncached.secondsPerEpoch
            cachedSecondsPerEpoch = cached.secondsPerEpoch
            epochs = breakEven.epochs
            runs = breakEven.runs(ofEpochs: cached.epochsPerRun)
        }
    }

    public let circumstances: StudyCircumstances
    /// The split that the scores are of: the first test split, else development.
    public let split: String
    public let dimensions: [String]
    /// What the intervals' resamples drew.
    public let resampled: Resampled
    /// Over how many runs a cache's cost is divided.
    public let amortisedOver: Int
    /// Of the set-ups that are done, the baseline first.
    public let rows: [StudyRow]
    /// Names of those that are not, or of which nobody knows what their cache took.
    public let missing: [String]
    public let payments: [Payment]

    /// Reads the runs and works them out.
    /// - Parameters:
    ///   - entries: the baseline first.
    ///   - amortisedOver: how many runs a cache's cost is divided among.
    ///   - weights: where the model's folder came from, for the reader.
    ///   - resamples: of the bootstrap.
    /// - Throws: `StudyError.noBaseline` where that is not done; `.otherCorpus` and `.otherSettings` of runs that cannot be compared.
    public init(
        _ entries: [Entry], amortisedOver: Int, weights: String? = nil,
        resamples: Int = Bootstrap.defaultResampleCount
    ) throws(StudyError) {
        var done: [(entry: Entry, runs: StudyRuns)] = [], missing: [String] = []
        for entry in entries {
            guard Self.isDone(entry) else {
                missing.append(entry.setUp.name)
                continue
            }
            done.append((entry, try StudyRuns(entry.setUp, directories: entry.directories)))
        }
        guard let first = entries.first, let baseline = done.first, baseline.entry.setUp == first.setUp else {
            throw .noBaseline(entries.first?.setUp.name ?? "", directories: entries.first?.directories ?? [])
        }
        let reference = baseline.runs.members[0]
        for (_, runs) in done { try runs.requireComparable(to: reference) }
        let splits = sortedSplits(reference.result.scores.keys)
        let split = splits.first { $0.hasPrefix("test") } ?? splits.first ?? "development"
        let dimensions = reference.configuration.labels.map(\.name)

        let sides = try Self.sides(baseline.runs, split)
        var rows: [StudyRow] = [], resampled = Scores.Resampled(unit: .utterance, count: 0)
        for (entry, runs) in done {
            let comparison = try Self.comparison(try Self.sides(runs, split), sides, resamples: resamples)
            resampled = comparison.resampled
            let scores = Self.scores(
                runs, comparison, isBaseline: rows.isEmpty, split: split, dimensions: dimensions)
            let result = runs.members[0].result
            rows.append(
                StudyRow(
                    entry.setUp, trainableParameters: result.trainableParameters,
                    totalParameters: result.totalParameters,
                    runs: runs.members.map { StudyRow.Run($0, split: split) }, cache: entry.cache, scores: scores,
                    baseline: rows.first?.asBaseline, amortisedOver: amortisedOver))
        }
        circumstances = StudyCircumstances(done.flatMap { $0.runs.members }, weights: weights)
        self.split = split
        self.dimensions = dimensions
        self.resampled = Resampled(resampled)
        self.amortisedOver = amortisedOver
        self.rows = rows
        self.missing = missing
        payments = rows.compactMap { row in
            rows.first { $0.setUp == row.setUp.uncached }.flatMap { Payment(cached: row, uncached: $0) }
        }
    }

    /// A cache of unknown cost would stand there as one that cost nothing.
    private static func isDone(_ entry: Entry) -> Bool {
        (entry.setUp.store == nil || entry.cache != nil)
            && entry.directories.allSatisfy { path in
                FileManager.default.fileExists(atPath: RunDirectory(path: path).resultPath)
            }
    }

    private static func sides(_ runs: StudyRuns, _ split: String) throws(StudyError) -> [PairedComparison.Side] {
        zip(runs.members, try runs.sides(split)).map { member, predictions in
            PairedComparison.Side(path: member.directory.predictionsPath(split: split), predictions: predictions)
        }
    }

    private static func comparison(
        _ own: [PairedComparison.Side], _ baseline: [PairedComparison.Side], resamples: Int
    ) throws(StudyError) -> PairedComparison {
        do throws(ComparisonError) {
            return try PairedComparison(own, baseline, metric: .ccc, resamples: resamples)
        } catch {
            throw .comparison(error)
        }
    }

    private static func scores(
        _ runs: StudyRuns, _ comparison: PairedComparison, isBaseline: Bool, split: String, dimensions: [String]
    ) -> [StudyRow.Score] {
        dimensions.map { dimension in
            let spread = SeedSummary.Spread(runs.members.map { $0.result.scores[split]?[dimension]?.ccc ?? .nan })
            let found = comparison.differences.first { $0.dimension == dimension }
            let difference = found.flatMap { found in
                found.interval.map {
                    StudyRow.Difference(value: found.difference, low: $0.low, high: $0.high)
                }
            }
            return StudyRow.Score(
                dimension: dimension, mean: spread.mean.isFinite ? spread.mean : nil, deviation: spread.deviation,
                low: found?.firstInterval?.low, high: found?.firstInterval?.high,
                difference: isBaseline ? nil : difference)
        }
    }
}
