import Buffers
import Evaluation
import Foundation
import Runs
import Testing

private func pairs(_ truth: [Double], _ prediction: [Double]) -> [Scoring.Pair] {
    zip(truth, prediction).map { .init(truth: $0, prediction: $1) }
}

@Suite struct ScoringTests {
    @Test(
        arguments: [
            ([], [], [.ccc: "no utterance", .pearson: "no utterance", .rmse: "no utterance", .mae: "no utterance"]),
            ([1], [2], [.ccc: "fewer than two utterances", .pearson: "fewer than two utterances"]),
            ([1, 2], [3, 3], [.pearson: "the predictions do not vary"]),
            ([0.1, 0.1, 0.1], [1, 2, 3], [.pearson: "the truth does not vary"]),
            ([1, 1], [2, 2], [.pearson: "neither the truth nor the predictions vary"]),
            (
                [0.1, 0.1, 0.1], [0.1, 0.1, 0.1],
                [
                    .ccc: "truth and predictions are all the same number",
                    .pearson: "neither the truth nor the predictions vary",
                ]
            ),
        ] as [([Double], [Double], [Metric: String])])
    func whatIsUndefinedSaysWhy(truth: [Double], prediction: [Double], undefined: [Metric: String]) {
        let scores = Scoring.scores(pairs(truth, prediction))
        #expect(scores.undefined == undefined)
        for metric in Metric.allCases { #expect(scores[metric].isNaN == (undefined[metric] != nil), "\(metric)") }
        #expect(scores.count == truth.count)
    }

    @Test func predictionsThatAreNoNumbersLeaveNothingDefined() {
        let scores = Scoring.scoresWithIntervals(pairs([1, 2, 3], [1, .nan, 3]), seed: 0)
        #expect(Set(scores.undefined.keys) == Set(Metric.allCases))
        #expect(scores.intervals.isEmpty && scores.resampled == nil)
    }

    @Test func constantPredictionsAgreeWithNothing() {
        #expect(Scoring.scores(pairs([1, 2, 3], [2, 2, 2])).ccc == 0)
        #expect(Scoring.scores(pairs([1, 1], [2, 2])).ccc == 0)
    }

    @Test func fewUtterancesHaveScoresAndNoIntervals() {
        let scores = Scoring.scoresWithIntervals(pairs([1, 2], [1, 3]), seed: 0)
        #expect(scores.ccc.isFinite && scores.intervals.isEmpty)
        #expect(scores.withoutInterval[.ccc] == "fewer than 3 utterances")
    }

    /// A correlation needs both utterances that stand out, and two resamples of five draw both.
    @Test func intervalsNeedResamplesThatAreDefined() throws {
        let truth = (0..<20).map { $0 == 0 ? 1.0 : 0 }, prediction = (0..<20).map { $0 == 1 ? 1.0 : 0 }
        let scores = Scoring.scoresWithIntervals(pairs(truth, prediction), seed: 3)
        #expect(scores.pearson.isFinite && scores.intervals[.pearson] == nil)
        #expect(scores.withoutInterval == [.pearson: "undefined in more than half of the resamples"])
        let rmse = try #require(scores.intervals[.rmse])
        #expect(rmse.low < scores.rmse && scores.rmse < rmse.high)
    }

    /// Speakers are resampled whole: where a speaker's utterances are predicted alike, the interval is wider than over utterances.
    @Test func speakersAreResampledWhole() throws {
        var stream = RandomStream(seed: 8, "values")
        let bySpeaker = (0..<200).map { index in
            let truth = Double(stream.normal())
            return Scoring.Pair(
                truth: truth, prediction: truth * Double(index % 5) / 4, speaker: "s\(index % 5)")
        }
        let byUtterance = bySpeaker.map { Scoring.Pair(truth: $0.truth, prediction: $0.prediction) }
        let clustered = Scoring.scoresWithIntervals(bySpeaker, seed: 1)
        let single = Scoring.scoresWithIntervals(byUtterance, seed: 1)
        #expect(clustered.ccc == single.ccc)
        for metric in Metric.allCases {
            let wide = try #require(clustered.intervals[metric]), narrow = try #require(single.intervals[metric])
            #expect(wide.low < clustered[metric] && clustered[metric] < wide.high, "\(metric)")
            #expect(wide.high - wide.low > 1.5 * (narrow.high - narrow.low), "\(metric)")
        }
        #expect(clustered.resampled == Scores.Resampled(unit: .speaker, count: 5))
        #expect(single.resampled == Scores.Resampled(unit: .utterance, count: 200))
    }

    @Test func theSeedDecidesTheIntervals() {
        var stream = RandomStream(seed: 2, "values")
        let pairs = (0..<30).map { _ in
            Scoring.Pair(truth: Double(stream.normal()), prediction: Double(stream.normal()))
        }
        let one = Scoring.scoresWithIntervals(pairs, resamples: 200, seed: 1)
        #expect(one == Scoring.scoresWithIntervals(pairs, resamples: 200, seed: 1))
        #expect(one.intervals != Scoring.scoresWithIntervals(pairs, resamples: 200, seed: 2).intervals)
    }
}

@Suite struct GroupScoreTests {
    private var predictions: Predictions {
        let rows = (0..<12).map { index -> Prediction in
            let square = Double(index * index), gender = index < 6 ? "f" : "m"
            let valence = Prediction.Value(truth: Double(index), prediction: square / 9)
            let activation = Prediction.Value(
                truth: index < 4 ? nil : Double(index % 5), prediction: Double(index % 4))
            return Prediction(
                id: "u\(index)", speaker: index == 11 ? nil : "s\(index % 3)",
                values: ["valence": valence, "activation": activation],
                metadata: index < 10 ? ["gender": gender] : [:])
        }
        return Predictions(dimensions: ["valence", "activation"], columns: ["gender"], rows: rows)
    }

    @Test func everyGroupIsScoredAlone() throws {
        let table = Scoring.table(predictions, split: "test1", by: ["speaker", "gender"], resamples: 100, seed: 0)
        let places = table.rows.map { "\($0.column ?? "-")/\($0.group)/\($0.dimension)" }
        #expect(
            places == [
                "-//valence", "-//activation", "speaker/s0/valence", "speaker/s0/activation", "speaker/s1/valence",
                "speaker/s1/activation", "speaker/s2/valence", "speaker/s2/activation", "gender/f/valence",
                "gender/f/activation", "gender/m/valence", "gender/m/activation",
            ])
        #expect(table.rows.map(\.scores.count) == [12, 8, 4, 2, 4, 3, 3, 2, 6, 2, 4, 4])
        let women = try #require(table.rows.first { $0.group == "f" && $0.dimension == "valence" })
        let alone = Scoring.scores((0..<6).map { .init(truth: Double($0), prediction: Double($0 * $0) / 9) })
        #expect(women.scores.ccc == alone.ccc && women.split == "test1")
        #expect(women.scores.resampled?.unit == .speaker)
        // Nobody to compare a speaker with but himself: over utterances.
        let speaker = try #require(table.rows.first { $0.group == "s0" })
        #expect(speaker.scores.resampled == Scores.Resampled(unit: .utterance, count: 4))
    }

    @Test func theTableIsAFileWithoutNaN() throws {
        let table = Scoring.table(predictions, split: "test1", by: ["speaker"], resamples: 100, seed: 0)
        let lines = table.csv.split(separator: "\n").map(String.init)
        #expect(
            lines[0] == "split,by,group,dimension,count,ccc,ccc_low,ccc_high,pearson,pearson_low,pearson_high,rmse,"
                + "rmse_low,rmse_high,mae,mae_low,mae_high,interval_over,interval_units,note")
        #expect(lines.count == 9 && lines[1].hasPrefix("test1,,,valence,12,0."))
        #expect(lines[1].contains(",speaker,4,"))
        #expect(lines[4].hasPrefix("test1,speaker,s0,activation,2,"))
        #expect(lines[4].hasSuffix("without interval: fewer than 3 utterances\""))
        #expect(!table.csv.lowercased().contains("nan"))
    }
}
