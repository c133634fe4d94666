import Corpus
import Evaluation
import Foundation
import Runs

/// Stage two: from hidden states to a run directory. Reads as the pipeline does.
public struct StageTwo {
    let settings: Settings
    let report: (TrainingEvent) -> Void
    let isInterrupted: () -> Bool
    private let willTrain: () throws -> Void

    /// - Parameters:
    ///   - settings: what the run is made of, where from, where to, and on what.
    ///   - report: is told how the run goes on.
    ///   - isInterrupted: asked between batches; once true, the run saves its state and throws `TrainingError.interrupted`.
    ///   - willTrain: is called when the run directory is found fit, and there is something left to do.
    public init(
        _ settings: Settings, report: @escaping (TrainingEvent) -> Void, isInterrupted: @escaping () -> Bool,
        willTrain: @escaping () throws -> Void = {}
    ) {
        self.settings = settings
        self.report = report
        self.isInterrupted = isInterrupted
        self.willTrain = willTrain
    }

    /// - Returns: the result, as written to `result.json`.
    /// - Throws: `EpochReached` where the run stopped at `untilEpoch`.
    public func run() throws -> RunResult {
        do {
            return try runUntilStopped()
        } catch is StopRequest {
            throw TrainingError.interrupted(path: nil)
        }
    }

    private func runUntilStopped() throws -> RunResult {
        let directory = RunDirectory(path: settings.runDirectory)
        let features = settings.features
        let manifestPath = settings.manifest ?? features.manifestPath
        let corpus = try TrainingCorpus(
            features: features, manifest: try CorpusManifest.load(manifestPath), labels: settings.configuration.labels,
            groups: settings.configuration.scoring.by)
        let hygiene = Hygiene(corpus.hygiene())
        if settings.configuration.strict, !hygiene.problems.isEmpty {
            throw TrainingError.unclean(corpus: manifestPath, problems: hygiene.problems)
        }
        let note = try CorpusNote.beside(manifest: manifestPath)
        let identity = TrainingState.Identity(
            configuration: settings.configuration.yaml, cacheKey: features.key, model: try features.modelKey,
            corpus: corpus.sha256(), precision: settings.precision.rawValue)
        if let finished = try prepare(directory, identity: identity) { return finished }
        try willTrain()

        let (trainer, start) = try makeTrainer(corpus: corpus, directory: directory, identity: identity)
        if !(hygiene.problems + hygiene.notes).isEmpty { report(.hygiene(hygiene)) }
        let result = try recordingAttempt(in: directory) {
            let result = try trainer.run(from: start) { progress in
                try BestWeights.restore(trainer.model, from: directory.bestWeightsPath, engine: settings.engine)
                let scores = try writePredictions(trainer, to: directory)
                return makeResult(trainer, progress: progress, scores: scores, note: note, hygiene: hygiene)
            }
            try directory.writeModel(
                ModelRecord(
                    features.record(), cut: trainer.setUp.cut, upper: try features.upperWeights(), corpus: corpus))
            try directory.write(result)
            return result
        }
        report(.finished(result))
        try? FileManager.default.removeItem(atPath: directory.statePath)
        return result
    }

    /// Leaves word of where this process trains the run, and of how that ends.
    private func recordingAttempt<Result>(in directory: RunDirectory, _ train: () throws -> Result) throws -> Result {
        var attempt = RunAttempt(cacheKey: settings.features.key)
        try directory.write(attempt)
        do {
            let result = try train()
            attempt.end(.completed)
            // The result says as much: it is no reason to fail.
            try? directory.write(attempt)
            return result
        } catch {
            switch error {
            case is EpochReached: attempt.end(.paused)
            case is StopRequest, TrainingError.interrupted: attempt.end(.interrupted)
            default: attempt.end(.failed, problem: "\(error)")
            }
            try? directory.write(attempt)
            throw error
        }
    }

    /// Makes the run directory fit to be written: empty, or with the same run in it when that is to be resumed.
    /// - Returns: the result, if the same run is there and finished.
    private func prepare(_ directory: RunDirectory, identity: TrainingState.Identity) throws -> RunResult? {
        let files = FileManager.default, state = TrainingState(directory: directory)
        var difference: String?
        if !directory.seeds.isEmpty {
            throw TrainingError.mixed(path: directory.path, holds: "runs of several seeds", wanted: "a run of one seed")
        }
        if files.fileExists(atPath: directory.resultPath) {
            let result = try directory.result()
            let found = TrainingState.Identity(
                configuration: try directory.configuration().yaml, cacheKey: result.cacheKey,
                model: result.modelSHA256, corpus: result.corpusSHA256)
            difference = identity.difference(from: found)
            if difference == nil, settings.resume {
                // Killed between the two, it may still be there.
                try? files.removeItem(atPath: directory.statePath)
                return result
            }
            if !settings.resume, !settings.replace {
                throw TrainingError.occupied(path: directory.path, detail: "already holds a finished run")
            }
        } else if state.exists {
            if !settings.resume, !settings.replace {
                throw TrainingError.occupied(path: directory.path, detail: "already holds a run that is not finished")
            }
            // Who has it replaced wants the run of this configuration, not one that began under another.
            difference = try state.difference(from: identity, strictly: settings.replace)
        }
        if let difference {
            guard settings.replace else { throw TrainingError.otherRun(path: directory.path, difference: difference) }
        }
        if difference != nil || !settings.resume { try clear(directory) }
        try directory.create()
        return nil
    }

    /// Takes away what a run writes, and nothing else that may lie in its folder.
    private func clear(_ directory: RunDirectory) throws {
        let own = [
            directory.resultPath, directory.metricsPath, directory.bestWeightsPath, directory.statePath,
            directory.configurationPath, directory.scoresPath, directory.modelPath, directory.attemptPath,
        ]
        let files = FileManager.default
        let predictions = ((try? directory.predictedSplits()) ?? []).map { directory.predictionsPath(split: $0) }
        for path in own + predictions where files.fileExists(atPath: path) { try files.removeItem(atPath: path) }
    }
}
