import Foundation
import Testing

@testable import Checkpoints

/// The same weights in every form that a model's folder can have them in: `forms()` of `Fixtures/make_fixtures.py`.
@Suite struct FormsTests {
    enum Layout: String, CaseIterable { case oneFile, shards }

    static let tensors: [(name: String, shape: [Int], floats: [Float])] = [
        ("encoder.layer_norm.weight", [6], Fixtures.ramp(6).map { $0 * 0.5 }),
        ("encoder.pos_conv_embed.conv.weight_g", [1, 1, 3], [1, 2, 3]),
        ("encoder.pos_conv_embed.conv.weight_v", [2, 2, 3], Fixtures.ramp(12).map { $0 * 0.25 }),
        ("feature_projection.projection.weight", [4, 6], Fixtures.ramp(24).map { $0 * 0.125 - 1 }),
        ("lm_head.weight", [1, 2], [-0.5, 0.5]),
        ("masked_spec_embed", [6], Fixtures.ramp(6).map { $0 - 2 }),
    ]
    static let files = ["float32", "float16", "bfloat16", "float64"].flatMap { ["\($0).bin", "\($0).safetensors"] }

    /// A model's folder with this file's weights, in one file or in two shards and their index.
    private func folder(_ file: String, _ layout: Layout) throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        _ = try folder.write("config.json", "{}")
        let bytes = try Fixtures.bytes("forms/\(file)")
        let (stem, suffix) = file.hasSuffix(".bin") ? ("pytorch_model", "bin") : ("model", "safetensors")
        guard layout == .shards else {
            _ = try folder.write("\(stem).\(suffix)", bytes)
            return folder
        }
        let path = Fixtures.path("forms/\(file)")
        let names = suffix == "bin" ? try PyTorchArchive.open(path).names : try SafetensorsFile.open(path).names
        let shards = (1...2).map { "\(stem)-0000\($0)-of-00002.\(suffix)" }
        for shard in shards { _ = try folder.write(shard, bytes) }
        let places = names.enumerated().map { "\"\($1)\": \"\(shards[$0 % 2])\"" }
        _ = try folder.write(
            "\(stem).\(suffix).index.json", "{\"weight_map\": {\(places.joined(separator: ", "))}}")
        return folder
    }

    @Test(arguments: files, Layout.allCases)
    func everyFormHoldsTheSameWeights(file: String, layout: Layout) throws {
        let folder = try folder(file, layout)
        let checkpoint = try Checkpoint.open(folder.path)
        #expect(checkpoint.names == FormsTests.tensors.map(\.name))
        #expect(checkpoint.weightFiles.count == (layout == .shards ? 2 : 1))
        for (name, shape, floats) in FormsTests.tensors {
            #expect(checkpoint.shape(of: name) == shape)
            #expect(try checkpoint.floats(name) == floats)
            let mapped = try checkpoint.withFloats(name, shape: shape) { span in
                span.indices.map { span[$0] }
            }
            #expect(mapped == floats)
        }
        // Computed by hashlib, by the definition in the doc comment.
        #expect(
            try checkpoint.sha256OfTensors(checkpoint.names.reversed())
                == "31f81b8a28e8f92d402c0c6c8848fb91d553723e2f60f3194116dd765fbb5329")
    }

    /// float32 that begins at any byte, as other writers leave it, comes out the same.
    @Test(arguments: 0..<8)
    func unalignedTensorsAreCopied(padding: Int) throws {
        let folder = try TemporaryFolder()
        let header = #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"# + String(repeating: " ", count: padding)
        let length = withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Array($0) }
        let path = try folder.write("t.safetensors", length + Array(header.utf8) + [0, 0, 0x80, 0x3F, 0, 0, 0, 0x40])
        let values = try SafetensorsFile.open(path).withFloats("a") { span in span.indices.map { span[$0] } }
        #expect(values == [1, 2])
    }

    @Test func refusalsReachTheCallerOfWithFloats() throws {
        let kinds = try SafetensorsFile.open(Fixtures.path("kinds.safetensors"))
        #expect(throws: CheckpointError.self) { try kinds.withFloats("int64") { $0.count } }
        #expect(throws: CheckpointError.self) { try kinds.withFloats("none") { $0.count } }
        #expect(throws: CheckpointError.self) { try kinds.withFloats("float16", shape: [4]) { $0.count } }
        #expect(throws: CheckpointError.self) { try kinds.sha256OfTensors(["float16", "int64"]) }
        let refusal = CheckpointError.cannotWrite(path: "p", reason: "the body's own")
        let error = #expect(throws: CheckpointError.self) {
            try kinds.withFloats("float16") { (_) throws(CheckpointError) in throw refusal }
        }
        #expect(error == refusal)
    }
}
