import Checkpoints
import Foundation
import FrozenModels
import SpeechEncoder
import Testing

/// A copy of a golden's tiny model, which a test may spoil.
private final class ModelFolder {
    let path = NSTemporaryDirectory() + "undertone-test-" + UUID().uuidString

    init(_ golden: String = "wav2vec2-tiny") throws {
        let goldens = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        try FileManager.default.copyItem(atPath: goldens.appending(path: "Goldens/\(golden)").path, toPath: path)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: "\(path)/\(name)") }

    func write(_ name: String, _ text: String) throws {
        try Data(text.utf8).write(to: URL(filePath: "\(path)/\(name)"))
    }

    func edit(_ name: String, _ old: String, _ new: String) throws {
        let text = try String(contentsOfFile: "\(path)/\(name)", encoding: .utf8)
        try #require(text.contains(old))
        try write(name, text.replacing(old, with: new))
    }
}

@Test func aWholeModelIsDescribed() throws {
    let folder = try ModelFolder()
    let overview = try ModelOverview(folder.path)
    #expect(overview.isUsable && overview.problems.isEmpty && overview.folder == folder.path)
    let architecture = try #require(overview.architecture)
    #expect(architecture.family == "wav2vec2" && architecture.layers == 12 && architecture.hiddenSize == 40)
    #expect(architecture.cuts == ["cnn"] + (0...12).map(String.init))
    #expect(architecture.convolutionNorm == "group" && !architecture.isPreNorm)
    let weights = try #require(overview.weights)
    #expect(weights.files.map(\.name) == ["model.safetensors"])
    let size = try FileManager.default.attributesOfItem(atPath: "\(folder.path)/model.safetensors")[.size] as? Int
    #expect(weights.files[0].bytes == size)
    #expect(weights.tensorsByType == ["float32": weights.tensors] && weights.ignored.isEmpty)
    #expect(overview.preprocessing?.sampleRateHz == 16_000)
    #expect(overview.licence == nil && overview.provenance == nil)
}

@Test func publishedShapesHaveTheirPublishedSizes() throws {
    for (preset, parameters, hop) in [
        ("wav2vec2-base", 94_370_944, 320), ("hubert-base", 94_370_944, 320), ("wavlm-base", 94_381_168, 320),
    ] {
        let overview = try ModelOverview("random:\(preset)?seed=0")
        #expect(overview.isUsable && overview.folder == nil && overview.weights?.files.isEmpty == true)
        #expect(overview.architecture?.parameters == parameters, "\(preset)")
        #expect(overview.architecture?.hopSamples == hop && overview.architecture?.minimumSamples == 400)
    }
}

@Test func theLicenceIsTheCardsElseTheProvenances() throws {
    let folder = try ModelFolder()
    let provenance = ModelProvenance(
        repository: "org/model", revision: "main", commit: "abc", endpoint: "https://huggingface.co",
        licence: "mit", files: [])
    try provenance.write(directory: folder.path)
    #expect(try ModelOverview(folder.path).licence == "mit")
    #expect(try ModelOverview(folder.path).provenance == provenance)
    for (card, licence) in [
        ("---\nlanguage: en\nlicense: apache-2.0\n---\n# A model\n", "apache-2.0"),
        ("---\r\nlicense: \"cc-by-nc-4.0\"\r\n---\r\n", "cc-by-nc-4.0"), ("# A model\nlicense: none\n", "mit"),
        ("---\nlicense:\n- mit\n---\n", "mit"), ("---\nlicense: never closed\n", "mit"), ("", "mit"),
    ] {
        try folder.write("README.md", card)
        #expect(try ModelOverview(folder.path).licence == licence, "\(card)")
    }
}

@Test func everyReasonIsNamedAndTheRestToldAllTheSame() throws {
    let folder = try ModelFolder()
    try folder.remove("preprocessor_config.json")
    try folder.edit("config.json", #""intermediate_size": 72"#, #""intermediate_size": 73"#)
    let overview = try ModelOverview(folder.path)
    #expect(!overview.isUsable && overview.problems.count == 2)
    #expect(overview.problems[0].contains("tensors have another shape"))
    #expect(overview.problems[1].contains("no preprocessor_config.json"))
    #expect(overview.architecture?.intermediateSize == 73 && overview.preprocessing == nil)
}

/// An error names a dozen; whoever asks for everything gets everything.
@Test func allMissingTensorsAreListed() throws {
    let folder = try ModelFolder()
    try folder.edit("config.json", #""num_hidden_layers": 12"#, #""num_hidden_layers": 14"#)
    let weights = try #require(try ModelOverview(folder.path).weights)
    #expect(weights.missing.count == 2 * 16 && Set(weights.missing).count == 32 && weights.wrongShape.isEmpty)
    #expect(weights.missing.allSatisfy { $0.contains("layers.12.") || $0.contains("layers.13.") })

    try folder.edit("config.json", #""num_hidden_layers": 14"#, #""num_hidden_layers": 12"#)
    try folder.edit("config.json", #""intermediate_size": 72"#, #""intermediate_size": 73"#)
    let misshapen = try #require(try ModelOverview(folder.path).weights)
    #expect(misshapen.missing.isEmpty && misshapen.wrongShape.count == 12 * 3)
    #expect(misshapen.wrongShape.contains { $0.found == [72, 40] && $0.expected == [73, 40] })
}

@Test func aModelWithoutWeightsIsStillKnown() throws {
    let folder = try ModelFolder()
    try folder.remove("model.safetensors")
    try folder.remove("pytorch_model.bin")
    let overview = try ModelOverview(folder.path)
    #expect(overview.architecture?.layers == 12 && overview.weights == nil)
    #expect(overview.problems.count == 1 && overview.problems[0].contains("no model.safetensors, no "))
}

@Test func aFamilyThatIsNotKnownIsNamed() throws {
    let folder = try ModelFolder()
    try folder.edit("config.json", #""model_type": "wav2vec2""#, #""model_type": "whisper""#)
    let overview = try ModelOverview(folder.path)
    #expect(overview.problems.count == 1 && overview.problems[0].contains(#"model_type is "whisper""#))
    #expect(overview.architecture == nil && (overview.weights?.tensors ?? 0) > 0 && overview.preprocessing != nil)
}

@Test func noFolderIsNoModel() {
    #expect(throws: CheckpointError.missingDirectory(path: "/no/such/folder")) { try ModelOverview("/no/such/folder") }
}
