import Checkpoints
import Foundation
import Testing

private let pairs = ["--set", "labels=[activation, valence]"]

/// With a second label, so that dimensions could be mixed up.
private func run(_ train: [String], model: String = tinyModel) throws -> Scratch {
    let folder = try Scratch()
    let rows = try folder.writeCorpus(12)
    try folder.write(
        "manifest.csv",
        (["id,path,split,speaker,activation,valence"] + rows.enumerated().map { "\($1),\(1 + $0 * 5 % 7)" }).map {
            $0 + "\n"
        }
        .joined())
    let cached = try Program.cache.run(cacheArguments(model: model), in: folder)
    try #require(cached.code == 0, "\(cached.said)")
    let trained = try Program.train.run(trainArguments() + pairs + train, in: folder)
    try #require(trained.code == 0, "\(trained.said)")
    return folder
}

private func export(_ format: String, _ more: String..., in folder: Scratch) throws -> Outcome {
    try Program.undertone.run(["export", "--run", "run", "--format", format, "-o", format] + more, in: folder)
}

private func json(_ name: String, in folder: Scratch) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: folder.bytes(name)) as? [String: Any])
}

@Test func exportsOfTheHeadThatTransformersHas() throws {
    let folder = try run(["--set", "head.form=hf", "--set", "head.hidden=20"])
    let outcome = try export("hf", in: folder)
    #expect(outcome.code == 0 && outcome.said.isEmpty, "\(outcome.said)")
    #expect(
        outcome.output.split(separator: "\n")
            == ["hf/model.safetensors", "hf/config.json", "hf/preprocessor_config.json", "hf/README.md"])
    let config = try json("hf/config.json", in: folder)
    #expect(config["architectures"] as? [String] == ["Wav2Vec2ForSequenceClassification"])
    #expect(config["id2label"] as? [String: String] == ["0": "activation", "1": "valence"])
    #expect(config["problem_type"] as? String == "regression" && config["classifier_proj_size"] as? Int == 20)
    #expect(try json("hf/preprocessor_config.json", in: folder)["do_normalize"] as? Bool == true)
    let file = try SafetensorsFile.open("\(folder.path)/hf/model.safetensors")
    #expect(file.shape(of: "projector.weight") == [20, 48] && file.shape(of: "classifier.weight") == [2, 20])
    #expect(file.shape(of: "wav2vec2.encoder.layers.3.attention.q_proj.weight") == [48, 48])
    #expect(file.names.allSatisfy { $0.hasPrefix("wav2vec2.") || !$0.contains("encoder") && !$0.contains("pooled") })
    // The labels' scale is in the last layer: scores lie about the labels' mean, not about zero.
    let bias = try file.floats("classifier.bias")
    #expect(bias.allSatisfy { $0 > 1 && $0 < 7 }, "\(bias)")

    let card = try folder.read("hf/README.md")
    for line in [
        "# Activation, Valence from speech", "| train | 6 |", "| development | 4 |", "| test | 2 |", "## Limits",
        "## Licence",
        "AutoModelForAudioClassification", "- `model.safetensors`",
    ] { #expect(card.contains(line), "\(line)") }
    #expect(card.contains("| test | valence | ") && !card.contains(folder.path), "no path of this machine")
}

@Test func exportsOfAudEERINGsHead() throws {
    let folder = try run(["--set", "head.form=audeering"], model: "random:hubert-tiny")
    #expect(try export("hf", in: folder).code == 0)
    let config = try json("hf/config.json", in: folder)
    #expect(config["architectures"] as? [String] == ["HubertForSpeechClassification"])
    let source = try folder.read("hf/emotion_model.py")
    #expect(
        source.contains("class EmotionModel(HubertPreTrainedModel):") && source.contains("self.hubert = HubertModel"))
    let file = try SafetensorsFile.open("\(folder.path)/hf/model.safetensors")
    #expect(file.shape(of: "classifier.dense.weight") == [48, 48] && file.shape(of: "classifier.out_proj.bias") == [2])
}

@Test func adaptersAreOfTheAdaptedLayersAndMergedElsewhere() throws {
    let folder = try run([
        "--set", "head.form=hf", "--set", "tuning=lora", "--set", "lora.rank=3", "--set", "lora.alpha=6",
    ])
    #expect(try export("peft", in: folder).code == 0)
    let config = try json("peft/adapter_config.json", in: folder)
    #expect(config["r"] as? Int == 3 && config["lora_alpha"] as? Double == 6)
    #expect(
        config["layers_to_transform"] as? [Int] == [2, 3]
            && config["target_modules"] as? [String] == ["q_proj", "v_proj"])
    #expect(config["modules_to_save"] as? [String] == ["projector", "classifier"])
    let adapters = try SafetensorsFile.open("\(folder.path)/peft/adapter_model.safetensors")
    let name = "encoder.layers.2.attention.v_proj"
    #expect(adapters.shape(of: "base_model.model.wav2vec2.\(name).lora_A.weight") == [3, 48])
    #expect(adapters.names.count { $0.contains("lora_") } == 8)
    #expect(adapters.shape(of: "base_model.model.classifier.weight") == [2, 256])

    // W + 6/3 · B A, by hand.
    #expect(try export("safetensors", in: folder).code == 0)
    let merged = try SafetensorsFile.open("\(folder.path)/safetensors/model.safetensors")
    #expect(merged.names.allSatisfy { !$0.contains("lora") && !$0.hasPrefix("wav2vec2.") })
    let upper = try SafetensorsFile.open("\(folder.path)/cache/upper.safetensors").floats("\(name).weight")
    let best = try SafetensorsFile.open("\(folder.path)/run/best.safetensors")
    let down = try best.floats("\(name).lora_A.weight"), up = try best.floats("\(name).lora_B.weight")
    let found = try merged.floats("\(name).weight")
    var largest: Float = 0, change: Float = 0
    for row in 0..<48 {
        for column in 0..<48 {
            let product = (0..<3).reduce(Float(0)) { $0 + up[row * 3 + $1] * down[$1 * 48 + column] }
            let expected = upper[row * 48 + column] + 2 * product
            largest = max(largest, abs(found[row * 48 + column] - expected))
            change = max(change, abs(2 * product))
        }
    }
    #expect(largest < 1e-6 && change > 1e-5, "\(largest) of \(change)")
}

@Test func otherHeadsGoBesideTheAdaptersOrNowhere() throws {
    let folder = try run(["--set", "tuning=lora"])
    #expect(try export("peft", in: folder).code == 0)
    #expect(
        folder.names(in: "peft") == [
            "README.md", "adapter_config.json", "adapter_model.safetensors", "head.safetensors",
        ])
    let adapters = try SafetensorsFile.open("\(folder.path)/peft/adapter_model.safetensors")
    #expect(adapters.names.allSatisfy { $0.hasPrefix("base_model.model.encoder.layers.") })
    let refused = try export("hf", in: folder)
    #expect(refused.code == 65 && !folder.exists("hf"), "nothing is written of what does not fit")
    #expect(
        refused.said
            == "error: run: cannot be exported as hf: its head form is mlp, which no class of transformers has (head.form: hf "
            + "and audeering have one); formats that fit: onnx, safetensors, bundle\n")
    #expect(try export("onnx", in: folder).code == 0)
    #expect(folder.names(in: "onnx") == ["README.md", "model.onnx"])
}

@Test func whatDoesNotFitAFormatIsRefused() throws {
    let folder = try run(["--set", "head.form=hf", "--set", "pooling=mean_std"])
    let pooling = try export("hf", in: folder)
    #expect(pooling.code == 65 && pooling.said.contains("its pooling is mean_std, and the published classes have mean"))
    let adapters = try export("peft", in: folder)
    #expect(
        adapters.code == 65
            && adapters.said.contains(
                "it trained top 2 of 4 layers, and peft's files hold low-rank adapters (tuning: lora)")
    )
    // A folder that somebody uses stays as it is.
    try FileManager.default.createDirectory(atPath: "\(folder.path)/onnx", withIntermediateDirectories: true)
    try folder.write("onnx/mine.txt", "mine")
    let occupied = try export("onnx", in: folder)
    #expect(occupied.code == 64)
    #expect(occupied.said == "error: onnx: is not empty; give --replace to write into it all the same, or another -o\n")
    #expect(folder.names(in: "onnx") == ["mine.txt"])
    #expect(try export("onnx", "--replace", in: folder).code == 0)
    #expect(folder.names(in: "onnx") == ["README.md", "mine.txt", "model.onnx"])
}

/// Of every format: what it was made of, its scores and limits, and the licence that the checkpoint's folder names.
@Test func everyFormatHasItsCard() throws {
    let folder = try Scratch()
    try folder.writeCorpus(12)
    try folder.copyModel(to: "models/tiny")
    try folder.write("corpus.json", #"{"name": "Twelve tones", "synthetic": true}"#)
    #expect(try Program.cache.run(cacheArguments(model: "models/tiny"), in: folder).code == 0)
    let train = trainArguments() + ["--set", "head.form=hf", "--set", "tuning=lora"]
    #expect(try Program.train.run(train, in: folder).code == 0)
    let provenance = ModelProvenance(
        repository: "someone/tiny", revision: "main", commit: "c0ffee", endpoint: "https://example.org",
        licence: "cc-by-nc-4.0", files: [])
    try provenance.write(directory: "\(folder.path)/models/tiny")
    for (format, lines) in [
        ("hf", ["AutoModelForAudioClassification.from_pretrained(\".\")", "- `config.json`"]),
        ("peft", ["Wav2Vec2ForSequenceClassification.from_pretrained(", "- `adapter_model.safetensors`"]),
        ("onnx", ["onnxruntime.InferenceSession(\"model.onnx\")", "- `model.onnx`"]),
        ("safetensors", ["load_file(\"model.safetensors\")", "- `model.safetensors`"]),
        ("bundle", ["undertone predict --bundle bundle.safetensors recordings/", "- `bundle.safetensors`"]),
    ] {
        let outcome = try export(format, in: folder)
        #expect(outcome.code == 0, "\(outcome.said)")
        let card = try folder.read("\(format)/README.md")
        for line in lines + [
            "# Activation from speech", "A wav2vec2 encoder, finetuned from `someone/tiny` (commit `c0ffee`) with",
            "| train | 6 |", "## Limits", "These weights derive from `someone/tiny` and",
            "**Twelve tones**.", "**Synthetic speech: the scores below say nothing about people.**",
            "The checkpoint's licence is `cc-by-nc-4.0`, as its own page has it",
        ] { #expect(card.contains(line), "\(format): \(line)") }
        let scores = card.split(separator: "\n").filter { $0.hasPrefix("| test | activation | ") }
        #expect(scores.count == 1 && scores[0].hasSuffix(" | 2 |"), "\(format)")
        #expect(!card.contains(folder.path), "\(format): no path of this machine")
    }
    try folder.remove("models/tiny/source.json")
    #expect(try export("onnx", "--replace", in: folder).code == 0)
    let card = try folder.read("onnx/README.md")
    #expect(card.contains("Look at the checkpoint's licence and at the corpus's terms") && !card.contains("cc-by"))
    #expect(card.contains("finetuned from `tiny` with"))
}

/// Of a checkpoint's name only the last part was kept, which of the hub's cache is a commit: peft could not find what to adapt.
@Test func peftIsToldWhatTheHubCallsTheCheckpoint() throws {
    let folder = try Scratch()
    try folder.writeCorpus(12)
    try folder.fillHubCache()
    try folder.copyModel(to: "models/tiny")
    try ModelProvenance(
        repository: "someone/tiny", revision: "main", commit: "c0ffee", endpoint: "https://example.org", licence: nil,
        files: []
    ).write(directory: "\(folder.path)/models/tiny")
    let snapshot = "hub/models--org--tiny/snapshots/abc123"
    try FileManager.default.createSymbolicLink(atPath: "\(folder.path)/link", withDestinationPath: snapshot)
    #expect(try Program.cache.run(cacheArguments(model: "model"), in: folder).code == 0)
    #expect(try Program.train.run(trainArguments() + ["--set", "tuning=lora"], in: folder).code == 0)

    func base(_ model: [String], format: String = "peft") throws -> [String?] {
        let outcome = try Program.undertone.run(
            ["export", "--format", format, "-o", format, "--replace"] + model,
            after: "export HF_HUB_CACHE=\(folder.path)/hub", in: folder)
        #expect(outcome.code == 0, "\(outcome.said)")
        let config = try json("peft/adapter_config.json", in: folder)
        #expect(config.keys.contains("revision"))
        return [config["base_model_name_or_path"] as? String, config["revision"] as? String]
    }
    #expect(try base(["--run", "run"]) == ["model", nil])
    #expect(try base(["--run", "run", "--model", "models/tiny"]) == ["someone/tiny", "c0ffee"])
    for name in ["org/tiny", "org/tiny@main", snapshot, "\(folder.path)/\(snapshot)/", "link"] {
        #expect(try base(["--run", "run", "--model", name]) == ["org/tiny", "abc123"], "\(name)")
    }
    // A bundle goes where neither is.
    _ = try base(["--run", "run", "--model", "org/tiny"], format: "bundle")
    try folder.remove("hub")
    #expect(try base(["--bundle", "bundle/bundle.safetensors"]) == ["org/tiny", "abc123"])
}
