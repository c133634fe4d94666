import Faults
import Foundation
import Testing

@testable import Checkpoints

@Suite struct CheckpointTests {
    static let layouts = ["safetensors", "pytorch", "sharded-safetensors", "sharded-pytorch"]

    @Test(arguments: layouts)
    func readsEveryLayout(layout: String) throws {
        let checkpoint = try Checkpoint.open(Fixtures.path(layout))
        #expect(checkpoint.names == Fixtures.state.map(\.name))
        for (name, shape, floats) in Fixtures.state {
            #expect(checkpoint.shape(of: name) == shape)
            #expect(try checkpoint.floats(name) == floats)
            #expect(try checkpoint.floats(name, shape: shape) == floats)
        }
        #expect(try checkpoint.configuration.int("hidden_size") == 6)
        #expect((checkpoint.preprocessor != nil) == (layout == "safetensors"))
        #expect(checkpoint.weightFiles.count == (layout.hasPrefix("sharded") ? 2 : 1))
    }

    @Test(arguments: layouts)
    func sameWeightsHaveTheSameHashInEveryLayout(layout: String) throws {
        let checkpoint = try Checkpoint.open(Fixtures.path(layout))
        // Computed by hashlib over the same bytes.
        #expect(
            try checkpoint.sha256OfTensors(checkpoint.names.reversed())
                == "cc95ab12e13935cba141f97f808918a0c054c42ebd333d3bec17359917434262")
        let some = try checkpoint.sha256OfTensors(["classifier.weight"])
        #expect(some != (try checkpoint.sha256OfTensors(["encoder.layer_norm.weight"])))
    }

    @Test func hashDependsOnNameShapeAndEveryValue() throws {
        let folder = try TemporaryFolder()
        let variants: [(String, [Int], [Float])] = [
            ("a", [2, 1], [1, 2]), ("b", [2, 1], [1, 2]), ("a", [1, 2], [1, 2]), ("a", [2], [1, 2]),
            ("a", [2, 1], [1, Float(2).nextUp]), ("a", [2, 1], [2, 1]),
        ]
        var hashes: Set<String> = []
        for (name, shape, floats) in variants {
            let path = "\(folder.path)/t.safetensors"
            try SafetensorsFile.write(to: path, tensors: [(name: name, shape: shape, floats: floats)])
            hashes.insert(try SafetensorsFile.open(path).sha256OfTensors([name]))
        }
        #expect(hashes.count == variants.count)
    }

    @Test func safetensorsIsPreferred() throws {
        let folder = try TemporaryFolder()
        _ = try folder.write("config.json", "{}")
        _ = try folder.write("pytorch_model.bin", "not even a zip")
        _ = try folder.write("model.safetensors", Fixtures.bytes("safetensors/model.safetensors"))
        #expect(try Checkpoint.open(folder.path).names.count == 5)
    }

    @Test func saysWhatWasLookedForAndWhatIsThere() throws {
        let folder = try TemporaryFolder()
        func check(_ expected: String, _ kind: FaultKind = .missingInput, path: String? = nil) {
            let error = #expect(throws: CheckpointError.self) { try Checkpoint.open(path ?? folder.path) }
            #expect(folder.message(error) == expected)
            #expect(error?.kind == kind)
        }
        check(
            "none: no such folder; expected a model in Hugging Face layout (config.json and its weights)",
            path: "\(folder.path)/none")
        check("FOLDER: no config.json; the folder is empty")
        _ = try folder.write("README.md", "")
        check("FOLDER: no config.json; the folder holds README.md")
        _ = try folder.write("config.json", "{}")
        check(
            """
            FOLDER: no model.safetensors, no model.safetensors.index.json, no pytorch_model.bin, \
            no pytorch_model.bin.index.json; the folder holds README.md, config.json
            """)
        _ = try folder.write("model.safetensors.index.json", #"{"weight_map": {"a": "../x.safetensors"}}"#)
        check(
            """
            FOLDER: no ../x.safetensors; the folder holds README.md, config.json, model.safetensors.index.json
            """)
        _ = try folder.write("x.safetensors", Fixtures.bytes("kinds.safetensors"))
        _ = try folder.write("model.safetensors.index.json", #"{"weight_map": {"a": "x.safetensors"}}"#)
        check("x.safetensors: no tensor a; the names there begin bfloat16, float16, float64 and 1 more", .badInput)
        _ = try folder.write("model.safetensors.index.json", #"{"weight_map": {"a": 1}}"#)
        check("model.safetensors.index.json: tensor a: its file is 1", .badInput)
        _ = try folder.write("model.safetensors.index.json", "{}")
        check("model.safetensors.index.json: has no weight_map, from tensor names to files", .badInput)
        _ = try folder.write("config.json", "[1]")
        check("config.json: is [1]; expected a JSON object", .badInput)
    }

    @Test func twoNamesForOneTensorAreRefused() throws {
        let folder = try TemporaryFolder()
        _ = try folder.write("config.json", "{}")
        try SafetensorsFile.write(
            to: "\(folder.path)/model.safetensors",
            tensors: [
                (name: "hubert.encoder.b", shape: [1], floats: [1]), (name: "encoder.b", shape: [1], floats: [1]),
            ])
        let error = #expect(throws: CheckpointError.self) { try Checkpoint.open(folder.path) }
        #expect(
            folder.message(error)
                == "model.safetensors: tensor hubert.encoder.b: stands for encoder.b, and so does encoder.b")
    }

    @Test func missingTensorAndWrongShape() throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/t.safetensors"
        try SafetensorsFile.write(
            to: path, tensors: [(name: "encoder.layers.0.layer_norm.weight", shape: [2, 3], floats: Fixtures.ramp(6))])
        let file = try SafetensorsFile.open(path)
        let missing = #expect(throws: CheckpointError.self) { try file.floats("layers.0.layer_norm.weight") }
        #expect(
            folder.message(missing)
                == """
                t.safetensors: no tensor layers.0.layer_norm.weight; similar are encoder.layers.0.layer_norm.weight
                """)
        let shape = #expect(throws: CheckpointError.self) {
            try file.floats("encoder.layers.0.layer_norm.weight", shape: [3, 2])
        }
        #expect(
            folder.message(shape)
                == "t.safetensors: tensor encoder.layers.0.layer_norm.weight: shape [2, 3], expected [3, 2]")
        #expect(shape?.kind == .badInput)
    }

    @Test(arguments: [
        ("wav2vec2.encoder.layer_norm.weight", "encoder.layer_norm.weight"),
        ("hubert.masked_spec_embed", "masked_spec_embed"), ("masked_spec_embed", "masked_spec_embed"),
        ("data2vec_audio.feature_extractor.conv_layers.0.conv.weight", "feature_extractor.conv_layers.0.conv.weight"),
        ("a_family_to_come.feature_projection.projection.bias", "feature_projection.projection.bias"),
        ("wav2vec2.adapter.proj.weight", "adapter.proj.weight"), ("encoder.encoder.layers.0.a", "encoder.layers.0.a"),
        ("encoder.layers.0.a", "encoder.layers.0.a"), ("encoder.layer_norm.weight", "encoder.layer_norm.weight"),
        ("feature_extractor.conv_layers.0.a", "feature_extractor.conv_layers.0.a"),
        ("lm_head.weight", "lm_head.weight"), ("classifier.dense.weight", "classifier.dense.weight"),
        ("quantizer.codevectors", "quantizer.codevectors"), ("project_hid.weight", "project_hid.weight"),
        ("wav2vec2.head.encoder.a", "wav2vec2.head.encoder.a"),
        (
            "hubert.encoder.pos_conv_embed.conv.parametrizations.weight.original0",
            "encoder.pos_conv_embed.conv.weight_g"
        ),
        ("conv.parametrizations.weight.original1", "conv.weight_v"), ("conv.weight_g", "conv.weight_g"),
    ])
    func canonicalNames(stored: String, expected: String) {
        #expect(TensorNames.canonical(stored) == expected)
    }
}
