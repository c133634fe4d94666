import Checkpoints
import FeatureStore
import Foundation
import Prediction
import Runs
import Training

/// Low-rank adapters that `peft.PeftModel.from_pretrained` loads on the original checkpoint: `adapter_config.json`,
/// `adapter_model.safetensors`.
///
/// With the head form `hf` they are of the family's `…ForSequenceClassification`, and projector and classifier travel with them as
/// modules to save. With other heads they are of the bare encoder, and the head lies beside them in `head.safetensors`.
struct AdapterExport {
    private let export: Export
    private let heads: FoldedHeads
    private let family: TransformersFamily

    /// - Throws: `ExportError.unfit` for a run without adapters, or of rows that no class of transformers takes.
    init(_ export: Export, _ heads: FoldedHeads) throws(ExportError) {
        self.export = export
        self.heads = heads
        family = TransformersFamily(export.model.encoder.family)
        let configuration = export.model.configuration
        guard configuration.tuning == .lora else {
            let trained = export.model.result.trained
            throw export.unfit(
                "it trained \(trained), and peft's files hold low-rank adapters (tuning: lora)",
                fitting: configuration.head.form == .mlp
                    ? [.onnx, .safetensors, .bundle] : [.huggingFace, .onnx, .safetensors, .bundle])
        }
        try export.requireWholeFrames(fitting: [.onnx, .safetensors, .bundle])
    }

    /// Whether the head travels with the adapters.
    static func hasOneModel(_ configuration: TrainConfiguration) -> Bool {
        configuration.head.form == .huggingFace && configuration.pooling == .mean
    }

    private var isOneModel: Bool { Self.hasOneModel(export.model.configuration) }

    func write() throws -> [String] {
        let prefix = "base_model.model." + (isOneModel ? "\(family.attribute)." : "")
        let trained = export.model.trained
        var tensors = try trained.names.filter { $0.hasSuffix(".lora_A.weight") || $0.hasSuffix(".lora_B.weight") }.map
        {
            (name: prefix + $0, shape: trained.shape(of: $0) ?? [], floats: try trained.floats($0))
        }
        var files: [String] = []
        if isOneModel {
            tensors += heads.tensors.map { ("base_model.model.\($0.name)", $0.shape, $0.floats) }
        } else {
            let path = export.path("head.safetensors")
            try SafetensorsFile.write(
                to: path, tensors: heads.tensors,
                metadata: [
                    "format": "pt", "pooling": export.model.configuration.pooling.rawValue,
                    "head": export.model.configuration.head.form.rawValue,
                    "dimensions": heads.dimensions.joined(separator: ","),
                ])
            files.append(path)
        }
        let path = export.path("adapter_model.safetensors")
        try SafetensorsFile.write(to: path, tensors: tensors, metadata: ["format": "pt"])
        return [path, try export.write(configuration, to: "adapter_config.json")] + files
    }

    private var configuration: JSONValue {
        let model = export.model, lora = model.configuration.lora, layers = model.encoder.layerCount
        let adapted = model.configuration.layers.count(of: layers)
        let revision: JSONValue = model.hubName?.revision.map(JSONValue.string) ?? .null
        return .object([
            "peft_type": .string("LORA"), "task_type": .null, "inference_mode": .bool(true),
            "base_model_name_or_path": .string(model.checkpointName), "revision": revision,
            "r": .integer(lora.rank),
            "lora_alpha": .number(lora.alpha), "lora_dropout": .number(lora.dropout),
            "use_rslora": .bool(lora.isRankStabilised), "bias": .string("none"), "fan_in_fan_out": .bool(false),
            "init_lora_weights": .bool(true),
            "target_modules": .array(lora.targets.map { .string($0.rawValue) }),
            "layers_to_transform": .array((lora.layers ?? Array(layers - adapted..<layers)).map { .integer($0) }),
            "layers_pattern": .string("layers"),
            "modules_to_save": isOneModel ? .array([.string("projector"), .string("classifier")]) : .null,
        ])
    }
}
