import Foundation
import Testing

private func audioArguments(out: String = "run", _ more: String...) -> [String] {
    [
        "--audio", "--corpus", "manifest.csv", "--model", tinyModel, "--out", out, "--set", "labels=[activation]",
        "--set",
        "layers=2", "--set", "epochs=2", "--set", "batch.utterances=4", "--threads", "2", "--progress", "plain",
    ] + more
}

/// A set-up and the cut that it needs.
struct AudioCase: Sendable, CustomTestStringConvertible {
    let cut: String
    var overrides: [String] = []
    var compute = "float32"
    var testDescription: String { "cut \(cut), \(compute)\(overrides.map { ", \($0)" }.joined())" }

    var arguments: [String] { overrides.flatMap { ["--set", $0] } + ["--compute", compute] }
}

/// Training from the recordings gives the bits of training from a float32 cache of them, whatever is trained, in either precision.
@Test(arguments: [
    AudioCase(cut: "2"), AudioCase(cut: "2", compute: "bfloat16"), AudioCase(cut: "cnn", overrides: ["layers=all"]),
    AudioCase(cut: "cnn", overrides: ["layers=all", "recompute=true"], compute: "bfloat16"),
    AudioCase(cut: "0", overrides: ["layers=all", "tuning=lora", "ema=0.5"]),
    AudioCase(cut: "4", overrides: ["layers=0", "pooling=attentive", "mask.time.probability=0.3"]),
])
func trainingFromAudioIsTrainingFromACache(_ audio: AudioCase) throws {
    let folder = try Scratch()
    try folder.writeCorpus(12)
    let cached = try Program.cache.run(
        cacheArguments(cut: audio.cut, "--store", "float32", "--compute", audio.compute), in: folder)
    #expect(cached.code == 0, "\(cached.said)")
    let fromCache = try Program.train.run(trainArguments(out: "cached") + audio.arguments, in: folder)
    #expect(fromCache.code == 0, "\(fromCache.said)")
    // Stopped on the way and gone on with, too.
    for stop in ["--until-epoch=1", "--resume"] {
        let outcome = try Program.train.run(audioArguments() + audio.arguments + [stop], in: folder)
        #expect(outcome.code == 0, "\(outcome.said)")
    }
    for file in ["best.safetensors", "predictions-development.csv", "predictions-test.csv", "scores.csv"] {
        #expect(try folder.bytes("run/\(file)") == folder.bytes("cached/\(file)"), "\(file)")
    }
    func result(_ run: String) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: folder.bytes("\(run)/result.json")) as? [String: Any])
    }
    for key in ["cache_key", "cut", "model", "corpus_sha256", "setup"] {
        #expect(try result("run")[key] as? String == result("cached")[key] as? String, "\(key)")
    }
    #expect(try result("run")["cut"] as? String == audio.cut)
    #expect(
        folder.names(in: "cache") == ["cache.json", "corpus.csv", "rejects.csv", "shard-00000.h5", "upper.safetensors"])
}

/// A run that had no cache has all that prediction and export begin with.
@Test(arguments: [
    AudioCase(cut: "2"), AudioCase(cut: "cnn", overrides: ["layers=all", "standardise=true"], compute: "bfloat16"),
])
func predictionsOfARunFromAudioAreItsOwnBitForBit(_ audio: AudioCase) throws {
    let folder = try Scratch()
    try folder.writeCorpus(12)
    let trained = try Program.train.run(audioArguments() + audio.arguments, in: folder)
    try #require(trained.code == 0, "\(trained.said)")
    let outcome = try Program.undertone.run(["predict", "--run", "run", "manifest.csv"], in: folder)
    #expect(outcome.code == 0 && outcome.said.isEmpty, "\(outcome.said)")
    let predicted = folder.table(outcome.output), known = try folder.runPredictions()
    #expect(known.count == 6 && Set(known.values).count == 6)
    for (id, value) in known { #expect(predicted[id] == [value], "\(id)") }

    for format in ["bundle", "onnx"] {
        let export = try Program.undertone.run(
            ["export", "--run", "run", "--format", format, "-o", format], in: folder)
        #expect(export.code == 0, "\(export.said)")
    }
    let bundled = try Program.undertone.run(
        ["predict", "--bundle", "bundle/bundle.safetensors", "manifest.csv"], in: folder)
    #expect(bundled.code == 0 && bundled.output == outcome.output, "\(bundled.said)")
}

/// They refuse the run as they fail a cache, before anything is trained; as many as are allowed are left out.
@Test func recordingsThatCannotBeUsedAreNamed() throws {
    let folder = try Scratch()
    try folder.writeCorpus(12)
    try folder.write("u4.wav", "this is no sound\n")
    func expectNamed(_ outcome: Outcome) {
        let rejected = outcome.lines("rejected: ")
        #expect(rejected.count == 1 && rejected[0].contains("u4.wav") && rejected[0].hasSuffix("(manifest.csv:6)"))
    }
    for more in [[], ["--max-rejects", "8%"], ["--progress", "none"]] {
        let refused = try Program.train.run(audioArguments() + more, in: folder)
        #expect(refused.code == 65 && !folder.exists("run"))
        expectNamed(refused)
        let limit = more.first == "--max-rejects" ? "8.0 %" : "0"
        #expect(
            refused.errors == [
                "error: 1 of 12 recordings cannot be used, \(limit) allowed. Mend them or take them out of the manifest, "
                    + "or allow more with --max-rejects"
            ])
    }
    let outcome = try Program.train.run(audioArguments("--max-rejects", "1", "--progress", "none"), in: folder)
    #expect(outcome.code == 0, "\(outcome.said)")
    expectNamed(outcome)
    #expect(
        outcome.lines("warning: ") == [
            "warning: rows of the manifest have a recording that cannot be used; mend those; left out: 1 of train (u4)"
        ])
    let result = try JSONSerialization.jsonObject(with: folder.bytes("run/result.json")) as? [String: Any]
    #expect(result?["missing_utterances"] as? [String: Int] == ["train": 1])

    try folder.remove("u4.wav")
    #expect(try Program.train.run(audioArguments(out: "other"), in: folder).code == 66, "a file that is not there")
}

/// As stage one warns of them.
@Test func recordingsThatThereIsSomethingToSayAboutAreNamed() throws {
    let folder = try Scratch()
    try folder.writeCorpus(12)
    try folder.write("u4.wav", Wave(samples: [Float](repeating: 0, count: 8000)).bytes)
    let outcome = try Program.train.run(audioArguments("--progress", "none"), in: folder)
    #expect(outcome.code == 0, "\(outcome.said)")
    let cached = try Program.cache.run(cacheArguments(), in: folder)
    let warnings = outcome.lines("warning: ")
    #expect(warnings == cached.lines("warning: ") && warnings.count == 1, "\(outcome.said)")
    #expect(
        warnings.first?.hasSuffix("u4.wav: silent, every sample is the same; used as it is (manifest.csv:6)") == true)
}

@Test func aLabelOffItsScaleIsKnownBeforeAnythingIsDecoded() throws {
    let folder = try Scratch()
    try folder.writeCorpus(12)
    try folder.write("u4.wav", "this is no sound\n")
    let outcome = try Program.train.run(
        audioArguments("--set", "labels=[{name: activation, scale: [1, 4]}]"), in: folder)
    #expect(outcome.code == 65 && !outcome.lines("error: manifest.csv:").isEmpty, "\(outcome.said)")
    #expect(outcome.lines("rejected: ").isEmpty)
}

@Test func memoryThatSplitsBatchesOfRecordingsChangesNothingButRounding() throws {
    let folder = try Scratch()
    try folder.writeCorpus(12, frames: 80_000)
    let outcome = try Program.train.run(audioArguments("--set", "memory=1MB"), in: folder)
    #expect(outcome.code == 64)
    let advice = try #require(outcome.said.firstMatch(of: /give (\d+MB) or more/))
    #expect(outcome.said.hasPrefix("error: memory: 1MB is too little; the program, weights and optimiser take "))
    #expect(!folder.exists("run/metrics.jsonl"))

    #expect(try Program.train.run(audioArguments(out: "whole"), in: folder).code == 0)
    let least = String(advice.1)
    let split = try Program.train.run(audioArguments("--set", "memory=\(least)"), in: folder)
    #expect(split.code == 0, "\(split.said)")
    #expect(split.lines("the largest batch goes through the encoder in ").count == 1, "\(split.said)")
    func loss(_ run: String) throws -> Double {
        let line = try #require(try folder.read("\(run)/metrics.jsonl").split(separator: "\n").first)
        let epoch = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
        return try #require(epoch?["train_loss"] as? Double)
    }
    #expect(abs(try loss("run") - loss("whole")) < 1e-5)
}

@Test func severalSeedsInOneCall() throws {
    let folder = try Scratch()
    try folder.writeCorpus(12)
    let arguments = audioArguments("--set", "seeds=[3, 5]")
    let outcome = try Program.train.run(arguments, in: folder)
    #expect(outcome.code == 0, "\(outcome.said)")
    #expect(folder.names(in: "run") == ["config.yaml", "seed-3", "seed-5", "seeds.json"])
    #expect(outcome.lines("seed ") == ["seed 3, 1 of 2", "seed 5, 2 of 2"])
    #expect(outcome.output.hasPrefix("2 seeds, run: mean ± standard deviation between seeds\n"))
    let again = try Program.train.run(arguments + ["--resume"], in: folder)
    #expect(again.code == 0 && again.said == "run: this run was finished before; nothing is done over again\n")
    #expect(again.output == outcome.output)
    let report = try Program.undertone.run(["report", "run/seed-3", "run/seed-5", "-o", "report.html"], in: folder)
    #expect(report.code == 0, "\(report.said)")
}

@Test(arguments: [
    (["--cache", "cache", "--audio"], "--audio trains without a cache"),
    (["--audio", "--corpus", "manifest.csv"], "give --corpus <manifest.csv> and --model <model> too"),
    (["--cache", "cache", "--model", tinyModel], "--model is of use with --audio"),
    (["--cache", "cache", "--no-paths"], "--no-paths is of use with --audio"),
    (["--cache", "cache", "--max-rejects", "1"], "--max-rejects is of use with --audio"),
    ([], "give --cache <folder>, or --audio"),
    (["--cache", "cache", "--save-every=-1"], "expected seconds, 0 or more"),
])
func whatDoesNotGoTogether(arguments: [String], problem: String) throws {
    let outcome = try Program.train.run(arguments + ["--out", "run"], in: try Scratch())
    #expect(outcome.code == 64 && outcome.said.contains(problem), "\(outcome.said)")
}
