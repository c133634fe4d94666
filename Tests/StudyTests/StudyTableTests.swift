import Evaluation
import Faults
import Foundation
import Runs
import Study
import Testing

/// Run directories with made-up numbers; nothing here was ever measured.
private final class Workplace {
    let path = FileManager.default.temporaryDirectory.appending(path: "study-\(UUID())").path

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// - Parameter shift: what predictions are off by.
    func run(
        _ name: String, seconds: Double = 10, shift: Double = 0.1, trainable: Int = 100, corpus: String = "c",
        model: String = "random:tiny?seed=0", device: String = "a processor",
        change: (inout TrainConfiguration) -> Void = { _ in }
    ) throws -> String {
        let directory = RunDirectory(path: "\(path)/\(name)")
        var configuration = TrainConfiguration(labels: [.init(name: "valence", scale: 0...1)])
        configuration.epochs = 1
        change(&configuration)
        let rows = (0..<20).map { index in
            Prediction(
                id: "u\(index)", speaker: "s\(index % 5)",
                values: [
                    "valence": .init(
                        truth: Double(index) / 20,
                        prediction: Double(index) / 20 + shift * (index.isMultiple(of: 2) ? 1 : 0.5))
                ])
        }
        let predictions = Predictions(dimensions: ["valence"], rows: rows)
        let scores = Scoring.scores(predictions.pairs("valence"))
        try directory.create()
        try directory.write(configuration)
        try directory.write(predictions, split: "test")
        try directory.append(
            EpochMetrics(
                epoch: 1, step: 1, trainLoss: 1, learningRates: [:], development: [:], secondsTraining: seconds,
                secondsEvaluating: 1, framesPerSecond: 1, gradientNorm: 1, isBest: true))
        try directory.write(
            RunResult(
                status: .completed, bestEpoch: 1, bestMetric: .init(name: "ccc", value: 0.5), epochs: 1,
                scores: ["test": ["valence": scores], "development": ["valence": scores]], intervalMethod: nil,
                model: model, cacheKey: "k", cut: "9", layers: 3, seed: configuration.seed,
                trainableParameters: trainable, totalParameters: 120, compute: "float32", threads: 2, device: device,
                secondsPerEpoch: seconds, secondsTotal: seconds, framesPerSecond: 1, audioSecondsPerSecond: 1,
                peakMemoryBytes: 1, versions: [:],
                corpus: CorpusNote(name: "spoken by nobody", synthetic: true), corpusSHA256: corpus))
        return directory.path
    }
}

private let full = StudySetUp(.full, compute: "float32")
private let heads = StudySetUp(.heads, compute: "float32")

@Suite struct StudyTableTests {
    @Test func everySetUpIsARow() throws {
        let place = Workplace()
        let table = try StudyTable(
            [
                .init(full, directories: [try place.run("a"), try place.run("b", shift: 0.12)]),
                .init(
                    heads,
                    directories: [
                        try place.run("c", seconds: 4, shift: 0.4, trainable: 20) { $0.layers = 0 },
                        try place.run("d", seconds: 6, shift: 0.5, trainable: 20) { $0.layers = 0 },
                    ]),
                .init(StudySetUp(.lora(rank: 4), compute: "float32"), directories: ["\(place.path)/nowhere"]),
            ], amortisedOver: 5, resamples: 200)
        #expect(table.rows.map(\.setUp) == [full, heads] && table.missing == ["lora-4-float32"])
        #expect(table.split == "test" && table.dimensions == ["valence"] && table.payments.isEmpty)
        let row = table.rows[1]
        #expect(row.trainingSecondsPerEpoch.median == 5 && row.lessTime == 0.5 && row.fewerParameters == 0.8)

        let score = try #require(row.scores.first), baseline = try #require(table.rows[0].scores.first)
        let values = row.runs.compactMap { $0.ccc["valence"] }
        let mean = (values[0] + values[1]) / 2
        #expect(score.mean == mean)
        #expect(abs(try #require(score.deviation) - abs(values[0] - values[1]) / 2.0.squareRoot()) < 1e-12)
        let low = try #require(score.low), high = try #require(score.high)
        #expect(low < mean && mean < high)
        #expect(baseline.difference == nil)
        let difference = try #require(score.difference), other = try #require(baseline.mean)
        #expect(abs(difference.value - (mean - other)) < 1e-12)
        #expect(difference.isSignificant && difference.high < 0)

        let statements = table.circumstances.statements.joined(separator: "\n")
        #expect(statements.contains("Corpus: spoken by nobody (SHA-256 c), synthetic speech."))
        #expect(statements.contains("no reproduction of the paper's"))
        #expect(table.circumstances.warnings.isEmpty)
    }

    @Test func theFilesHaveIt() throws {
        let place = Workplace()
        let cost = CacheCost(cut: "4", store: "float16", bytes: 7, seconds: 30, peakMemoryBytes: 9)
        let cached = StudySetUp(.heads, compute: "float32", from: .cache(store: "float16"))
        let pooled = StudySetUp(.heads, compute: "float32", from: .cache(store: "float16", pool: 2))
        let halved = CacheCost(cut: "4", store: "float16", pool: 2, bytes: 4, seconds: 30, peakMemoryBytes: 9)
        let table = try StudyTable(
            [
                .init(full, directories: [try place.run("a")]),
                .init(heads, directories: [try place.run("b", seconds: 7) { $0.layers = 0 }]),
                .init(cached, directories: [try place.run("c", seconds: 1) { $0.layers = 0 }], cache: cost),
                .init(pooled, directories: [try place.run("d", seconds: 0.5) { $0.layers = 0 }], cache: halved),
            ], amortisedOver: 5, resamples: 200)
        let lines = table.csv.split(separator: "\n").map { $0.components(separatedBy: ",") }
        #expect(lines.count == 5 && Set(lines.map(\.count)).count == 1)
        func cell(_ name: String, _ line: Int) throws -> String {
            lines[line][try #require(lines[0].firstIndex(of: name))]
        }
        #expect(try cell("set_up", 3) == "heads-float32-cached-float16")
        // 30 s over 8 s − 2 s.
        #expect(try cell("break_even_epochs", 3) == "5" && cell("break_even_runs", 3) == "5")
        #expect(try cell("seconds_of_first_run", 3) == "32" && cell("seconds_per_run_amortised", 3) == "8")
        #expect(try cell("cache_seconds", 2) == "" && cell("less_time", 1) == "0")
        // A cache for every cut, store and pool: 30 s over 8 s − 1.5 s for the pooled one.
        for (name, values) in [
            ("cache_cut", ["", "", "4", "4"]), ("cache_store", ["", "", "float16", "float16"]),
            ("cache_pool", ["", "", "1", "2"]), ("cache_bytes", ["", "", "7", "4"]),
            ("break_even_epochs", ["", "", "5", "5"]), ("training_seconds_per_epoch", ["10", "7", "1", "0.5"]),
        ] { #expect(try (1...4).map { try cell(name, $0) } == values, "\(name)") }

        let json = try #require(
            try JSONSerialization.jsonObject(with: Data(try table.json().utf8)) as? [String: Any])
        let rows = try #require(json["rows"] as? [[String: Any]])
        #expect(rows.count == 4)
        #expect(rows.map { ($0["cache"] as? [String: Any])?["pool"] as? Int } == [nil, nil, 1, 2])
        #expect(rows.map { ($0["set_up"] as? [String: Any])?["pool"] as? Int } == [nil, nil, 1, 2])
        let runs = try #require(rows[2]["runs"] as? [[String: Any]])
        #expect(runs[0]["training_seconds"] as? [Double] == [1] && runs[0]["directory"] as? String == "\(place.path)/c")
        let circumstances = try #require(json["circumstances"] as? [String: Any])
        #expect(circumstances["is_random"] as? Bool == true && circumstances["corpus_sha256"] as? String == "c")
    }

    /// It would stand there as one that was made in no time.
    @Test func aCacheOfUnknownCostIsLeftOut() throws {
        let place = Workplace()
        let cached = StudySetUp(.heads, compute: "float32", from: .cache(store: "float16"))
        let table = try StudyTable(
            [
                .init(full, directories: [try place.run("a")]),
                .init(cached, directories: [try place.run("b", seconds: 1) { $0.layers = 0 }]),
            ], amortisedOver: 5, resamples: 200)
        #expect(table.rows.map(\.setUp) == [full] && table.missing == ["heads-float32-cached-float16"])
    }

    @Test(arguments: [(1, "of all seeds."), (3, "of all seeds, each run's first left out.")])
    func whichEpochsTheTimesAreOf(epochs: Int, expected: String) throws {
        let place = Workplace()
        let run = try place.run("a") { $0.epochs = epochs }
        let statements = try StudyTable([.init(full, directories: [run])], amortisedOver: 1, resamples: 200)
            .circumstances.statements
        #expect(statements.contains { $0.hasSuffix("Medians over the epochs \(expected)") }, "\(statements)")
    }

    @Test func whatCannotBeComparedIsRefused() throws {
        let place = Workplace()
        let baseline = StudyTable.Entry(full, directories: [try place.run("a")])
        func refused(_ other: String) -> StudyError? {
            #expect(throws: StudyError.self) {
                try StudyTable(
                    [baseline, .init(heads, directories: [other])], amortisedOver: 5, resamples: 200)
            }
        }
        #expect(
            refused(try place.run("b", corpus: "d")) == .otherCorpus("\(place.path)/b", baseline: "\(place.path)/a"))
        let schedule = refused(try place.run("c") { $0.optimiser.schedule = .cosine })
        #expect(schedule?.description.contains("(schedule: cosine)") == true, "\(schedule as Any)")
        #expect(schedule?.kind == .badInput)
        let untrained = #expect(throws: StudyError.self) {
            try StudyTable(
                [.init(full, directories: ["nowhere"]), .init(heads, directories: baseline.directories)],
                amortisedOver: 5)
        }
        #expect(untrained == .noBaseline("full-float32", directories: ["nowhere"]))
    }

    @Test(
        arguments: [
            (["models/base", "base"], []),
            (["models/base", "other"], ["runs differ in their model (models/base, other)"]),
            (["models/base", "others/base"], ["runs differ in their model (models/base, others/base)"]),
        ] as [([String], [String])])
    func anotherModelIsToldOfAndTheSameWithoutItsPathIsNot(models: [String], warnings: [String]) throws {
        let place = Workplace()
        let table = try StudyTable(
            [
                .init(full, directories: [try place.run("a", model: models[0])]),
                .init(heads, directories: [try place.run("b", model: models[1]) { $0.layers = 0 }]),
            ], amortisedOver: 5, resamples: 200)
        #expect(table.circumstances.warnings == warnings)
    }

    @Test func anotherProcessorIsToldOf() throws {
        let place = Workplace()
        let table = try StudyTable(
            [
                .init(full, directories: [try place.run("a", model: "models/base")]),
                .init(heads, directories: [try place.run("b", model: "models/base", device: "another")]),
            ], amortisedOver: 5, weights: "some/base at commit 0b5b", resamples: 200)
        #expect(
            table.circumstances.warnings == ["runs differ in their processor (a processor, another): compare no times"])
        #expect(!table.circumstances.isRandom)
        let statements = table.circumstances.statements.joined(separator: "\n")
        #expect(statements.contains("Weights: models/base (some/base at commit 0b5b). Scores compare"))
        #expect(statements.contains("from its weights"))
    }
}
