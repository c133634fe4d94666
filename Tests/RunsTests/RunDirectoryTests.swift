import Faults
import Foundation
import Runs
import Testing

@Suite struct RunDirectoryTests {
    let folder: TemporaryFolder
    let run: RunDirectory

    init() throws {
        folder = try TemporaryFolder()
        run = RunDirectory(path: "\(folder.path)/run/")
        try run.create()
    }

    @Test func everythingWrittenReadsBackEqual() throws {
        let configuration = TrainConfiguration(labels: [.init(name: "activation", scale: 1...7)])
        let predictions = Predictions(
            dimensions: ["activation", "valence"], columns: ["gender", "age, in years"],
            rows: [
                Prediction(
                    id: "a", speaker: "s1",
                    values: [
                        "activation": .init(truth: 0.1, prediction: 1 / 3), "valence": .init(truth: nil, prediction: 2),
                    ], metadata: ["gender": "f", "age, in years": "40"]),
                Prediction(
                    id: "b, \"quoted\"\nover two lines", speaker: nil,
                    values: [
                        "activation": .init(truth: nil, prediction: nil), "valence": .init(truth: -1e-9, prediction: 0),
                    ]),
            ])
        try run.write(configuration)
        try run.write(sampleResult())
        try run.write(predictions, split: "test1")
        for epoch in 1...3 { try run.append(sampleEpoch(epoch)) }

        #expect(try run.configuration() == configuration)
        #expect(try run.result() == sampleResult())
        #expect(try run.predictions(split: "test1") == predictions)
        #expect(try run.metrics().epochs == (1...3).map(sampleEpoch))
        #expect(try run.metrics().warning == nil)
        #expect(run.name == "run")
        let files = try FileManager.default.contentsOfDirectory(atPath: run.path).sorted()
        #expect(files == ["config.yaml", "metrics.jsonl", "predictions-test1.csv", "result.json"])
    }

    @Test func anAttemptReadsBackWhileItLastsAndAfter() throws {
        #expect(try run.attempt() == nil)
        var attempt = RunAttempt(cacheKey: "abc")
        #expect(!attempt.host.isEmpty)
        attempt.began = Date(timeIntervalSince1970: 1_800_000_000)
        try run.write(attempt)
        #expect(try run.attempt() == attempt)
        attempt.end(.failed, problem: "no")
        attempt.ended = attempt.began + 60
        try run.write(attempt)
        #expect(try run.attempt() == attempt)
        #expect(try folder.text(of: "run/attempt.json").contains("\"began\" : \"2027-01-15T08:00:00Z\""))
    }

    @Test func keysAreSnakeCaseAndDimensionsAreLeftAlone() throws {
        var result = sampleResult()
        result.scores = ["test": ["bodyTension": sampleScores()]]
        try run.write(result)
        let json = try folder.text(of: "run/result.json")
        #expect(json.contains("\"best_epoch\" : 3"))
        #expect(json.contains("\"ccc_low\" : 0.25"))
        #expect(json.contains("\"bodyTension\""))
        #expect(json.contains("\"synthetic\" : true"))
        #expect(json.contains("\"pearson_low\" : null"))
        #expect(json.contains("\"interval_over\" : \"speaker\""))
        #expect(json.contains("\"speakers_in_several_splits\""))
    }

    @Test func undefinedScoresAreNullInJSONAndNaNAgain() throws {
        var epoch = sampleEpoch(1)
        epoch.trainLoss = .infinity
        epoch.development = [
            "activation": Scores(
                ccc: 0, pearson: .nan, rmse: 1, mae: 1, count: 3,
                undefined: [.pearson: "the predictions do not vary"])
        ]
        try run.append(epoch)
        #expect(try folder.text(of: "run/metrics.jsonl").contains("\"pearson\":null"))
        let read = try #require(try run.metrics().epochs.first)
        #expect(read.trainLoss.isNaN)
        #expect(try #require(read.development["activation"]).pearson.isNaN)
        #expect(read.development["activation"]?.intervals.isEmpty == true)
        #expect(read.development["activation"]?.undefined == [.pearson: "the predictions do not vary"])
    }

    /// Results of before scores had intervals each, reasons, and hygiene.
    @Test func olderResultsAreRead() throws {
        var result = sampleResult()
        result.hygiene = nil
        let scores = Scores(
            ccc: 0.5, pearson: 0.625, rmse: 0.25, mae: 0.125, count: 40,
            intervals: [.ccc: .init(low: 0.25, high: 0.75)])
        result.scores = ["test1": ["activation": scores]]
        try run.write(result)
        let json = try folder.text(of: "run/result.json")
        for key in ["hygiene", "undefined", "without_interval", "interval_over", "mae_low"] {
            #expect(!json.contains("\"\(key)\""), "\(key)")
        }
        #expect(try run.result() == result)
    }

    @Test func hygieneIsToldInLines() throws {
        let hygiene = try #require(sampleResult().hygiene)
        #expect(
            hygiene.problems == ["1 speaker is in more than one split (5 utterances): s1 (train 4, test1 1)"])
        #expect(
            hygiene.notes == [
                "7 recordings are more than once in a split (14 utterances): a (train) = b (train), …",
                "2 utterances have no known speaker and cannot be compared across splits",
            ])
    }

    @Test func tornLastLineIsDroppedWithAWarningAndMendedByTheNextAppend() throws {
        for epoch in 1...2 { try run.append(sampleEpoch(epoch)) }
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: run.metricsPath))
        try handle.seekToEnd()
        try handle.write(contentsOf: Data(#"{"epoch":3,"step":1"#.utf8))
        try handle.close()

        let torn = try run.metrics()
        #expect(torn.epochs.map(\.epoch) == [1, 2])
        #expect(torn.warning?.hasPrefix("\(run.metricsPath):3:") == true)

        try run.append(sampleEpoch(3))
        let mended = try run.metrics()
        #expect(mended.epochs == (1...3).map(sampleEpoch))
        #expect(mended.warning == nil)
    }

    @Test func badLineInTheMiddleNamesTheLineAndTheKey() throws {
        try run.append(sampleEpoch(1))
        let good = try folder.text(of: "run/metrics.jsonl")
        let bad = good.replacing("\"step\":5", with: "\"step\":\"five\"")
        _ = try folder.write(good + bad + good, as: "run/metrics.jsonl")
        let error = #expect(throws: RunError.self) { try run.metrics() }
        #expect(error?.kind == .badInput)
        #expect(error?.description == "\(run.metricsPath):2: key 'step' is not an integer")
    }

    @Test func metricsCanBeCutBackForResuming() throws {
        for epoch in 1...4 { try run.append(sampleEpoch(epoch)) }
        try run.replaceMetrics((1...2).map(sampleEpoch))
        try run.append(sampleEpoch(3))
        #expect(try run.metrics().epochs.map(\.epoch) == [1, 2, 3])
    }

    @Test func missingFilesAreMissingInputAndSayWhatToDo() throws {
        #expect(throws: RunError.self) { try run.result() }
        let error = #expect(throws: RunError.self) { try run.metrics() }
        #expect(error?.kind == .missingInput)
        #expect(error?.description.contains("is not a run directory") == true)
        #expect(throws: RunError.self) { try RunDirectory(path: "/nowhere/at/all").predictedSplits() }
    }

    @Test func missingKeyInResultIsNamed() throws {
        _ = try folder.write("{\"status\": \"completed\"}", as: "run/result.json")
        let error = #expect(throws: RunError.self) { try run.result() }
        #expect(error?.description.contains("is missing") == true)
        #expect(error?.description.contains(run.resultPath) == true)
    }

    @Test func unwritableFolderIsCannotWrite() throws {
        let file = try folder.write("a file, not a folder", as: "occupied")
        let error = #expect(throws: RunError.self) { try RunDirectory(path: "\(file)/run").write(sampleResult()) }
        #expect(error?.kind == .cannotWrite)
    }

    @Test func splitsComeInReadingOrder() throws {
        for split in ["test10", "test2", "development", "train", "test1"] {
            try run.write(Predictions(dimensions: [], rows: []), split: split)
        }
        #expect(try run.predictedSplits() == ["train", "development", "test1", "test2", "test10"])
    }

    @Test(arguments: [
        ("id,speaker,a_truth\n", 1, "not one of a pair"),
        ("id,speaker,a_truth,b_prediction\n", 1, "not one of a pair"),
        ("name,speaker\n", 1, "begins with id,speaker"),
        ("id,speaker,a_truth,a_prediction\nx,s,0.5\n", 2, "3 fields, expected 4"),
        ("id,speaker,a_truth,a_prediction\nx,s,0,1\ny,s,0,high\n", 3, "a_prediction is 'high'"),
        ("id,speaker\n\"x,s\n", 2, "never closes"),
    ])
    func badPredictionsNameTheLine(csv: String, line: Int, problem: String) throws {
        let path = try folder.write(csv, as: "run/predictions-test.csv")
        let error = #expect(throws: RunError.self) { try run.predictions(split: "test") }
        #expect(error?.description.hasPrefix("\(path):\(line): ") == true)
        #expect(error?.description.contains(problem) == true)
    }

    @Test func meanCCCLeavesOutWhatIsUndefined() {
        var epoch = sampleEpoch(1)
        #expect(epoch.meanDevelopmentCCC == 0.375)
        epoch.development["dominance"] = Scores(ccc: .nan, pearson: .nan, rmse: 0, mae: 0, count: 0)
        #expect(epoch.meanDevelopmentCCC == 0.375)
        epoch.development = [:]
        #expect(epoch.meanDevelopmentCCC == nil)
    }
}

@Suite struct CorpusNoteTests {
    @Test func isReadBesideTheManifest() throws {
        let folder = try TemporaryFolder()
        #expect(try CorpusNote.beside(manifest: "\(folder.path)/manifest.csv") == nil)
        _ = try folder.write(#"{"synthetic": true, "name": "demo"}"#, as: "corpus.json")
        #expect(
            try CorpusNote.beside(manifest: "\(folder.path)/manifest.csv") == CorpusNote(name: "demo", synthetic: true))
        _ = try folder.write(#"{"synthetic": "yes"}"#, as: "corpus.json")
        #expect(throws: RunError.self) { try CorpusNote.beside(manifest: "\(folder.path)/manifest.csv") }
    }
}
