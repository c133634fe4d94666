import Corpus
import Evaluation
import Foundation
import Runs

/// Stage two: from hidden states to a run directory. Reads as the pipeline does.
public struct StageTwo {
    let settings: Settings
    let report: (TrainingEvent) -> Void
    let isInterrupted: () -> Bool
    let willTrain: () throws -> Void

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
        let manifest = try CorpusManifest.load(manifestPath)
        let corpus = try corpus(of: manifest, groups: settings.configuration.scoring.by)
        let hygiene = Hygiene(corpus.hygiene())
        if settings.configuration.strict, !hygiene.problems.isEmpty {
            throw TrainingError.unclean(corpus: manifestPath, problems: hygiene.problems)
        }
        let note = try CorpusNote.beside(manifest: manifestPath)
        let identity = TrainingState.Identity(
            configuration: settings.configuration.yaml, cacheKey: features.key, model: try features.modelKey,
            corpus: corpus.sha256(), precision: settings.precision.rawValue)
        if let finished = try prepare(directory, identity: identity, corpus: corpus, manifest: manifest) {
            return finished
        }
        try willTrain()

        let (trainer, start) = try recordingRefusal(in: directory) {
            try makeTrainer(corpus: corpus, directory: directory, identity: identity)
        }
        if let line = corpus.missingLine(features.missingAdvice) { report(.missing(line)) }
        if !(hygiene.problems + hygiene.notes).isEmpty { report(.hygiene(hygiene)) }
        let result = try recordingAttempt(in: directory) {
            let result = try trainer.run(from: start) { progress in
                try BestWeights.restore(trainer.model, from: directory.bestWeightsPath, engine: settings.engine)
                let scores = try writePredictions(of: corpus, to: directory) { try trainer.predict($1) }
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

    /// The manifest's utterances with the labels that are learnt.
    /// - Parameter groups: columns that scores are grouped by.
    func corpus(of manifest: CorpusManifest, groups: [String]) throws -> TrainingCorpus {
        try TrainingCorpus(
            features: settings.features, manifest: manifest, labels: settings.configuration.labels, groups: groups)
    }

    /// Leaves word of a set-up that the features cannot serve: as one that cannot be trained, it is an outcome, and no fault of the cache.
    private func recordingRefusal<Result>(in directory: RunDirectory, _ make: () throws -> Result) throws -> Result {
        do {
            return try make()
        } catch let error as TrainingError {
            switch error {
            case .noCut, .noCNNCut:
                var attempt = RunAttempt(cacheKey: settings.features.key)
                attempt.end(.failed, problem: "\(error)")
                try directory.write(attempt)
            default: break
            }
            throw error
        }
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
}
