import Evaluation
import Foundation
import Runs

/// Several runs' predictions for a split, each compared with the first's: a table for a terminal, or JSON.
public struct RunComparison: Sendable {
    public let split: String
    public let metric: Metric
    public let resamples: Int
    public let seed: UInt64
    /// As they were given.
    public let first: String
    public let others: [(path: String, comparison: PairedComparison)]

    /// - Parameters:
    ///   - paths: run directories; the first is what the others are compared with.
    ///   - split: nil: the first test split that every run has predictions for, else `development`.
    ///   - metric: what is compared, of each dimension.
    ///   - resamples: of the bootstrap.
    ///   - seed: of its draws, the same for every comparison.
    /// - Throws: `ReportError` where a run lacks the split, predictions are damaged, or runs cannot be compared.
    public init(
        paths: [String], split: String? = nil, metric: Metric = .ccc,
        resamples: Int = Bootstrap.defaultResampleCount, seed: UInt64 = 0
    ) throws(ReportError) {
        guard let firstPath = paths.first, paths.count >= 2 else { throw .oneRun }
        let directories = paths.map { RunDirectory(path: $0) }
        let chosen = try Self.split(split, of: directories)
        var sides: [PairedComparison.Side] = []
        for directory in directories {
            do throws(RunError) {
                sides.append(
                    .init(
                        path: directory.predictionsPath(split: chosen),
                        predictions: try directory.predictions(split: chosen)))
            } catch {
                throw .run(error)
            }
        }
        var others: [(path: String, comparison: PairedComparison)] = []
        for (path, side) in zip(paths, sides).dropFirst() {
            do throws(ComparisonError) {
                let comparison = try PairedComparison(
                    sides[0], side, metric: metric, resamples: resamples, seed: seed)
                others.append((path, comparison))
            } catch {
                throw .comparison(error)
            }
        }
        self.split = chosen
        self.metric = metric
        self.resamples = resamples
        self.seed = seed
        first = firstPath
        self.others = others
    }

    private static func split(_ asked: String?, of directories: [RunDirectory]) throws(ReportError) -> String {
        var common: [String]?
        for directory in directories {
            let splits: [String]
            do throws(RunError) {
                splits = try directory.predictedSplits()
            } catch {
                throw .run(error)
            }
            if let asked, !splits.contains(asked) {
                throw .noPredictions(path: directory.path, split: asked, splits: splits)
            }
            common = common?.filter(splits.contains) ?? splits
        }
        if let asked { return asked }
        let splits = common ?? []
        guard let split = splits.first(where: { $0.hasPrefix("test") }) ?? splits.first else {
            throw .noCommonSplit(paths: directories.map(\.path))
        }
        return split
    }

    // MARK: Text

    /// For a terminal: a line per run and dimension.
    public var summary: String {
        var lines = ["\(metric.title) on \(split), each run against \(first)"]
        for (path, comparison) in others {
            lines += ["", path]
            let width = comparison.differences.map(\.dimension.count).max() ?? 0
            lines += comparison.differences.map { "  " + Self.line($0, width: width) }
            let unit = comparison.resampled.unit.rawValue
            let over =
                comparison.resampled.unit == .speaker
                ? "\(Format.counted(comparison.commonCount, "common utterance")), "
                    + "\(resamples) resamples of \(Format.counted(comparison.resampled.count, unit))"
                : "\(resamples) resamples of \(Format.counted(comparison.resampled.count, "common utterance"))"
            lines.append("  over \(over)")
            if comparison.onlyFirstCount + comparison.onlySecondCount > 0 {
                lines.append(
                    "  left out: \(comparison.onlyFirstCount) only in \(first), \(comparison.onlySecondCount) only in \(path)"
                )
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func line(_ difference: PairedComparison.Difference, width: Int) -> String {
        let name = difference.dimension.padding(toLength: width, withPad: " ", startingAt: 0)
        let values = [difference.first, difference.second].map { Format.fixed($0) }
        let numbers = "\(name)  \(values[0]) against \(values[1]): difference \(Format.fixed(difference.difference))"
        guard let interval = difference.interval, let share = difference.shareFirstBetter else {
            return "\(numbers), n = \(difference.count) (\(difference.reason ?? "no interval"))"
        }
        return
            "\(numbers) (95 %: \(Format.fixed(interval.low)) to \(Format.fixed(interval.high))), the first better in "
            + "\(Format.fixed(100 * share, 1)) % of resamples, n = \(difference.count)"
    }

    // MARK: JSON

    /// One object; numbers that are not defined are null, with a `reason`.
    public func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }
}

extension RunComparison: Encodable {
    private enum Key: String, CodingKey {
        case split, metric, resamples, seed, first, comparisons
        case run, common, dimensions
        case onlyFirst = "only_first"
        case onlyOther = "only_other"
        case intervalOver = "interval_over"
        case intervalUnits = "interval_units"
        case count, other, difference, reason
        case low = "difference_low"
        case high = "difference_high"
        case shareFirstBetter = "share_first_better"
    }

    private struct Name: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    public func encode(to encoder: any Encoder) throws {
        var top = encoder.container(keyedBy: Key.self)
        try top.encode(split, forKey: .split)
        try top.encode(metric.rawValue, forKey: .metric)
        try top.encode(resamples, forKey: .resamples)
        try top.encode(seed, forKey: .seed)
        try top.encode(first, forKey: .first)
        var list = top.nestedUnkeyedContainer(forKey: .comparisons)
        for (path, comparison) in others {
            var entry = list.nestedContainer(keyedBy: Key.self)
            try entry.encode(path, forKey: .run)
            try entry.encode(comparison.commonCount, forKey: .common)
            try entry.encode(comparison.onlyFirstCount, forKey: .onlyFirst)
            try entry.encode(comparison.onlySecondCount, forKey: .onlyOther)
            try entry.encode(comparison.resampled.unit, forKey: .intervalOver)
            try entry.encode(comparison.resampled.count, forKey: .intervalUnits)
            var dimensions = entry.nestedContainer(keyedBy: Name.self, forKey: .dimensions)
            for difference in comparison.differences {
                var values = dimensions.nestedContainer(
                    keyedBy: Key.self, forKey: Name(stringValue: difference.dimension))
                try values.encode(difference.count, forKey: .count)
                try values.encodeNaNAsNull(difference.first, .first)
                try values.encodeNaNAsNull(difference.second, .other)
                try values.encodeNaNAsNull(difference.difference, .difference)
                try values.encodeNaNAsNull(difference.interval?.low ?? .nan, .low)
                try values.encodeNaNAsNull(difference.interval?.high ?? .nan, .high)
                try values.encodeNaNAsNull(difference.shareFirstBetter ?? .nan, .shareFirstBetter)
                try values.encodeIfPresent(difference.reason, forKey: .reason)
            }
        }
    }
}
