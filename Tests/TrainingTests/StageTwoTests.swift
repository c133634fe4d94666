import Checkpoints
import Evaluation
import Faults
import FeatureStore
import Foundation
import Runs
import Testing

@testable import Training

/// Whole runs over a small cache: learning, determinism, resuming, refusals.
@Suite struct StageTwoTests {
    @Test func learnsAndWritesTheRunDirectory() throws {
        let cache = try SyntheticCache(utterances: 48)
        let configuration = try SyntheticCache.configuration(["epochs=12"])
        let result = try cache.stage("run", configuration).run()
        #expect(try #require(result.scores["test1"]?["activation"]).ccc > 0.5)
        #expect(try #require(result.scores["development"]?["valence"]).ccc > 0.5)
        let directory = RunDirectory(path: cache.run("run"))
        #expect(try directory.result() == result)
        #expect(try directory.configuration() == configuration)
        let epochs = try directory.metrics().epochs
        #expect(epochs.map(\.epoch) == Array(1...12))
        #expect(epochs.last!.trainLoss < epochs.first!.trainLoss)
        #expect(epochs.last { $0.isBest }?.epoch == result.bestEpoch)
        let predictions = try directory.predictions(split: "test1")
        #expect(predictions.rows.count == 16)
        #expect(predictions.dimensions == ["activation", "valence"])
        // The score in result.json is that of the predictions beside it.
        let pairs = predictions.rows.map {
            Scoring.Pair(truth: $0.values["valence"]!.truth!, prediction: $0.values["valence"]!.prediction!)
        }
        #expect(abs(Scoring.scores(pairs).ccc - result.scores["test1"]!["valence"]!.ccc) < 1e-12)
        #expect(result.trainableParameters < result.totalParameters)
        #expect(!FileManager.default.fileExists(atPath: directory.statePath))
    }

    @Test(arguments: [1, 3]) func sameSeedGivesTheSameBits(_ threads: Int) throws {
        let cache = try SyntheticCache()
        let configuration = try SyntheticCache.configuration()
        _ = try cache.stage("a", configuration).run()
        _ = try cache.stage("b", configuration, threads: threads).run()
        #expect(try cache.bytes("a", "best.safetensors") == cache.bytes("b", "best.safetensors"))
        #expect(try cache.bytes("a", "predictions-test1.csv") == cache.bytes("b", "predictions-test1.csv"))
        let other = try SyntheticCache.configuration(["seed=1"])
        _ = try cache.stage("c", other).run()
        #expect(try cache.bytes("a", "best.safetensors") != cache.bytes("c", "best.safetensors"))
    }

    /// Stopped after epochs on the way and gone on: the same bits as undisturbed. The learning rate is that of the whole run from
    /// the start, and a stop that the run has passed trains nothing; whether the state is saved on the way, too, or only there.
    @Test(arguments: [[2], [1, 3, 5], [2, 2, 1, 4]], [0, 30.0])
    func stoppingAtAnEpochChangesNothing(_ stops: [Int], secondsBetweenStates: Double) throws {
        let cache = try SyntheticCache()
        let configuration = try SyntheticCache.configuration(["patience=5", "ema=0.9"])
        _ = try cache.stage("whole", configuration).run()
        var reached = 0
        for stop in stops {
            var trained: [Int] = []
            reached = max(reached, stop)
            #expect(throws: EpochReached(epoch: reached)) {
                try cache.stage(
                    "parts", configuration, resume: true, replace: true, secondsBetweenStates: secondsBetweenStates,
                    untilEpoch: stop,
                    report: { if case .epoch(let metrics) = $0 { trained.append(metrics.epoch) } }
                ).run()
            }
            #expect(trained.last == nil || trained.last == stop)
            #expect(!FileManager.default.fileExists(atPath: RunDirectory(path: cache.run("parts")).resultPath))
            #expect(try RunDirectory(path: cache.run("parts")).metrics().epochs.map(\.epoch) == Array(1...reached))
        }
        // A stop at the end, or after it, is none.
        let result = try cache.stage("parts", configuration, resume: true, untilEpoch: configuration.epochs).run()
        #expect(result.epochs == configuration.epochs)
        for file in ["best.safetensors", "predictions-test1.csv", "predictions-development.csv"] {
            #expect(try cache.bytes("whole", file) == cache.bytes("parts", file), "\(file)")
        }
        let whole = try RunDirectory(path: cache.run("whole")).metrics().epochs
        let parts = try RunDirectory(path: cache.run("parts")).metrics().epochs
        #expect(parts.map(\.learningRates) == whole.map(\.learningRates))
        #expect(parts.map(\.trainLoss) == whole.map(\.trainLoss))
    }

    @Test func finishedRunsAreKeptUnlessReplaced() throws {
        let cache = try SyntheticCache()
        let configuration = try SyntheticCache.configuration(["epochs=1"])
        let first = try cache.stage("run", configuration).run()
        // Without a word: refused. With --resume: nothing to do.
        #expect(throws: TrainingError.occupied(path: cache.run("run"), detail: "already holds a finished run")) {
            try cache.stage("run", configuration).run()
        }
        #expect(try cache.stage("run", configuration, resume: true).run() == first)
        // Another configuration: refused, replaced when told.
        let other = try SyntheticCache.configuration(["epochs=2"])
        #expect(
            throws: TrainingError.otherRun(path: cache.run("run"), difference: "configuration (epochs: 1 there)")
        ) {
            try cache.stage("run", other, resume: true).run()
        }
        #expect(try cache.stage("run", other, resume: true, replace: true).run().epochs == 2)
        // Another corpus.
        let manifest = "\(cache.directory)/newer.csv"
        let text = try String(contentsOfFile: "\(cache.directory)/corpus.csv", encoding: .utf8)
        try text.split(separator: "\n").dropLast().joined(separator: "\n")
            .write(toFile: manifest, atomically: true, encoding: .utf8)
        #expect(
            throws: TrainingError.otherRun(
                path: cache.run("run"), difference: "corpus (utterances, splits or labels)")
        ) {
            try cache.stage("run", other, resume: true, manifest: manifest).run()
        }
    }

    /// What changes no bit of the weights makes no other run: a finished one is kept, and is then as if it had been trained so; one
    /// that is not goes on.
    @Test(arguments: [
        "threads=3", "recompute=true", "strict=true", "scores.resamples=200", "scores.by=[gender]",
        "labels=[{name: activation, scale: [0, 1]}, valence]",
    ])
    func whatChangesNoBitIsNoOtherRun(_ override: String) throws {
        let cache = try SyntheticCache(), base = ["epochs=2", "scores.resamples=100"]
        let configuration = try SyntheticCache.configuration(base)
        let other = try SyntheticCache.configuration(base + [override])
        let first = try cache.stage("run", configuration).run()
        var begun = 0
        let kept = try cache.stage(
            "run", other, resume: true, replace: true, report: { if case .began = $0 { begun += 1 } }
        ).run()
        #expect(begun == 0 && kept.secondsTotal == first.secondsTotal)
        let alone = try cache.stage("alone", other).run()
        #expect(kept.scores == alone.scores && kept.intervalMethod == alone.intervalMethod)
        #expect(kept.corpusSHA256 == alone.corpusSHA256)
        for file in [
            "best.safetensors", "predictions-test1.csv", "predictions-development.csv", "scores.csv", "config.yaml",
        ] { #expect(try cache.bytes("run", file) == cache.bytes("alone", file), "\(file)") }
        #expect(try RunDirectory(path: cache.run("run")).result() == kept)
        // Asked for again it is what is there.
        #expect(try cache.stage("run", other, resume: true).run() == kept)

        #expect(throws: EpochReached.self) { try cache.stage("parts", configuration, untilEpoch: 1).run() }
        var resumed: [Int] = []
        _ = try cache.stage(
            "parts", other, resume: true, replace: true,
            report: { if case .resumed(let epoch, _) = $0 { resumed.append(epoch) } }
        ).run()
        #expect(resumed == [1])
        for file in ["best.safetensors", "scores.csv"] {
            #expect(try cache.bytes("parts", file) == cache.bytes("alone", file), "\(file)")
        }
    }

    /// Scores are made from what is there, or not at all.
    @Test func predictionsOfOtherUtterancesAreNotScoredAgain() throws {
        let cache = try SyntheticCache(), directory = RunDirectory(path: cache.run("run"))
        _ = try cache.stage("run", try SyntheticCache.configuration(["epochs=1"])).run()
        var predictions = try directory.predictions(split: "test1")
        predictions.rows.removeLast()
        try directory.write(predictions, split: "test1")
        let before = try cache.bytes("run", "result.json")
        let other = try SyntheticCache.configuration(["epochs=1", "scores.resamples=200"])
        let fault = #expect(throws: RunError.self) { try cache.stage("run", other, resume: true).run() }
        #expect(fault?.description.contains("predictions-test1.csv: does not hold a prediction for each") == true)
        #expect(try cache.bytes("run", "result.json") == before)
    }

    @Test func rowsWithoutFeaturesAreToldAndCounted() throws {
        let cache = try SyntheticCache(), manifest = "\(cache.directory)/newer.csv"
        let rows = try String(contentsOfFile: "\(cache.directory)/corpus.csv", encoding: .utf8)
        let more = (0..<6).map { "x\($0),x\($0).wav,train,s00,0.\($0),0.5,f\n" } + ["y,y.wav,test1,s20,0.5,0.5,f\n"]
        try (rows + more.joined()).write(toFile: manifest, atomically: true, encoding: .utf8)
        let configuration = try SyntheticCache.configuration(["epochs=1"])
        func run(_ name: String, manifest: String?) throws -> (told: [String], result: RunResult) {
            var told: [String] = []
            let result = try cache.stage(
                name, configuration, manifest: manifest,
                report: { if case .missing(let line) = $0 { told.append(line) } }
            ).run()
            return (told, result)
        }
        let newer = try run("newer", manifest: manifest)
        #expect(
            newer.told == [
                "rows of the manifest are not in the cache; run undertone-cache again; left out: 6 of train (x0, x1, x2, "
                    + "x3, x4, …), 1 of test1 (y)"
            ])
        #expect(newer.result.missingUtterances == ["train": 6, "test1": 1])
        #expect(try RunDirectory(path: cache.run("newer")).result() == newer.result)
        let whole = try run("whole", manifest: nil)
        #expect(whole.told.isEmpty && whole.result.missingUtterances == [:])
    }

    /// An empty cell is masked out of that dimension's loss and scores, and of nothing else.
    @Test func missingLabelsAreMasked() throws {
        let cache = try SyntheticCache(cell: { row, column, value in
            column == "valence" && row % 2 == 0 ? "" : "\(value)"
        })
        let result = try cache.stage("run", try SyntheticCache.configuration(["epochs=2"])).run()
        #expect(result.scores["test1"]?["activation"]?.count == 8)
        #expect(result.scores["test1"]?["valence"]?.count == 4)
        let rows = try RunDirectory(path: cache.run("run")).predictions(split: "test1").rows
        #expect(rows.allSatisfy { $0.values["valence"]?.prediction != nil })
    }

    @Test(arguments: [0, 1, 2]) func fewerLayersTrainOverFrozenOnes(_ layers: Int) throws {
        let cache = try SyntheticCache()
        let result = try cache.stage("run", try SyntheticCache.configuration(["epochs=2", "layers=\(layers)"])).run()
        let three = try cache.stage("three", try SyntheticCache.configuration(["epochs=1"])).run()
        #expect(result.trainableParameters < three.trainableParameters)
        #expect(try #require(result.scores["test1"]?["activation"]).ccc.isFinite)
    }

    @Test func bfloat16LearnsToo() throws {
        let cache = try SyntheticCache(utterances: 48)
        let result = try cache.stage(
            "run", try SyntheticCache.configuration(["epochs=12"]), precision: .bfloat16
        ).run()
        #expect(try #require(result.scores["test1"]?["activation"]).ccc > 0.5)
    }

    @Test(arguments: [(StorageFormat.int8, 1), (.float16, 2), (.bfloat16, 1)])
    func learnsFromEveryStorage(_ storage: StorageFormat, pool: Int) throws {
        let cache = try SyntheticCache(utterances: 48, storage: storage, pool: pool)
        let result = try cache.stage("run", try SyntheticCache.configuration(["epochs=12"])).run()
        #expect(try #require(result.scores["test1"]?["activation"]).ccc > 0.5)
        let secondsPerFrame = result.audioSecondsPerSecond / result.framesPerSecond
        #expect(abs(secondsPerFrame - 0.02 * Double(pool)) < 1e-9)
        let weights = try SafetensorsFile.open("\(cache.run("run"))/best.safetensors")
        #expect(weights.metadata["pool"] == "\(pool)")
    }

    struct Mistake: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var overrides: [String] = []
        var withUpperWeights = true
        var cell: @Sendable (Int, String, Double) -> String = { "\($2)" }
        let kind: FaultKind
        let says: [String]
    }

    @Test(arguments: [
        Mistake(
            testDescription: "more layers than the cut allows", overrides: ["layers=4"], kind: .badInput,
            says: ["holds cut 1", "needs cut 0", "--cut 0"]),
        Mistake(
            testDescription: "no upper weights", withUpperWeights: false, kind: .missingInput,
            says: ["upper.safetensors", "undertone-cache"]),
        Mistake(
            testDescription: "unlabelled dimension", cell: { $1 == "valence" ? "" : "\($2)" }, kind: .badInput,
            says: ["corpus.csv", "'valence'", "no utterance of split 'train'"]),
        Mistake(
            testDescription: "constant labels", cell: { $1 == "valence" ? "3" : "\($2)" }, kind: .badInput,
            says: ["every label of 'valence'", "3.0"]),
        Mistake(
            testDescription: "label that is no number", cell: { $0 == 5 && $1 == "valence" ? "high" : "\($2)" },
            kind: .badInput, says: ["corpus.csv:7", "high", "valence"]),
        Mistake(
            testDescription: "label outside its scale", overrides: ["labels=[{name: activation, scale: [0, 0.5]}]"],
            kind: .badInput, says: ["corpus.csv:", "activation", "0.5"]),
        Mistake(
            testDescription: "unknown column to score by", overrides: ["scores.by=[speaker, gendre]"], kind: .badInput,
            says: ["corpus.csv:1", "no column 'gendre'", "did you mean gender?"]),
        Mistake(
            testDescription: "unknown label column", overrides: ["labels=[activation, valance]"], kind: .badInput,
            says: ["valance", "valence"]),
    ])
    func mistakesAreNamed(_ mistake: Mistake) throws {
        let cache = try SyntheticCache(withUpperWeights: mistake.withUpperWeights, cell: mistake.cell)
        let configuration = try SyntheticCache.configuration(mistake.overrides)
        do {
            _ = try cache.stage("run", configuration).run()
            Issue.record("nothing was thrown")
        } catch let fault as any Fault {
            #expect(fault.kind == mistake.kind, "\(fault)")
            for phrase in mistake.says { #expect("\(fault)".contains(phrase), "'\(phrase)' in: \(fault)") }
        }
    }
}
