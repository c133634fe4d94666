import Testing

@testable import Checkpoints

@Suite struct TensorComparisonTests {
    private func checkpoint(_ folder: TemporaryFolder) throws -> Checkpoint {
        _ = try folder.write("config.json", "{}")
        try SafetensorsFile.write(
            to: "\(folder.path)/model.safetensors",
            tensors: [
                (name: "wavlm.encoder.layer_norm.weight", shape: [2], floats: [1, 2]),
                (name: "wavlm.encoder.layer_norm.bias", shape: [2], floats: [1, 2]),
                (name: "classifier.weight", shape: [1, 2], floats: [1, 2]),
                (name: "projector.bias", shape: [1], floats: [1]),
            ])
        return try Checkpoint.open(folder.path)
    }

    @Test func headsAreExtraAndNamed() throws {
        let folder = try TemporaryFolder()
        let checkpoint = try checkpoint(folder)
        let wanted = [(name: "encoder.layer_norm.weight", shape: [2]), (name: "encoder.layer_norm.bias", shape: [2])]
        #expect(try checkpoint.require(wanted) == ["classifier.weight", "projector.bias"])
        let comparison = checkpoint.compare(with: wanted)
        #expect(comparison.isComplete)
        #expect(comparison.missing.isEmpty && comparison.wrongShape.isEmpty && comparison.wantedCount == 2)
    }

    @Test func everythingThatIsWrongIsSaidAtOnce() throws {
        let folder = try TemporaryFolder()
        let checkpoint = try checkpoint(folder)
        let wanted =
            [(name: "encoder.layer_norm.weight", shape: [3]), (name: "encoder.layer_norm.bias", shape: [2])]
            + (0..<14).map { (name: "encoder.layers.\($0).layer_norm.bias", shape: [2]) }
        let comparison = checkpoint.compare(with: wanted)
        #expect(comparison.missing.count == 14)
        #expect(comparison.wrongShape.map(\.name) == ["encoder.layer_norm.weight"])
        let error = #expect(throws: CheckpointError.self) { try checkpoint.require(wanted) }
        let listed = (0..<12).map { "encoder.layers.\($0).layer_norm.bias" }.joined(separator: ", ")
        #expect(
            folder.message(error)
                == "model.safetensors: 14 of 16 tensors are missing: \(listed) and 2 more; "
                + "1 of 16 tensors have another shape: encoder.layer_norm.weight is [2], expected [3]; "
                + "not asked for: classifier.weight, projector.bias")
        #expect(error?.kind == .badInput)
    }

    /// One alone comes with what looks like it.
    @Test func aSingleMistakeIsExplained() throws {
        let folder = try TemporaryFolder()
        let checkpoint = try checkpoint(folder)
        let missing = #expect(throws: CheckpointError.self) { try checkpoint.require([("a.layer_norm.bias", [2])]) }
        #expect(
            folder.message(missing)
                == "model.safetensors: no tensor a.layer_norm.bias; similar are encoder.layer_norm.bias")
        let shape = #expect(throws: CheckpointError.self) { try checkpoint.require([("projector.bias", [2])]) }
        #expect(folder.message(shape) == "model.safetensors: tensor projector.bias: shape [1], expected [2]")
    }
}
