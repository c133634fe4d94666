import Foundation
import Testing

/// A corpus of twelve and its cache.
private func cachedCorpus() throws -> Scratch {
    let folder = try Scratch()
    try folder.writeCorpus(12)
    let outcome = try Program.cache.run(cacheArguments(), in: folder)
    #expect(outcome.code == 0, "\(outcome.said)")
    return folder
}

private let runFiles = [
    "attempt.json", "best.safetensors", "config.yaml", "events.out.tfevents", "metrics.jsonl", "model.json",
    "predictions-development.csv",
    "predictions-test.csv",
    "result.json", "scores.csv",
]

/// A run directory's files; the name for TensorBoard ends in the time it began.
private func fileNames(of run: String, in folder: Scratch) -> [String] {
    folder.names(in: run).map { $0.hasPrefix("events.out.tfevents.") ? "events.out.tfevents" : $0 }
}

@Test func wholeRun() throws {
    let folder = try cachedCorpus()
    let outcome = try Program.train.run(trainArguments("--json"), in: folder)
    #expect(outcome.code == 0, "\(outcome.said)")
    #expect(fileNames(of: "run", in: folder) == runFiles)
    #expect(outcome.lines("epoch ").count == 2)
    let result = try #require(try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
    #expect(result["status"] as? String == "completed" && result["epochs"] as? Int == 2)
    let scores = try #require(result["scores"] as? [String: [String: [String: Any]]])
    #expect(scores.keys.sorted() == ["development", "test"])
    #expect(scores["development"]?["activation"]?["count"] as? Int == 4)
    let stored = try JSONSerialization.jsonObject(with: folder.bytes("run/result.json")) as? [String: Any]
    #expect(stored?["cache_key"] as? String == result["cache_key"] as? String)

    // Stage two needs nothing but the cache, and the report nothing but the run.
    for name in folder.names(in: ".") where name.hasSuffix(".wav") { try folder.remove(name) }
    try folder.remove("manifest.csv")
    #expect(try Program.train.run(trainArguments(out: "again"), in: folder).code == 0)
    #expect(try folder.bytes("again/best.safetensors") == folder.bytes("run/best.safetensors"))
    let report = try Program.undertone.run(["report", "run", "again", "-o", "report.html"], in: folder)
    #expect(report.code == 0 && report.said.isEmpty)
    #expect(report.output.contains("CCC") && report.output.hasSuffix("report: report.html\n"))
    #expect(try folder.read("report.html").contains("</html>"))
}

/// From one cache: the set-up is told, and its cut chosen.
@Test(arguments: [
    (["layers=all"], "all 4 layers and the embedding, from cut cnn: ", "cnn"),
    (
        ["layers=all", "tuning=lora", "lora.rank=4", "recompute=true"],
        "LoRA of rank 4 on q_proj, v_proj of all 4 layers", "cnn"
    ),
    (["layers=0", "ema=0.9", "mask.time.probability=0.1"], "heads alone, from cut 2: ", "2"),
])
func everySetUpTrainsFromOneCache(_ overrides: [String], _ told: String, _ cut: String) throws {
    let folder = try Scratch()
    try folder.writeCorpus(12)
    #expect(try Program.cache.run(cacheArguments(out: "cache", "--cut", "cnn"), in: folder).code == 0)
    let outcome = try Program.train.run(trainArguments("--json") + overrides.flatMap { ["--set", $0] }, in: folder)
    #expect(outcome.code == 0, "\(outcome.said)")
    #expect(outcome.lines("training \(told)").count == 1, "\(outcome.said)")
    let result = try #require(try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
    #expect(result["cut"] as? String == cut)
    #expect((result["setup"] as? String).map { told.hasPrefix($0) } == true)
}

@Test func runInTheWayIsNotOverwrittenUnasked() throws {
    let folder = try cachedCorpus()
    #expect(try Program.train.run(trainArguments(), in: folder).code == 0)
    let files = folder.names(in: "run")
    let before = try files.map { try folder.bytes("run/\($0)") }, weights = try folder.bytes("run/best.safetensors")
    let refused = try Program.train.run(trainArguments(), in: folder)
    #expect(refused.code == 64)
    #expect(refused.errors.count == 1 && refused.said.hasPrefix("error: run: already holds a finished run; "))

    let finished = try Program.train.run(trainArguments("--resume"), in: folder)
    #expect(finished.code == 0)
    #expect(finished.said == "run: this run was finished before; nothing is done over again\n")

    let other = try Program.train.run(trainArguments("--resume", "--set", "seed=1"), in: folder)
    #expect(other.code == 64)
    #expect(
        other.said
            == "error: run: holds a run with another configuration (seed: 0 there); give --replace to replace it, "
            + "or another --out\n")
    #expect(folder.names(in: "run") == files)
    #expect(try files.map { try folder.bytes("run/\($0)") } == before, "whatever was asked so far")

    #expect(try Program.train.run(trainArguments("--resume", "--replace", "--set", "seed=1"), in: folder).code == 0)
    #expect(try folder.bytes("run/best.safetensors") != weights)
    #expect(try Program.train.run(trainArguments("--replace"), in: folder).code == 0)
    #expect(try folder.bytes("run/best.safetensors") == weights)
}

/// Where only scores are wished otherwise, they are made from the predictions that are there.
@Test func aFinishedRunIsScoredAgainWithoutTraining() throws {
    let folder = try cachedCorpus()
    #expect(try Program.train.run(trainArguments(), in: folder).code == 0)
    let weights = try folder.bytes("run/best.safetensors"), metrics = try folder.bytes("run/metrics.jsonl")
    #expect(try folder.read("run/scores.csv").contains("test,speaker,"))
    let arguments = trainArguments("--resume", "--replace", "--set", "scores={by: [], resamples: 200}")
    let outcome = try Program.train.run(arguments, in: folder)
    #expect(outcome.code == 0 && outcome.said == "this run was finished before; its predictions are scored again\n")
    #expect(try !folder.read("run/scores.csv").contains("test,speaker,"))
    #expect(try folder.read("run/result.json").contains(", 200 resamples"))
    #expect(try folder.bytes("run/best.safetensors") == weights && folder.bytes("run/metrics.jsonl") == metrics)
    let again = try Program.train.run(arguments, in: folder)
    #expect(again.output == outcome.output)
    #expect(again.said == "run: this run was finished before; nothing is done over again\n")
}

/// What the cache's key leaves open, for it changes no rows, makes another run all the same: weights above the cut, and dropouts.
@Test func anotherModelAboveTheCutIsAnotherRun() throws {
    let folder = try Scratch()
    try folder.writeCorpus(12)
    try folder.copyModel()
    let cache = cacheArguments(model: "model"), train = trainArguments("--set", "head.form=hf", "--resume")
    #expect(try Program.cache.run(cache, in: folder).code == 0)
    #expect(try Program.train.run(train, in: folder).code == 0)
    let export = try Program.undertone.run(
        ["export", "--run", "run", "--format", "hf", "--model", "model", "-o", "trained"], in: folder)
    #expect(export.code == 0, "\(export.said)")
    let first = try folder.bytes("run/best.safetensors")
    let refusal =
        "error: run: holds a run with another model (its configuration, or its weights above the cut); give --replace to "
        + "replace it, or another --out\n"

    try folder.edit("model/config.json", "\"hidden_dropout\": 0.1", "\"hidden_dropout\": 0.2")
    #expect(try Program.cache.run(cache, in: folder).output.contains("0 computed"))
    #expect(try Program.train.run(train, in: folder).said == refusal)
    try folder.edit("model/config.json", "\"hidden_dropout\": 0.2", "\"hidden_dropout\": 0.1")
    #expect(try Program.cache.run(cache, in: folder).code == 0)
    #expect(try Program.train.run(train, in: folder).said.contains("finished before"))

    // The layers below the cut, which made the rows, are those of the export, too.
    try folder.write("model/model.safetensors", Data(folder.bytes("trained/model.safetensors")))
    #expect(try Program.cache.run(cache, in: folder).output.contains("0 computed"))
    #expect(try Program.train.run(train, in: folder).said == refusal)
    #expect(try Program.train.run(train + ["--replace"], in: folder).code == 0)
    #expect(try folder.bytes("run/best.safetensors") != first)
}

@Test(arguments: [SIGTERM, SIGKILL])
func stoppedTrainingGoesOnToTheSameWeights(signal: Int32) throws {
    let folder = try cachedCorpus()
    let epochs = 60
    let whole = try Program.train.run(trainArguments(out: "whole", epochs: epochs), in: folder)
    #expect(whole.code == 0)

    let arguments = trainArguments(epochs: epochs, "--progress", "json", "--resume")
    let stopped = try Program.train.stop(arguments, with: signal, at: "epoch 3/", leaving: "run", in: folder)
    if signal == SIGTERM {
        #expect(stopped.code == 75)
        #expect(
            stopped.errors == [
                "error: interrupted; the state is in run/state, and the same command with --resume goes on"
            ]
        )
    } else {
        #expect(stopped.code == -SIGKILL)
    }
    #expect(!folder.exists("run/result.json"))

    let rest = try Program.train.run(arguments, in: folder)
    #expect(rest.code == 0)
    if signal == SIGTERM { #expect(rest.said.contains("resumed after epoch ")) }
    #expect(try folder.bytes("run/best.safetensors") == folder.bytes("whole/best.safetensors"))
    for split in ["development", "test"] {
        #expect(try folder.read("run/predictions-\(split).csv") == folder.read("whole/predictions-\(split).csv"))
    }
    #expect(try folder.read("run/metrics.jsonl").split(separator: "\n").count == epochs)
    #expect(fileNames(of: "run", in: folder) == fileNames(of: "whole", in: folder), "nothing is left behind")
}

/// Stage two refuses before it trains, and says where the fault is.
struct TrainCase: CustomTestStringConvertible, Sendable {
    var testDescription: String
    var code: Int32
    var errors: [String]
    var more: [String] = []
    var change: @Sendable (Scratch) throws -> Void = { _ in }

    /// A changed manifest, given with `--corpus`.
    static func corpus(
        _ description: String, _ errors: [String], change: @escaping @Sendable (String) -> String
    ) -> TrainCase {
        TrainCase(
            testDescription: description, code: 65, errors: errors, more: ["--corpus", "newer.csv"],
            change: { try $0.write("newer.csv", change(try $0.read("manifest.csv"))) })
    }

    static let all = [
        TrainCase(
            testDescription: "no cache", code: 66,
            errors: [
                "cache/cache.json: cannot be opened (No such file or directory); expected a cache file, make it with "
                    + "undertone-cache"
            ], change: { try $0.remove("cache/cache.json") }),
        TrainCase(
            testDescription: "a shard is missing", code: 66,
            errors: [
                "cache/shard-00000.h5: cannot be opened (No such file or directory); expected a cache file, make it "
                    + "with undertone-cache"
            ], change: { try $0.remove("cache/shard-00000.h5") }),
        TrainCase(
            testDescription: "no weights above the cut", code: 66,
            errors: [
                "cache/upper.safetensors: not found; it carries the weights above the cut and is written at the end "
                    + "of undertone-cache, so let that finish first"
            ], change: { try $0.remove("cache/upper.safetensors") }),
        TrainCase(
            testDescription: "no such label", code: 65,
            errors: [
                "cache/corpus.csv:1: no label column 'activaton'; the columns are activation; did you mean activation?"
            ], more: ["--set", "labels=[activaton]"]),
        TrainCase(
            testDescription: "more layers than the cut leaves", code: 65,
            errors: [
                "cache: holds cut 2, but training the top 3 layers needs cut 1 or lower; cache again with --cut 1, or "
                    + "train fewer layers (--set layers=…)"
            ], more: ["--set", "layers=3"]),
        TrainCase(
            testDescription: "more layers than the model has", code: 64,
            errors: ["key 'layers': found 9; expected 0 to 4, the model's transformer layers, or all"],
            more: ["--set", "layers=9"]),
        TrainCase(
            testDescription: "the embedding from above it", code: 65,
            errors: [
                "cache: holds cut 2, but training the embedding needs cut cnn; cache again with --cut cnn, or leave the "
                    + "embedding as it is (--set embedding=frozen)"
            ], more: ["--set", "layers=all", "--set", "embedding=train"]),
        TrainCase(
            testDescription: "adapters of no layers", code: 64,
            errors: [
                "training configuration: key 'tuning': found lora, which is of trained layers, with layers: 0; expected "
                    + "layers of 1 or more, or all"
            ], more: ["--set", "layers=0", "--set", "tuning=lora"]),
        TrainCase(
            testDescription: "no configuration", code: 66,
            errors: ["none.yaml: no such file, or it cannot be read; give a YAML file"],
            more: ["--config", "none.yaml"]),
        TrainCase(
            testDescription: "a key misspelt in the configuration", code: 64,
            errors: [
                "typo.yaml:2: key 'epochz': no such key; did you mean 'epochs'? valid here: "
                    + topLevelKeys
            ], more: ["--config", "typo.yaml"], change: { try $0.write("typo.yaml", "seed: 1\nepochz: 3\n") }),
        corpus(
            "labels that are no numbers",
            [
                "newer.csv:2: activation of 'u0' is 'high'; expected a finite number, or nothing when unlabelled",
                "newer.csv:3: activation of 'u1' is 'nan'; expected a finite number, or nothing when unlabelled",
                "newer.csv:4: activation of 'u2' is 'inf'; expected a finite number, or nothing when unlabelled",
            ]
        ) {
            $0.replacing(/(u0,.*,)\d\n/) { "\($0.1)high\n" }.replacing(/(u1,.*,)\d\n/) { "\($0.1)nan\n" }
                .replacing(/(u2,.*,)\d\n/) { "\($0.1)inf\n" }
        },
        corpus(
            "no training split",
            [
                "newer.csv: no cached utterance in split 'train', which training needs; add rows with that split to "
                    + "the manifest"
            ]
        ) { $0.replacing(",train,", with: ",test,") },
        corpus(
            "labels that are all alike",
            ["newer.csv: every label of 'activation' in split 'train' is 3.0; a CCC needs labels that differ"]
        ) { $0.replacing(/,\d\n/, with: ",3\n") },
        corpus(
            "no labels",
            [
                "newer.csv: no utterance of split 'train' is labelled for 'activation'; label some, or leave it out of "
                    + "labels"
            ]
        ) { $0.replacing(/,\d\n/, with: ",\n") },
    ]
}

@Test(arguments: TrainCase.all)
func trainingThatCannotBeIsRefused(_ bad: TrainCase) throws {
    let folder = try cachedCorpus()
    try bad.change(folder)
    let outcome = try Program.train.run(trainArguments() + bad.more, in: folder)
    #expect(outcome.code == bad.code)
    #expect(outcome.said == bad.errors.map { "error: \($0)\n" }.joined(), "nothing else is said")
    // Of a set-up that was looked at, word of how that ended.
    #expect(outcome.output.isEmpty && folder.names(in: "run").allSatisfy { $0 == "attempt.json" })
}

@Test func runThatCannotBeWritten() throws {
    let folder = try cachedCorpus()
    let outcome = try Program.train.run(trainArguments(out: "/proc/run"), in: folder)
    #expect(outcome.code == 73)
    #expect(outcome.errors.count == 1 && outcome.said.hasPrefix("error: /proc/run: cannot be written ("))
}

@Test func reportOfWhatIsNoRun() throws {
    let folder = try Scratch()
    let outcome = try Program.undertone.run(["report", "none"], in: folder)
    #expect(outcome.code == 66)
    #expect(
        outcome.said
            == "error: none/result.json: no such file; none is not a run directory, or its run is not done\n")
}

/// A run stopped at an epoch goes on to the weights of one that was not; runs side by side share the machine by OMP_NUM_THREADS, and
/// are still the same run under another share.
@Test func aRunStopsAtAnEpochAndGoesOnUnderAnotherShareOfTheMachine() throws {
    let folder = try cachedCorpus()
    let arguments =
        ["--cache", "cache", "--out", "run", "--resume"]
        + ["labels=[activation]", "layers=2", "epochs=3", "batch.utterances=4"].flatMap { ["--set", $0] }
    let train = try Program.train.url.path
    func run(threads: Int, _ more: String...) throws -> Outcome {
        try Running(
            URL(filePath: "/usr/bin/env"), ["OMP_NUM_THREADS=\(threads)", train] + arguments + more, in: folder
        ).wait()
    }
    let stopped = try run(threads: 3, "--until-epoch", "2")
    #expect(stopped.code == 0 && stopped.output.isEmpty)
    #expect(stopped.said.contains("on 3 threads of "))
    #expect(stopped.said.contains("run: stopped after epoch 2 of 3; --resume goes on\n"))
    #expect(!folder.exists("run/result.json") && !folder.exists("run.lock"))
    // One that is further already, as where a sweep's rungs are others now, is left as it is.
    let metrics = try folder.bytes("run/metrics.jsonl")
    let further = try run(threads: 3, "--until-epoch", "1")
    #expect(further.code == 0 && further.said.contains("run: stopped after epoch 2 of 3; --resume goes on\n"))
    #expect(try folder.bytes("run/metrics.jsonl") == metrics)
    let rest = try run(threads: 1)
    #expect(rest.code == 0 && rest.said.contains("resumed after epoch 2"), "\(rest.said)")
    let result = try JSONSerialization.jsonObject(with: folder.bytes("run/result.json")) as? [String: Any]
    #expect(result?["threads"] as? Int == 1)
    let refused = try run(threads: 1, "--until-epoch", "0")
    #expect(refused.code == 64 && refused.said.contains("--until-epoch is 0; expected 1 or more"))
}

/// After a `kill -9` of what started it a run may live on: the next one waits for it.
@Test func aRunThatIsBeingTrainedIsWaitedFor() throws {
    let folder = try cachedCorpus()
    let script = "exec 9>run.lock; flock 9; touch held; until [ -e go ]; do sleep 0.01; done"
    let other = try Running(URL(filePath: "/bin/bash"), ["-c", script], in: folder)
    while !folder.exists("held") { usleep(2000) }
    let running = try Program.train.start(trainArguments("--resume"), in: folder)
    running.waitUntilSaid("run: another process trains this run; waiting for it\n")
    #expect(running.isRunning && !folder.exists("run"))
    try folder.write("go", "")
    let outcome = try running.wait()
    #expect(outcome.code == 0, "\(outcome.said)")
    #expect(try other.wait().code == 0)
    #expect(folder.exists("run/result.json") && !folder.exists("run.lock"))
}

/// A search over settings must go on from it; of a cache that cannot be read it must not.
@Test func aSetUpThatTheCacheCannotServeIsAnOutcome() throws {
    let folder = try cachedCorpus()
    #expect(try Program.train.run(trainArguments("--set", "layers=3"), in: folder).code == 65)
    let attempt = try JSONSerialization.jsonObject(with: folder.bytes("run/attempt.json")) as? [String: String]
    #expect(attempt?["outcome"] == "failed" && attempt?["problem"]?.contains("needs cut 1 or lower") == true)
    try folder.remove("cache/upper.safetensors")
    #expect(try Program.train.run(trainArguments(out: "other"), in: folder).code == 66)
    #expect(!folder.exists("other/attempt.json"))
}
