import Foundation
import Runs

/// What came out of a sweep: every point, best first. A pipeline without one has a single point.
public struct SweepSummary: Sendable, Equatable, Encodable {
    public enum State: String, Sendable, Encodable {
        /// Trained to the end.
        case done
        /// Others were better at the end of a rung.
        case stopped
        /// Could not be trained.
        case failed
        case unfinished
    }

    public struct Row: Sendable, Equatable, Encodable {
        public var trial: String
        public var state: State
        public var epochs: Int
        /// The last rung, counted from 0, to whose end it came; nil before the first, and where there are none.
        public var rung: Int?
        /// The mean over the seeds of the best score on the development split.
        public var score: Double?
        public var deviation: Double?
        public var settings: [String: String]
        public var runs: [String]
        /// Whether what lies there is by another criterion than the pipeline's, and none of it counts.
        public var isOutdated: Bool

        private enum CodingKeys: String, CodingKey {
            case trial, state, epochs, rung, score, deviation, settings, runs
        }
    }

    public var pipeline: String
    /// What `score` is, e.g. `ccc`.
    public var metric: String
    /// The varied keys, in the manifest's order.
    public var keys: [String]
    public var rows: [Row]
    public var ranking: String
    public var report: String

    /// The best of those that were trained to the end; nil where none was.
    public var best: Row? { rows.first { $0.state == .done } }

    /// - Throws: as `Ranking`, but for runs by another criterion than the pipeline's, which count as not begun.
    public init(_ plan: Plan) throws {
        let ranked = try Ranking(
            plan.trials.isEmpty ? plan.runs.map(\.directory) : plan.trials.map(\.directory),
            criterion: plan.pipeline.train.bestMetric)
        let files = RungFiles(plan)
        let admissions = plan.rungs.map { $0.admission.flatMap(files.admitted(by:)) }
        let points = Dictionary(plan.trials.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        pipeline = plan.pipeline.name
        metric = plan.pipeline.train.bestMetric.name
        keys = plan.pipeline.sweep?.parameters.map(\.key) ?? []
        ranking = plan.ranking
        report = plan.report
        rows = ranked.entries.map { entry in
            let trial = points[entry.id]
            let settings = trial?.point.settings ?? []
            let rungs = plan.rungs.filter { rung in
                rung.admission == nil || admissions[rung.number]?.isSuperset(of: entry.directories) == true
            }
            let passed =
                entry.isOutdated
                ? nil : rungs.last { rung in entry.directories.allSatisfy { files.isPassed(rung.number, by: $0) } }
            return Row(
                trial: entry.id, state: Self.state(of: entry, passed == rungs.last ? passed : nil, admissions),
                epochs: entry.epochs, rung: passed?.number, score: entry.score, deviation: entry.deviation,
                settings: Dictionary(settings.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first }),
                runs: entry.directories, isOutdated: entry.isOutdated)
        }
    }

    /// - Parameters:
    ///   - rung: the last that it was let into, once it is past it.
    ///   - admissions: of each rung, nil where it is not decided who goes on to it.
    private static func state(of entry: Ranking.Entry, _ rung: Rung?, _ admissions: [Set<String>?]) -> State {
        if entry.isComplete { return .done }
        guard let rung else { return .unfinished }
        if entry.epochs < rung.epochs { return .failed }
        let next = rung.number + 1
        return next < admissions.count && admissions[next] != nil ? .stopped : .unfinished
    }

    /// Those of a sweep's runs that lie there with other settings than it has now: make trains them again.
    public static func outdated(_ plan: Plan) -> [String] {
        let wanted = plan.trials.map { ($0.run, $0.trainConfiguration) }
        return wanted.compactMap { run, configuration in
            guard let found = try? run.configuration(), found != configuration else { return nil }
            return run.path
        }
    }

    /// How many rows are in a state, in words: `2 done, 21 stopped early, 1 failed`.
    public var counts: String {
        let words: [(State, String)] = [
            (.done, "done"), (.stopped, "stopped early"), (.failed, "failed"), (.unfinished, "not finished"),
        ]
        return words.compactMap { state, word in
            let count = rows.count { $0.state == state }
            return count == 0 ? nil : "\(count) \(word)"
        }.joined(separator: ", ")
    }
}
