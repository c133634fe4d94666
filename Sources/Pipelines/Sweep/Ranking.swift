import Faults
import Foundation
import Runs

/// The runs of a sweep, best first: by what their configuration keeps the best epoch by (`best_metric`), which is a score of the
/// development split. Runs beside one another in a folder are one trial with several seeds, and count by their mean; so do those of
/// a series of seeds, whose folder stands for them.
public struct Ranking: Sendable, Equatable {
    public struct Entry: Sendable, Equatable {
        /// The folder's name, which is the trial's id.
        public var id: String
        public var directories: [String]
        /// Epochs done, of the seed that has fewest, up to the limit.
        public var epochs: Int
        /// Each seed's best score so far; nil where there is none.
        public var scores: [Double?]
        /// Whether every seed's run came to its end, or to the limit.
        public var isComplete: Bool
        /// Whether a run is by another criterion than the one that was asked for: what lies there is of an earlier configuration.
        public var isOutdated: Bool

        /// Over the seeds; nil where one of them has none.
        public var score: Double? {
            let defined = scores.compactMap { $0 }
            return defined.count == scores.count ? defined.reduce(0, +) / Double(defined.count) : nil
        }

        /// Between the seeds, with `n − 1`; nil below two.
        public var deviation: Double? {
            guard let score, scores.count > 1 else { return nil }
            let squares = scores.compactMap { $0 }.reduce(0) { $0 + ($1 - score) * ($1 - score) }
            return (squares / Double(scores.count - 1)).squareRoot()
        }
    }

    /// Complete ones first, best first; of equal ones the one that was given first. Then those that came further.
    public let entries: [Entry]
    /// Nil where no run has begun.
    public let criterion: BestCriterion?

    /// Looks at runs, which may be of any age: epochs after `epoch` are not counted, so that what is decided stays decided.
    /// - Parameters:
    ///   - directories: of runs, or of series of seeds.
    ///   - epoch: compare scores after so many epochs; nil: of finished runs.
    ///   - wanted: the criterion; runs by another count as not begun. Nil: the runs' own, which must be one.
    /// - Throws: `RankingError.differentCriteria`; what the run directories' readers throw of files that are there and not what they
    ///   should be.
    public init(_ directories: [String], epoch: Int? = nil, criterion wanted: BestCriterion? = nil) throws {
        var criterion: BestCriterion?
        var entries: [Entry] = []
        for run in try directories.flatMap(Self.runs) {
            let id = URL(filePath: run.path).deletingLastPathComponent().lastPathComponent
            var state = try RunState(run), isOutdated = false
            if let wanted, let found = state.configuration?.bestMetric, found != wanted {
                (state, isOutdated) = (RunState(), true)
            }
            if let found = state.configuration?.bestMetric {
                if let known = criterion, known != found {
                    throw RankingError.differentCriteria(known.name, found.name, directory: run.path)
                }
                criterion = found
            }
            let epochs = state.epochs.filter { $0.epoch <= epoch ?? .max }
            let best = state.configuration.map { $0.bestMetric.best(of: epochs) } ?? nil
            let isComplete = state.isFinished || epoch.map { epochs.count >= $0 } ?? false
            if let index = entries.firstIndex(where: { $0.id == id }) {
                entries[index].directories.append(run.path)
                entries[index].scores.append(best)
                entries[index].epochs = min(entries[index].epochs, epochs.count)
                entries[index].isComplete = entries[index].isComplete && isComplete
                entries[index].isOutdated = entries[index].isOutdated || isOutdated
            } else {
                entries.append(
                    Entry(
                        id: id, directories: [run.path], epochs: epochs.count, scores: [best], isComplete: isComplete,
                        isOutdated: isOutdated))
            }
        }
        self.criterion = criterion
        let order = entries.enumerated().sorted { a, b in
            let (one, other) = (a.element, b.element)
            let isRanked = one.isComplete && one.score != nil
            if isRanked != (other.isComplete && other.score != nil) { return isRanked }
            if !isRanked, one.epochs != other.epochs { return one.epochs > other.epochs }
            if let criterion {
                if criterion.isBetter(one.score, than: other.score) { return true }
                if criterion.isBetter(other.score, than: one.score) { return false }
            }
            return a.offset < b.offset
        }
        self.entries = order.map(\.element)
    }

    /// Those of a series that its configuration names: some may not have begun.
    private static func runs(in directory: String) throws -> [RunDirectory] {
        let run = RunDirectory(path: directory)
        guard FileManager.default.fileExists(atPath: run.configurationPath), let seeds = try run.configuration().seeds
        else { return [run] }
        return seeds.map(run.seedRun)
    }

    /// The directories of the best complete trials, best first.
    /// - Parameter count: so many trials at most; nil: all that are complete.
    /// - Throws: `RankingError.nothingToRank` where none is complete.
    public func best(_ count: Int? = nil) throws(RankingError) -> [String] {
        let ranked = entries.filter { $0.isComplete && $0.score != nil }
        guard !ranked.isEmpty else { throw .nothingToRank(count: entries.count) }
        return ranked.prefix(count ?? .max).flatMap(\.directories)
    }
}

/// How far a run is, by what lies in its directory.
package struct RunState {
    /// Nil before it has begun.
    package var configuration: TrainConfiguration?
    package var epochs: [EpochMetrics] = []
    package var isFinished = false

    /// Of a run that has not begun.
    package init() {}

    package init(_ run: RunDirectory) throws {
        guard FileManager.default.fileExists(atPath: run.configurationPath) else { return }
        configuration = try run.configuration()
        if run.hasMetrics { epochs = try run.metrics().epochs }
        isFinished = run.isFinished
    }
}

extension BestCriterion {
    /// The best value among epochs; nil where it is defined for none.
    package func best(of epochs: [EpochMetrics]) -> Double? {
        epochs.reduce(nil) { best, epoch in
            let value = value(of: epoch)
            return isBetter(value, than: best) ? value : best
        }
    }
}

public enum RankingError: Fault, Equatable {
    case nothingToRank(count: Int)
    case differentCriteria(String, String, directory: String)

    public var kind: FaultKind { .badInput }

    public var description: String {
        switch self {
        case .nothingToRank(let count):
            "none of \(count) trial\(count == 1 ? "" : "s") has come far enough to have a score; the errors above, or of each "
                + "run on its own (undertone-train), say why"
        case .differentCriteria(let one, let other, let directory):
            "\(directory): its best epoch is chosen by \(other), another's by \(one); compare runs of one best_metric"
        }
    }
}
