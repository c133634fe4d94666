import Checkpoints
import Files
import Foundation
import Runs
import SpeechEncoder
import Training

/// A finetuned model in one file: a safetensors file with every tensor of the encoder as it is after training, adapters, heads and
/// standardisation under the names that `best.safetensors` has for them, and as metadata all that a run directory says of them.
///
/// Metadata: `format` (`undertone-bundle-1`), `model` (`model.json`), `configuration` (`config.yaml`), `result` (`result.json`), and what
/// `best.safetensors` has; where it is known, `hub_name`: what the hub calls the checkpoint, with the commit.
public enum ModelBundle {
    static let format = "undertone-bundle-1"

    /// Writes it, whole or not at all, a tensor at a time.
    public static func write(_ model: FinetunedModel, to path: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var metadata = model.trained.metadata
        metadata["format"] = format
        metadata["model"] = String(decoding: try encoder.encode(model.record), as: UTF8.self)
        metadata["configuration"] = model.configuration.yaml
        metadata["hub_name"] = model.hubName?.description
        metadata["result"] = String(decoding: try encoder.encode(model.result), as: UTF8.self)
        let names = Set(model.encoderTensors.map(\.name)).union(model.trained.names).sortedBytewise()
        var writer = try SafetensorsWriter(
            path: path,
            tensors: names.map { name in (name, model.weights.shape(of: name) ?? [], .float32) }, metadata: metadata)
        for name in names { try writer.append(try model.weights.floats(name)) }
        try writer.finish()
    }
}

extension FinetunedModel {
    /// - Throws: `PredictionError.bundle` for a file that is none, `CheckpointError` for one that is not whole.
    public init(bundle path: String) throws {
        let file = try SafetensorsFile.open(path)
        guard file.metadata["format"] == ModelBundle.format else {
            throw PredictionError.bundle(path: path, reason: "a safetensors file of another kind")
        }
        func member<Value: Decodable>(_ key: String, _: Value.Type) throws -> Value {
            do {
                return try JSONDecoder().decode(Value.self, from: Data(file.metadata[key, default: ""].utf8))
            } catch {
                throw PredictionError.bundle(
                    path: path, reason: "its metadata '\(key)' cannot be read: \(JSONMistake(error).problem)")
            }
        }
        let record = try member("model", ModelRecord.self)
        try self.init(
            location: path, checkpoint: record.features.source,
            hubName: file.metadata["hub_name"].flatMap { HubName($0) }, record: record, recordPath: path,
            configuration: try TrainConfiguration(yaml: file.metadata["configuration", default: ""], source: path),
            result: try member("result", RunResult.self), trained: file, weights: file)
    }
}
