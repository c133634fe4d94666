import Foundation
import Testing

/// A Python with all that reads what Undertone writes: `UNDERTONE_PYTHON`, or `python3` on the path.
private let python: String? = {
    let candidates = [ProcessInfo.processInfo.environment["UNDERTONE_PYTHON"], "python3"].compactMap { $0 }
    let packages = "import h5py, numpy, onnxruntime, peft, safetensors, torch, transformers"
    return candidates.first { (try? run($0, ["-c", packages], in: Scratch()).code) == 0 }
}()

private func run(_ python: String, _ arguments: [String], in folder: Scratch) throws -> Outcome {
    try Running(URL(filePath: "/usr/bin/env"), [python] + arguments, in: folder).wait(seconds: 600)
}

private let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().path

/// Export parity: what transformers, peft and ONNX Runtime make of an export is what `undertone predict` says, within 1e-4.
@Suite(
    .serialized,
    .enabled(
        if: python != nil,
        "needs a python3 with h5py, onnxruntime, peft, torch and transformers; set UNDERTONE_PYTHON to one, or make interop"
    ))
struct InteropTests {
    struct Case: CustomTestStringConvertible, Sendable {
        /// One of the goldens' checkpoints: a real folder, which peft needs.
        var family: String
        var formats: [String]
        var train: [String]
        var cut = "2"
        var cache: [String] = []

        var testDescription: String { ([family] + formats + train).joined(separator: " ") }
    }

    private static let lora = ["tuning=lora", "lora.targets=[q_proj, v_proj, out_proj, output_dense]"]

    static let cases =
        ["wav2vec2-tiny", "hubert-tiny", "wavlm-tiny", "data2vec-audio-tiny"].flatMap { family in
            [
                Case(
                    family: family, formats: ["hf", "onnx", "peft"], train: ["head.form=hf", "head.hidden=16"] + lora),
                Case(family: family, formats: ["hf", "onnx"], train: ["head.form=audeering"]),
            ]
        } + [
            Case(family: "wav2vec2-large-tiny", formats: ["onnx", "peft"], train: ["head.hidden=16"] + lora),
            Case(
                family: "hubert-tiny", formats: ["hf", "peft"],
                train: ["head.form=hf", "layers=all", "lora.layers=[1, 3]"] + lora, cut: "1"),
            Case(
                family: "wavlm-large-tiny", formats: ["hf", "onnx"], train: ["layers=all", "head.form=hf"], cut: "cnn"),
            Case(
                family: "hubert-large-tiny", formats: ["onnx"],
                train: ["pooling=attentive", "head.layers=2", "head.hidden=16"]),
            Case(
                family: "wavlm-tiny", formats: ["onnx"],
                train: ["pooling=mean_std", "head.shared=true", "head.hidden=16"],
                cache: ["--pool", "3"]),
        ]

    @Test(arguments: cases)
    func exportsPredictWhatUndertonePredicts(_ set: Case) throws {
        let folder = try Scratch(), base = "\(root)/Tests/Goldens/\(set.family)"
        try folder.writeCorpus(12)
        let cached = try Program.cache.run(
            cacheArguments(model: base, cut: set.cut, "--store", "float32", "--compute", "float32") + set.cache,
            in: folder)
        try #require(cached.code == 0, "\(cached.said)")
        // Rates at which the scores leave the labels' mean in a few steps.
        let keys =
            [
                "optimiser.learning_rate.layers=1e-3", "optimiser.learning_rate.heads=3e-2",
                "optimiser.learning_rate.adapters=1e-2",
            ]
            + set.train
        let trained = try Program.train.run(
            trainArguments(epochs: 3, "--compute", "float32") + keys.flatMap { ["--set", $0] }, in: folder)
        try #require(trained.code == 0, "\(trained.said)")
        let predicted = try Program.undertone.run(
            ["predict", "--run", "run", "manifest.csv", "-o", "predictions.csv"], in: folder)
        try #require(predicted.code == 0, "\(predicted.said)")
        for format in set.formats {
            let export = try Program.undertone.run(
                ["export", "--run", "run", "--format", format, "-o", format], in: folder)
            try #require(export.code == 0, "\(export.said)")
        }
        let outcome = try run(
            try #require(python),
            ["\(root)/Tests/Parity/exports.py", "predictions.csv", "manifest.csv"] + set.formats.map { "\($0)=\($0)" }
                + ["--base", base], in: folder)
        #expect(outcome.code == 0, "\(outcome.output)\(outcome.said)")
        for format in set.formats {
            #expect(outcome.output.contains("\(format): 12 recordings, largest difference "), "\(outcome.output)")
        }
    }

    /// The scripts of docs/python.md, as they are shown there.
    @Test(arguments: ["float16", "bfloat16", "float32", "int8"])
    func aHeadIsTrainedInTorchFromACache(store: String) throws {
        let folder = try Scratch()
        try folder.writeCorpus(24)
        #expect(try Program.cache.run(cacheArguments("--store", store), in: folder).code == 0)
        let outcome = try run(
            try #require(python),
            ["\(root)/docs/python/train_head.py", "cache", "--label", "activation", "--epochs", "5"], in: folder)
        #expect(outcome.code == 0, "\(outcome.said)")
        #expect(outcome.output.contains("12 utterances to train on, 8 for development, rows of 48 columns at cut 2"))
        #expect(outcome.output.contains("development CCC "))
    }

    /// A corpus, a run whose scores differ from recording to recording, and nothing rounded on the way.
    private func preciseRun(model: String = tinyModel, _ train: [String]) throws -> Scratch {
        let precise = ["--compute", "float32"]
        let rates = ["optimiser.learning_rate.layers=1e-3", "optimiser.learning_rate.heads=3e-2"]
        return try finishedRun(
            model: model, cache: ["--store", "float32"] + precise,
            train: precise + (rates + train).flatMap { ["--set", $0] })
    }

    private func export(_ format: String, in folder: Scratch) throws {
        let outcome = try Program.undertone.run(
            ["export", "--run", "run", "--format", format, "-o", "export"], in: folder)
        try #require(outcome.code == 0, "\(outcome.said)")
    }

    /// What Undertone says of two recordings that it scores differently.
    private func scores(of recordings: [String], in folder: Scratch) throws -> [Double] {
        let predicted = try Program.undertone.run(["predict", "--run", "run"] + recordings, in: folder)
        let table = folder.table(predicted.output)
        let scores = try recordings.map { try #require(Double(table[$0]?.first ?? "")) }
        let low = try #require(scores.min()), high = try #require(scores.max())
        try #require(high - low > 1e-3, "scores that are all alike prove nothing")
        return scores
    }

    @Test(arguments: [("hf", "hf"), ("hf", "audeering"), ("onnx", "mlp")])
    func anExportIsLoadedInAFewLines(format: String, head: String) throws {
        let folder = try preciseRun(["head.form=\(head)"])
        try export(format, in: folder)
        let recordings = ["u1.wav", "u5.wav", "u10.wav"]
        for (recording, expected) in zip(recordings, try scores(of: recordings, in: folder)) {
            let outcome = try run(
                try #require(python), ["\(root)/docs/python/load_export.py", "export", recording], in: folder)
            #expect(outcome.code == 0, "\(outcome.said)")
            let words = outcome.output.split(whereSeparator: \.isWhitespace)
            #expect(words.first == "activation")
            let found = try #require(Double(words.last ?? ""))
            #expect(abs(found - expected) <= 1e-4, "\(recording)")
        }
    }

    /// Weights that a class does not find are drawn anew by transformers: the script does not score with those.
    @Test func anExportThatLacksItsClassIsNotScored() throws {
        let folder = try preciseRun(["head.form=audeering"])
        try export("hf", in: folder)
        try folder.remove("export/emotion_model.py")
        let outcome = try run(
            try #require(python), ["\(root)/docs/python/load_export.py", "export", "u5.wav"], in: folder)
        #expect(outcome.code == 1 && outcome.output.isEmpty)
        #expect(outcome.said.contains("export: Wav2Vec2ForSequenceClassification lacks ['"), "\(outcome.said)")
        let other = try run(
            try #require(python), ["\(root)/docs/python/load_export.py", "run", "u5.wav"], in: folder)
        #expect(other.code == 1 && other.said.contains("run: neither model.onnx nor config.json is in it"))
    }

    /// Formats, heads, trained parts whose cards show other lines.
    static let cards: [(String, [String], String)] = [
        ("hf", ["head.form=hf"], "wav2vec2-tiny"), ("hf", ["head.form=audeering"], "hubert-tiny"),
        ("peft", ["head.form=hf", "tuning=lora"], "wav2vec2-tiny"),
        ("peft", ["head.form=hf", "tuning=lora"], "wavlm-tiny"),
        ("peft", ["tuning=lora"], "wav2vec2-tiny"), ("onnx", [], "wav2vec2-tiny"), ("safetensors", [], "wav2vec2-tiny"),
    ]

    /// The lines of a model card, as they stand there but for the place of the original checkpoint.
    @Test(arguments: cards)
    func theModelCardsLinesRun(format: String, train: [String], family: String) throws {
        let base = "\(root)/Tests/Goldens/\(family)", folder = try preciseRun(model: base, train)
        try export(format, in: folder)
        let card = try folder.read("export/README.md")
        let block = try #require(card.split(separator: "```").dropFirst().first, "\(card)")
        try #require(block.hasPrefix("python\n"))
        let program = String(block.dropFirst("python\n".count))
            .replacing("path/to/the/original/checkpoint", with: base)
        try folder.write("export/card.py", program)
        for (recording, expected) in zip(["u1.wav", "u5.wav"], try scores(of: ["u1.wav", "u5.wav"], in: folder)) {
            try folder.write("export/recording.wav", folder.bytes(recording))
            let outcome = try Running(
                URL(filePath: "/usr/bin/env"), ["-C", "export", try #require(python), "card.py"], in: folder
            ).wait(seconds: 600)
            #expect(outcome.code == 0, "\(outcome.said)\n\(program)")
            if format == "safetensors" || format == "peft" && train.count == 1 {
                // Only parts of a model: there is no score to print.
                #expect(!outcome.output.isEmpty)
            } else {
                let found = try JSONDecoder().decode([Double].self, from: Data(outcome.output.utf8))
                #expect(found.count == 1 && abs(found[0] - expected) <= 1e-4, "\(outcome.output) of \(expected)")
            }
        }
    }
}
