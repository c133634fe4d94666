import Evaluation
import Faults
import Runs
import Testing

private func side(
    _ path: String, ids: [String] = ["a", "b", "c", "d"], truth: [Double?] = [1, 2, 3, 4],
    prediction: [Double?] = [1.5, 2, 2.5, 4], dimensions: [String] = ["valence"]
) -> PairedComparison.Side {
    let rows = ids.indices.map { index in
        let value = Prediction.Value(truth: truth[index], prediction: prediction[index])
        return Prediction(
            id: ids[index], speaker: nil, values: Dictionary(uniqueKeysWithValues: dimensions.map { ($0, value) }))
    }
    return .init(path: path, predictions: Predictions(dimensions: dimensions, rows: rows))
}

@Suite struct ComparisonTests {
    @Test func aRunDoesNotDifferFromItself() throws {
        let comparison = try PairedComparison(side("a"), side("b"), metric: .ccc, resamples: 200)
        let difference = try #require(comparison.differences.first)
        #expect(difference.difference == 0 && difference.interval == .init(low: 0, high: 0))
        #expect(difference.shareFirstBetter == 0, "an equal one is not better")
    }

    @Test func exchangingTheRunsTurnsTheSign() throws {
        let good = side("a"), bad = side("b", prediction: [2, 1, 4, 1])
        let there = try #require(try PairedComparison(good, bad, metric: .mae, resamples: 200).differences.first)
        let back = try #require(try PairedComparison(bad, good, metric: .mae, resamples: 200).differences.first)
        #expect(there.difference < 0 && there.difference == -back.difference)
        #expect(there.interval?.low == back.interval.map { -$0.high })
        // Less of an error is better.
        let first = try #require(there.shareFirstBetter), second = try #require(back.shareFirstBetter)
        #expect(first > 0.9 && first + second <= 1)
    }

    @Test func onlyWhatBothHaveIsCompared() throws {
        let first = side("a", ids: ["x", "a", "b", "c"], dimensions: ["activation", "valence"])
        let second = side(
            "b", ids: ["c", "b", "y", "z", "a"], truth: [4, 3, 9, 9, 2], prediction: [4, nil, 9, 9, 2],
            dimensions: ["dominance", "valence"])
        let comparison = try PairedComparison(first, second, metric: .rmse)
        #expect(comparison.commonCount == 3 && comparison.onlyFirstCount == 1 && comparison.onlySecondCount == 2)
        #expect(comparison.differences.map(\.dimension) == ["valence"])
        let difference = try #require(comparison.differences.first)
        #expect(difference.count == 2, "b is not predicted by both")
        #expect(difference.first == 0 && difference.second == 0)
        #expect(difference.interval == nil && difference.reason == "fewer than 3 utterances")
    }

    @Test func whatIsUndefinedNamesTheRun() throws {
        let comparison = try PairedComparison(side("a"), side("b", prediction: [2, 2, 2, 2]), metric: .pearson)
        let difference = try #require(comparison.differences.first)
        #expect(difference.first.isFinite && difference.second.isNaN && difference.difference.isNaN)
        #expect(difference.reason == "undefined for the second run: the predictions do not vary")
    }

    @Test func runsThatCannotBeComparedAreRefused() {
        func refused(_ second: PairedComparison.Side, _ expected: ComparisonError) {
            let error = #expect(throws: ComparisonError.self) {
                try PairedComparison(side("a"), second, metric: .ccc)
            }
            #expect(error == expected && error?.kind == .badInput)
        }
        refused(side("b", ids: ["p", "q", "r", "s"]), .noCommonUtterance(first: "a", second: "b"))
        refused(
            side("b", truth: [1, 2, 3.5, 4]),
            .truth(id: "c", dimension: "valence", first: "a", firstTruth: 3, second: "b", secondTruth: 3.5))
        refused(
            side("b", truth: [1, nil, 3, 4]),
            .truth(id: "b", dimension: "valence", first: "a", firstTruth: 2, second: "b", secondTruth: nil))
        refused(side("b", ids: ["a", "b", "a", "d"]), .repeated(path: "b", id: "a"))
        refused(
            side("b", dimensions: ["dominance"]),
            .noCommonDimension(first: "a", second: "b", firstHas: ["valence"], secondHas: ["dominance"]))
    }
}

/// A side of several runs: the mean of their scores, over the same resamples.
@Suite struct SeveralRunsTests {
    private let good = side("a"), bad = side("b", prediction: [2, 1, 4, 1]),
        middling = side("c", prediction: [1, 3, 2, 4])

    @Test func oneRunEachIsTheComparisonOfTwo() throws {
        let several = try PairedComparison([good], [bad], metric: .ccc, resamples: 200)
        #expect(try several == PairedComparison(good, bad, metric: .ccc, resamples: 200))
    }

    @Test func theMeanIsCompared() throws {
        func first(_ a: [PairedComparison.Side], _ b: [PairedComparison.Side]) throws -> PairedComparison.Difference {
            try #require(try PairedComparison(a, b, metric: .mae, resamples: 300).differences.first)
        }
        let both = try first([good, bad], [middling])
        let one = try first([good], [middling]), other = try first([bad], [middling])
        #expect(abs(both.first - (one.first + other.first) / 2) < 1e-12 && both.second == one.second)
        // The mean of two lies between them, in every resample.
        let interval = try #require(both.firstInterval)
        let low = try #require(one.firstInterval), high = try #require(other.firstInterval)
        #expect(low.low <= interval.low && interval.high <= high.high)
        // In another order the sides are the same.
        let turned = try first([bad, good], [middling])
        #expect(abs(turned.difference - both.difference) < 1e-12)
        let itself = try first([good, bad], [good, bad])
        #expect(itself.difference == 0 && itself.interval == .init(low: 0, high: 0))
    }

    @Test func onlyWhatAllHaveIsCompared() throws {
        let short = side("d", ids: ["b", "c", "d"], truth: [2, 3, 4], prediction: [2, 3, 3])
        let comparison = try PairedComparison([good, short], [bad], metric: .rmse)
        #expect(comparison.commonCount == 3 && comparison.onlyFirstCount == 1 && comparison.onlySecondCount == 1)
        let other = side("e", truth: [1, 2, 3.5, 4])
        let error = #expect(throws: ComparisonError.self) {
            try PairedComparison([good, other], [bad], metric: .rmse)
        }
        #expect(
            error == .truth(id: "c", dimension: "valence", first: "a", firstTruth: 3, second: "e", secondTruth: 3.5))
    }
}
