import Evaluation
import Faults
import Foundation
import Reports
import Runs
import Testing

/// Run directories with predictions and nothing else, all that a comparison reads.
private final class Predicted {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("compare-\(UUID().uuidString)").path

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    func add(
        _ name: String, splits: [String] = ["development", "test1"], utterances: Range<Int> = 0..<12, noise: Double
    )
        throws -> String
    {
        let rows = utterances.map { index in
            Prediction(
                id: "u\(index)", speaker: "s\(index % 4)",
                values: [
                    "valence": .init(
                        truth: Double(index), prediction: Double(index) + noise * (index % 2 == 0 ? 1 : -1))
                ])
        }
        let directory = RunDirectory(path: "\(folder)/\(name)")
        for split in splits {
            try directory.write(Predictions(dimensions: ["valence"], rows: rows), split: split)
        }
        return directory.path
    }
}

@Suite struct RunComparisonTests {
    @Test func severalRunsAreComparedWithTheFirst() throws {
        let runs = Predicted()
        let paths = [
            try runs.add("a", noise: 0.5), try runs.add("b", noise: 2), try runs.add("c", utterances: 2..<15, noise: 0),
        ]
        let comparison = try RunComparison(paths: paths, metric: .mae, resamples: 200)
        #expect(comparison.split == "test1" && comparison.others.map(\.path) == Array(paths.dropFirst()))
        let summary = comparison.summary.replacing("\(runs.folder)/", with: "")
        #expect(
            summary == """
                MAE on test1, each run against a

                b
                  valence  0.500 against 2.000: difference −1.500 (95 %: −1.500 to −1.500), the first better in 100.0 % of \
                resamples, n = 12
                  over 12 common utterances, 200 resamples of 4 speakers

                c
                  valence  0.500 against 0.000: difference 0.500 (95 %: 0.500 to 0.500), the first better in 0.0 % of \
                resamples, n = 10
                  over 10 common utterances, 200 resamples of 4 speakers
                  left out: 2 only in a, 3 only in c

                """)
    }

    @Test func jsonHasEveryNumberAndNoNaN() throws {
        let runs = Predicted()
        let paths = [try runs.add("a", noise: 0.5), try runs.add("b", utterances: 0..<1, noise: 2)]
        let json = try RunComparison(paths: paths, split: "development", seed: 4).json()
        let top = try #require(try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
        #expect(top["metric"] as? String == "ccc" && top["split"] as? String == "development")
        #expect(top["seed"] as? Int == 4 && top["resamples"] as? Int == 1000 && top["first"] as? String == paths[0])
        let entry = try #require((top["comparisons"] as? [[String: Any]])?.first)
        #expect(
            entry["run"] as? String == paths[1] && entry["common"] as? Int == 1 && entry["only_first"] as? Int == 11)
        #expect(entry["only_other"] as? Int == 0 && entry["interval_over"] as? String == "utterance")
        let valence = try #require((entry["dimensions"] as? [String: [String: Any]])?["valence"])
        for key in ["first", "other", "difference", "difference_low", "difference_high", "share_first_better"] {
            #expect(valence[key] is NSNull, "\(key)")
        }
        #expect(valence["reason"] as? String == "undefined for the first run: fewer than two utterances")
    }

    @Test func theSplitIsOneThatAllHave() throws {
        let runs = Predicted()
        let both = try runs.add("both", noise: 1), tests = try runs.add("tests", splits: ["test1", "test2"], noise: 1)
        let developed = try runs.add("developed", splits: ["development"], noise: 1)
        #expect(try RunComparison(paths: [both, tests]).split == "test1")
        #expect(try RunComparison(paths: [both, developed]).split == "development")
        #expect(throws: ReportError.noCommonSplit(paths: [tests, developed])) {
            try RunComparison(paths: [tests, developed])
        }
        let error = #expect(throws: ReportError.self) { try RunComparison(paths: [both, tests], split: "test") }
        #expect(error?.kind == .missingInput)
        #expect(
            error?.description
                == "\(both): no predictions for split 'test'; there are development, test1; did you mean test1?")
        #expect(throws: ReportError.oneRun) { try RunComparison(paths: [both]) }
    }

    @Test func otherTruthsAreRefused() throws {
        let runs = Predicted()
        let first = try runs.add("a", noise: 1), second = try runs.add("b", noise: 1)
        let file = RunDirectory(path: second).predictionsPath(split: "test1")
        let text = try String(contentsOfFile: file, encoding: .utf8)
        try text.replacing("u3,s3,3.0,", with: "u3,s3,3.5,").write(toFile: file, atomically: true, encoding: .utf8)
        let error = #expect(throws: ReportError.self) { try RunComparison(paths: [first, second]) }
        #expect(error?.kind == .badInput)
        #expect(error?.description.contains("the true valence of 'u3' is 3.0 there and 3.5 here") == true)
    }
}
