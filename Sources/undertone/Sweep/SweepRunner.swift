import Console
import Foundation
import Pipelines
import Runs

/// Runs make and shows how far the trials are.
final class SweepRunner {
    enum Outcome: Equatable {
        case done, interrupted
        /// Make's exit code, or a signal's number negated, and what it said it failed for.
        case failed(Int32, MakeFailure)
    }

    private let plan: Plan
    private let command: [String]
    private let environment: [String: String]
    private let mode: ProgressReporter.Mode

    var logPath: String { "\(plan.folder)/sweep.log" }

    init(plan: Plan, command: [String], environment: [String: String], mode: ProgressReporter.Mode) {
        self.plan = plan
        self.command = command
        self.environment = environment
        self.mode = mode
    }

    /// Make's own words, for `make -n`.
    func runShowingMake() throws -> Int32 {
        let child = try ChildProcess(command, environment: environment)
        while true {
            if let code = child.exitCode { return code < 0 ? 128 - code : code }
            usleep(5000)
        }
    }

    func run() throws -> Outcome {
        let log = open(logPath, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0o644)
        guard log >= 0 else { throw RunError.cannotWrite(path: logPath, reason: String(cString: strerror(errno))) }
        defer { close(log) }
        let errors = try LinePipe()
        var failure = MakeFailure()
        var progress = SweepProgress(plan)
        _ = progress.look()
        let before = progress.epochsDone
        let reporter = ProgressReporter(
            mode: mode, label: "sweep", total: progress.epochsTotal,
            totalWork: Double(progress.epochsTotal - before), unit: "epochs")
        reporter.advance(done: before)
        let child = try ChildProcess(command, environment: environment, output: (log, errors.writing))
        var isAsked = false, shown = before
        var nextLook = ContinuousClock.now
        while true {
            let code = child.exitCode
            for line in errors.lines(isEnd: code != nil) {
                reporter.message(line)
                failure.read(line)
                _ = "\(line)\n".withCString { write(log, $0, strlen($0)) }
            }
            let now = ContinuousClock.now
            if code != nil || now >= nextLook {
                for event in progress.look() { reporter.message(Self.line(event, plan)) }
                reporter.note(note(progress))
                reporter.advance(done: progress.epochsDone - shown, work: Double(progress.epochsDone - shown))
                shown = progress.epochsDone
                // Looking at thousands of trials takes a while; what trains them comes first.
                nextLook = now + max(.milliseconds(200), (ContinuousClock.now - now) * 50)
            }
            if let code {
                reporter.finish()
                if code == 0 { return .done }
                return Interruption.isRequested ? .interrupted : .failed(code, failure)
            }
            if Interruption.isRequested, !isAsked {
                isAsked = true
                reporter.message("stopping: trials save their state")
                // Not SIGTERM, which make would pass on to those that have it already: a second one ends them at once.
                child.send(SIGINT)
            }
            usleep(50_000)
        }
    }

    private func note(_ progress: SweepProgress) -> String {
        var parts = ["\(progress.runningCount) running"]
        if let (trial, score) = progress.best {
            parts.append("best \(plan.pipeline.train.bestMetric.name) \(Words.number(score)) (\(trial.id))")
        }
        return parts.joined(separator: ", ")
    }

    private static func line(_ event: SweepProgress.Event, _ plan: Plan) -> String {
        let trial = event.trial, train = plan.pipeline.train
        let settings = trial.point.settings.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
        let seed = plan.pipeline.seeds.count > 1 ? " seed \(trial.seed)" : ""
        if event.isFailed { return "trial \(trial.id)\(seed) failed after \(event.epochs) epochs: \(settings)" }
        return
            "trial \(trial.id)\(seed): \(train.bestMetric.name) \(Words.number(event.score)) after \(event.epochs) of "
            + "\(trial.point.configuration.epochs) epochs: \(settings)"
    }
}
