import Foundation
import Runs

/// What came out of a sweep: every point, best first.
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
        /// The mean over the seeds of the best score on the development split.
        public var score: Double?
        public var deviation: Double?
        public var settings: [String: String]
        public var runs: [String]
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

    /// - Throws: as `Ranking`.
    public init(_ plan: Plan) throws {
        let ranked = try Ranking(plan.trials.map(\.directory))
        let points = Dictionary(plan.trials.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        pipeline = plan.pipeline.name
        metric = plan.pipeline.train.bestMetric.name
        keys = plan.pipeline.sweep?.parameters.map(\.key) ?? []
        ranking = plan.ranking
        report = plan.report
        rows = ranked.entries.map { entry in
            let trial = points[entry.id]
            let settings = trial?.point.settings ?? []
            return Row(
                trial: entry.id, state: Self.state(of: entry, trial, plan), epochs: entry.epochs, score: entry.score,
                deviation: entry.deviation,
                settings: Dictionary(settings.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first }),
                runs: entry.directories)
        }
    }

    private static func state(of entry: Ranking.Entry, _ trial: Trial?, _ plan: Plan) -> State {
        if entry.isComplete { return .done }
        let seeds = plan.trials.filter { $0.id == entry.id }
        guard let rung = plan.rungs.last(where: { rung in isAdmitted(entry, to: rung) }),
            seeds.allSatisfy({ FileManager.default.fileExists(atPath: $0.stamp(rung: rung.number)) })
        else { return .unfinished }
        if entry.epochs < rung.epochs { return .failed }
        let next = plan.rungs.dropFirst(rung.number + 1).first?.admission
        return next.map(FileManager.default.fileExists(atPath:)) == true ? .stopped : .unfinished
    }

    private static func isAdmitted(_ entry: Ranking.Entry, to rung: Rung) -> Bool {
        guard let admission = rung.admission else { return true }
        guard let bytes = FileManager.default.contents(atPath: admission) else { return false }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        return entry.directories.allSatisfy { directory in lines.contains { $0 == directory } }
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
