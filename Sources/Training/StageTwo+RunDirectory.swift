import Corpus
import Evaluation
import Foundation
import Runs

extension StageTwo {
    /// Makes the run directory fit to be written: empty, or with the same run in it when that is to be resumed.
    /// - Returns: the result, if the same run is there and finished.
    func prepare(
        _ directory: RunDirectory, identity: TrainingState.Identity, corpus: TrainingCorpus, manifest: CorpusManifest
    ) throws -> RunResult? {
        let files = FileManager.default, state = TrainingState(directory: directory)
        var difference: String?
        if !directory.seeds.isEmpty {
            throw TrainingError.mixed(path: directory.path, holds: "runs of several seeds", wanted: "a run of one seed")
        }
        if files.fileExists(atPath: directory.resultPath) {
            let result = try directory.result(), configuration = try directory.configuration()
            let found = TrainingState.Identity(
                configuration: configuration.yaml, cacheKey: result.cacheKey, model: result.modelSHA256,
                corpus: result.corpusSHA256)
            difference = identity.difference(from: alike(found, to: identity, manifest))
            if difference == nil, settings.resume {
                // Killed between the two, it may still be there.
                try? files.removeItem(atPath: directory.statePath)
                return try keep(result, of: configuration, in: directory, corpus: corpus, identity: identity)
            }
            if !settings.resume, !settings.replace {
                throw TrainingError.occupied(path: directory.path, detail: "already holds a finished run")
            }
        } else if state.exists {
            if !settings.resume, !settings.replace {
                throw TrainingError.occupied(path: directory.path, detail: "already holds a run that is not finished")
            }
            // Who has it replaced wants the run of this configuration, not one that began under another.
            let found = try state.identity(goingOnAs: settings.replace ? nil : identity)
            difference = identity.difference(from: alike(found, to: identity, manifest))
        }
        if let difference {
            guard settings.replace else { throw TrainingError.otherRun(path: directory.path, difference: difference) }
        }
        if difference != nil || !settings.resume { try clear(directory) }
        try directory.create()
        return nil
    }

    /// What was found, with the corpus as this run hashes it where that is the same but for the columns that scores are grouped by.
    private func alike(
        _ found: TrainingState.Identity, to identity: TrainingState.Identity, _ manifest: CorpusManifest
    ) -> TrainingState.Identity {
        guard found.corpus != identity.corpus,
            let columns = try? TrainConfiguration(yaml: found.configuration, source: "").scoring.by,
            columns != settings.configuration.scoring.by,
            let same = try? corpus(of: manifest, groups: columns), same.sha256() == found.corpus
        else { return found }
        var found = found
        found.corpus = identity.corpus
        return found
    }

    /// Leaves a finished run's weights as they are. Where it is to be scored otherwise, that is done from its predictions.
    private func keep(
        _ result: RunResult, of found: TrainConfiguration, in directory: RunDirectory, corpus: TrainingCorpus,
        identity: TrainingState.Identity
    ) throws -> RunResult {
        let wanted = settings.configuration
        guard found != wanted else { return result }
        try willTrain()
        var result = result
        if found.scoring != wanted.scoring {
            report(.scoredAgain)
            result.scores = try writePredictions(of: corpus, to: directory) { split, examples in
                try storedPredictions(of: examples, split, corpus.dimensions, in: directory)
            }
            result.intervalMethod = Scoring.intervalMethod(resamples: wanted.scoring.resamples)
            result.corpusSHA256 = identity.corpus
            try directory.write(result)
        }
        // Last: a run that is killed before is scored anew.
        try directory.write(wanted)
        return result
    }

    /// `[dimension][example]`.
    private func storedPredictions(
        of examples: [TrainingCorpus.Example], _ split: Split, _ dimensions: [String], in directory: RunDirectory
    ) throws -> [[Double]] {
        let rows = try directory.predictions(split: "\(split)").rows
        let values = dimensions.map { dimension in rows.compactMap { $0.values[dimension]?.prediction } }
        guard rows.map(\.id) == examples.map(\.id), values.allSatisfy({ $0.count == rows.count }) else {
            throw RunError.malformed(
                path: directory.predictionsPath(split: "\(split)"), line: nil,
                problem: "does not hold a prediction for each utterance of the split; train anew with --replace")
        }
        return values
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
