import Evaluation
import Faults
import Foundation
import Runs
import Testing

@testable import Training

/// What a run leaves of scores: intervals, groups, the epoch kept, and what the splits share.
@Suite struct RunScoreTests {
    private func csv(_ cache: SyntheticCache, _ run: String) throws -> [[String]] {
        String(decoding: try cache.bytes(run, "scores.csv"), as: UTF8.self).split(separator: "\n")
            .map { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) }
    }

    @Test func everySplitIsScoredWholeAndByEveryColumn() throws {
        let cache = try SyntheticCache()
        let configuration = try SyntheticCache.configuration([
            "epochs=2", "scores={by: [speaker, gender], resamples: 200}",
        ])
        let result = try cache.stage("run", configuration).run()
        let rows = try csv(cache, "run")
        // Two splits of three speakers and two genders beside the empty one, two dimensions.
        #expect(rows.count == 1 + 2 * 2 * (1 + 3 + 2))
        #expect(Set(rows.dropFirst().map { "\($0[0]) \($0[1]) \($0[2])" }).count == 12)
        let whole = try #require(rows.first { $0[0] == "test1" && $0[1].isEmpty && $0[3] == "valence" })
        let scores = try #require(result.scores["test1"]?["valence"])
        let interval = try #require(scores.intervals[.rmse])
        #expect(whole[5] == "\(scores.ccc)" && whole[12] == "\(interval.low)" && whole[13] == "\(interval.high)")
        #expect(scores.resampled == Scores.Resampled(unit: .speaker, count: 3))
        #expect(result.intervalMethod?.hasSuffix("200 resamples") == true)

        // What a report scores by travels with the predictions, and gives the same numbers again.
        let predictions = try RunDirectory(path: cache.run("run")).predictions(split: "test1")
        #expect(predictions.columns == ["gender"])
        let again = Scoring.table(predictions, split: "test1", by: ["speaker", "gender"], resamples: 200, seed: 0)
        #expect(again.rows.first { $0.column == nil && $0.dimension == "valence" }?.scores == scores)
        #expect(result.hygiene?.problems == [])
    }

    @Test(arguments: ["ccc", "ccc.valence", "rmse", "mae.activation", "pearson", "loss"])
    func theBestEpochIsTheBestByWhatWasAsked(metric: String) throws {
        let cache = try SyntheticCache()
        let configuration = try SyntheticCache.configuration(["best_metric=\(metric)"])
        let result = try cache.stage("run", configuration).run()
        let epochs = try RunDirectory(path: cache.run("run")).metrics().epochs
        let criterion = try #require(BestCriterion(metric))
        let values = epochs.compactMap(criterion.value)
        #expect(values.count == epochs.count)
        let best = criterion.isHigherBetter ? values.max() : values.min()
        #expect(result.bestMetric == RunResult.Metric(name: metric, value: try #require(best)))
        #expect(epochs[result.bestEpoch - 1].isBest)
        #expect(criterion.value(of: epochs[result.bestEpoch - 1]) == best)
    }

    /// Nothing is learnt, so that no epoch is better than the first; the state in which it stops is resumed to the same end.
    @Test(arguments: [nil, 1, 2, 9] as [Int?]) func patienceEndsARunThatGetsNoBetter(_ patience: Int?) throws {
        let cache = try SyntheticCache()
        let configuration = try SyntheticCache.configuration([
            "epochs=5", "optimiser.learning_rate={layers: 0, heads: 0}",
            "patience=\(patience.map(String.init) ?? "null")",
        ])
        var asked = 0
        #expect(throws: TrainingError.self) {
            try cache.stage(
                "run", configuration,
                isInterrupted: {
                    asked += 1
                    return asked > 4
                }
            ).run()
        }
        var stopped: [Int] = []
        let result = try cache.stage(
            "run", configuration, resume: true,
            report: { if case .stoppedEarly(let epoch) = $0 { stopped.append(epoch) } }
        ).run()
        #expect(result.bestEpoch == 1 && result.epochs == min(5, 1 + (patience ?? 9)))
        #expect(stopped == (result.epochs < 5 ? [1] : []))
        #expect(try RunDirectory(path: cache.run("run")).metrics().epochs.count == result.epochs)
    }

    @Test func aSpeakerInTwoSplitsIsReportedAndRefusedWhenStrict() throws {
        // The speakers of every split are called alike, but for two whom nobody knows.
        let cache = try SyntheticCache(speaker: { row, _ in row < 2 ? "" : "s\(row % 3)" })
        var told: [Hygiene] = []
        let configuration = try SyntheticCache.configuration(["epochs=1"])
        let result = try cache.stage(
            "run", configuration, report: { if case .hygiene(let hygiene) = $0 { told.append(hygiene) } }
        ).run()
        let hygiene = try #require(result.hygiene)
        #expect(told == [hygiene])
        #expect(hygiene.speakersInSeveralSplits.count == 3 && hygiene.speakersInSeveralSplits.utterances == 38)
        #expect(hygiene.speakersInSeveralSplits.examples.first?.hasPrefix("s0 (train 7, development ") == true)
        #expect(hygiene.utterancesWithoutSpeaker == 2)

        let strict = try SyntheticCache.configuration(["epochs=1", "strict=true"])
        let fault = #expect(throws: TrainingError.self) { try cache.stage("strict", strict).run() }
        #expect(fault?.kind == .badInput)
        #expect(fault?.description.contains("corpus.csv: 3 speakers are in more than one split") == true)
        #expect(!FileManager.default.fileExists(atPath: cache.run("strict")))
    }

    @Test func theSameAudioInTwoSplitsIsReportedAndRefusedWhenStrict() throws {
        // The first of the test is a training utterance again; two of the training split are the same.
        let cache = try SyntheticCache(audio: { row in row == 32 || row == 5 ? "same" : row < 2 ? "twice" : "\(row)" })
        let result = try cache.stage("run", try SyntheticCache.configuration(["epochs=1"])).run()
        let hygiene = try #require(result.hygiene)
        #expect(hygiene.recordingsInSeveralSplits.examples == ["u5 (train) = u32 (test1)"])
        #expect(hygiene.recordingsRepeatedInASplit.examples == ["u0 (train) = u1 (train)"])
        let strict = try SyntheticCache.configuration(["epochs=1", "strict=true"])
        let fault = #expect(throws: TrainingError.self) { try cache.stage("strict", strict).run() }
        #expect(fault?.description.contains("u5 (train) = u32 (test1)") == true)

        // Within a split it is no leak: a note, and strict takes it.
        let inOne = try SyntheticCache(audio: { row in row < 2 ? "twice" : "\(row)" })
        let taken = try inOne.stage("strict", strict).run()
        #expect(taken.hygiene?.problems == [] && taken.hygiene?.notes.count == 1)
    }
}
