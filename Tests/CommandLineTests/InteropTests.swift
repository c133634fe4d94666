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

    @Test(arguments: ["hf", "onnx"])
    func anExportIsLoadedInAFewLines(format: String) throws {
        let folder = try finishedRun(train: ["--set", "head.form=hf"])
        #expect(
            try Program.undertone.run(["export", "--run", "run", "--format", format, "-o", "export"], in: folder).code
                == 0)
        let predicted = try Program.undertone.run(["predict", "--run", "run", "u5.wav"], in: folder)
        let expected = try #require(Double(folder.table(predicted.output)["u5.wav"]?.first ?? ""))
        let outcome = try run(
            try #require(python), ["\(root)/docs/python/load_export.py", "export", "u5.wav"], in: folder)
        #expect(outcome.code == 0, "\(outcome.said)")
        let words = outcome.output.split(whereSeparator: \.isWhitespace)
        #expect(words.first == "activation")
        // The run's rows are float16 and its products perhaps bfloat16; the export is float32.
        let found = try #require(Double(words.last ?? ""))
        #expect(abs(found - expected) < 0.1)
    }
}
