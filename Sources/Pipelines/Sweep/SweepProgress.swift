import Foundation
import Runs

/// How far a sweep is, by what lies on the disk: it does not matter who runs it.
public struct SweepProgress: Sendable {
    /// A trial has come to the end of a rung.
    public struct Event: Sendable, Equatable {
        public var trial: Trial
        /// Done by then.
        public var epochs: Int
        /// The best by then; nil where there is none.
        public var score: Double?
        /// Whether it cannot be trained, and ranks last.
        public var isFailed: Bool

        package init(trial: Trial, epochs: Int, score: Double?, isFailed: Bool) {
            self.trial = trial
            self.epochs = epochs
            self.score = score
            self.isFailed = isFailed
        }
    }

    public let plan: Plan
    /// Over all trials.
    public private(set) var epochsDone = 0
    public let epochsTotal: Int
    public private(set) var runningCount = 0
    public private(set) var best: (trial: Trial, score: Double)?

    private var criterion: BestCriterion { plan.pipeline.train.bestMetric }
    /// Rungs that each trial was seen to have passed.
    private var passed: [Int]
    private var files: [FileState]
    private let rungFiles: RungFiles
    private var admitted: [Set<String>]

    /// So as not to read what has not changed.
    private struct FileState {
        var size = -1
        var state: RunState?
    }

    public init(_ plan: Plan) {
        self.plan = plan
        rungFiles = RungFiles(plan)
        var total = 0, before = 0
        for rung in plan.rungs {
            total += rung.points * plan.pipeline.seeds.count * (rung.epochs - before)
            before = rung.epochs
        }
        epochsTotal = total
        passed = Array(repeating: 0, count: plan.trials.count)
        files = Array(repeating: FileState(), count: plan.trials.count)
        admitted = Array(repeating: [], count: plan.rungs.count)
    }

    /// Looks at all trials.
    /// - Returns: what has happened since the last look.
    public mutating func look() -> [Event] {
        readAdmissions()
        var events: [Event] = []
        (epochsDone, runningCount, best) = (0, 0, nil)
        for (index, trial) in plan.trials.enumerated() {
            if trial.run.isBeingTrained { runningCount += 1 }
            // What another configuration left is not this trial's.
            guard let state = readState(index, trial), state.configuration == trial.trainConfiguration else { continue }
            let score = criterion.best(of: state.epochs)
            if criterion.isBetter(score, than: best?.score), let score { best = (trial, score) }
            let rungs = rungsPassed(by: trial)
            let reached = rungs == 0 ? 0 : plan.rungs[rungs - 1].epochs
            epochsDone += max(state.epochs.count, reached)
            // Between two looks a trial may pass several, and go on beyond the last.
            for rung in plan.rungs[min(passed[index], rungs)..<rungs] {
                let epochs = state.epochs.filter { $0.epoch <= rung.epochs }
                events.append(
                    Event(
                        trial: trial, epochs: epochs.count, score: criterion.best(of: epochs),
                        isFailed: !state.isFinished && epochs.count < rung.epochs))
            }
            passed[index] = rungs
        }
        return events
    }

    private func rungsPassed(by trial: Trial) -> Int {
        plan.rungs.prefix { rung in
            (rung.admission == nil || admitted[rung.number].contains(trial.directory))
                && rungFiles.isPassed(rung.number, by: trial.directory)
        }.count
    }

    private mutating func readAdmissions() {
        for rung in plan.rungs {
            guard let path = rung.admission, let runs = rungFiles.admitted(by: path) else { continue }
            admitted[rung.number] = runs
        }
    }

    private mutating func readState(_ index: Int, _ trial: Trial) -> RunState? {
        let size = Self.size(trial.run.metricsPath) + (Self.size(trial.run.resultPath) << 32)
        // A run that is begun anew may come to the same size, but not without being seen in between for long.
        if size != files[index].size {
            // A file that is being replaced at this moment is read at the next look.
            guard let state = try? RunState(trial.run) else { return files[index].state }
            files[index] = FileState(size: size, state: state)
        }
        return files[index].state
    }

    private static func size(_ path: String) -> Int {
        ((try? FileManager.default.attributesOfItem(atPath: path)[.size]) as? Int) ?? 0
    }
}
