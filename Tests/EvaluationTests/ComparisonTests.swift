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
