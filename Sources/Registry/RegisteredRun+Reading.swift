import Faults
import Foundation
import Pipelines
import Runs

extension RegisteredRun {
    /// Reads a run from its directory, which is what is true of it. What cannot be read makes it `unreadable`, and no more.
    /// - Parameter name: as the registry calls it.
    init(_ run: RunDirectory, name: String, verdict: BuildFolder.Verdict?) {
        let parent = URL(filePath: run.path).deletingLastPathComponent()
        let isOfSeveral = run.name.hasPrefix("seed-")
        facts = Facts(
            directory: name, trial: isOfSeveral ? parent.lastPathComponent : run.name, state: .planned, epochs: 0,
            secondsTraining: 0, secondsEvaluating: 0)
        (configuration, history, epochScores, scores) = ([:], [], [], [])
        do {
            try read(run, verdict)
        } catch {
            facts.state = .unreadable
            facts.problem = (error as? any Fault).map { "\($0)" } ?? error.localizedDescription
        }
    }

    private mutating func read(_ run: RunDirectory, _ verdict: BuildFolder.Verdict?) throws {
        let isTrained = run.isBeingTrained
        let state = try RunState(run)
        // What is only planned has its settings beside its place.
        let planned = "\(run.path).yaml"
        let found =
            try state.configuration
            ?? (FileManager.default.fileExists(atPath: planned) ? TrainConfiguration(path: planned) : nil)
        if let found { add(found) }
        let criterion = found?.bestMetric ?? .meanCCC
        add(state.epochs, criterion)
        let attempt = try run.attempt()
        if let attempt { add(attempt) }
        if state.isFinished { add(try run.result()) }
        facts.state = Self.state(state, attempt, verdict, isTrained: isTrained)
    }

    private static func state(
        _ state: RunState, _ attempt: RunAttempt?, _ verdict: BuildFolder.Verdict?, isTrained: Bool
    ) -> State {
        if isTrained { return .running }
        if state.isFinished { return .finished }
        if attempt?.outcome == .failed { return .failed }
        if let verdict { return verdict == .stopped ? .stopped : .failed }
        if attempt?.outcome == .paused { return .paused }
        return state.configuration == nil ? .planned : .interrupted
    }

    private mutating func add(_ found: TrainConfiguration) {
        configuration = Dictionary(found.settings.map { ($0.key, $0.value) }, uniquingKeysWith: { $1 })
        facts.seed = Int(exactly: found.seed)
        facts.epochsPlanned = found.epochs
        facts.metric = found.bestMetric.name
    }

    private mutating func add(_ epochs: [EpochMetrics], _ criterion: BestCriterion) {
        facts.epochs = epochs.count
        facts.score = criterion.best(of: epochs)
        facts.bestEpoch = epochs.last { $0.isBest }?.epoch
        facts.secondsTraining = epochs.reduce(0) { $0 + $1.secondsTraining }
        facts.secondsEvaluating = epochs.reduce(0) { $0 + $1.secondsEvaluating }
        facts.framesPerSecond = epochs.last?.framesPerSecond.ifFinite
        history = epochs.map { epoch in
            Epoch(
                epoch: epoch.epoch, step: epoch.step, score: criterion.value(of: epoch),
                trainLoss: epoch.trainLoss.ifFinite, developmentLoss: epoch.developmentLoss?.ifFinite,
                gradientNorm: epoch.gradientNorm.ifFinite, secondsTraining: epoch.secondsTraining,
                secondsEvaluating: epoch.secondsEvaluating, framesPerSecond: epoch.framesPerSecond.ifFinite,
                isBest: epoch.isBest)
        }
        epochScores = epochs.flatMap { epoch in
            epoch.development.sorted { $0.key < $1.key }.flatMap { dimension, found in
                Metric.allCases.map { metric in
                    EpochScore(
                        epoch: epoch.epoch, dimension: dimension, metric: metric.rawValue,
                        value: found[metric].ifFinite)
                }
            }
        }
    }

    private mutating func add(_ attempt: RunAttempt) {
        facts.host = attempt.host
        facts.cacheKey = attempt.cacheKey
        facts.began = attempt.began.formatted(.iso8601)
        facts.ended = attempt.ended?.formatted(.iso8601)
        facts.problem = attempt.problem
    }

    private mutating func add(_ result: RunResult) {
        facts.bestEpoch = result.bestEpoch
        facts.model = result.model
        facts.cacheKey = result.cacheKey
        facts.device = result.device
        facts.compute = result.compute
        facts.threads = result.threads
        facts.seconds = result.secondsTotal
        facts.framesPerSecond = result.framesPerSecond.ifFinite
        facts.peakMemoryBytes = result.peakMemoryBytes
        for split in sortedSplits(result.scores.keys) {
            for (dimension, found) in result.scores[split, default: [:]].sorted(by: { $0.key < $1.key }) {
                scores += Metric.allCases.map { metric in
                    let interval = found.intervals[metric]
                    return Score(
                        split: split, dimension: dimension, metric: metric.rawValue, value: found[metric].ifFinite,
                        low: interval?.low, high: interval?.high)
                }
            }
        }
    }
}

extension Double {
    /// Neither JSON nor SQL knows what is not finite.
    fileprivate var ifFinite: Double? { isFinite ? self : nil }
}
