import Checkpoints
import FeatureStore
import Foundation
import Prediction
import Runs
import Training

/// A folder that transformers loads: `config.json`, `model.safetensors`, `preprocessor_config.json`.
///
/// With the head form `hf` it is the family's `…ForSequenceClassification`; with `audeering` the class that was published with
/// audeering/wav2vec2-large-robust-12-ft-emotion-msp-dim, whose source is written beside it. Adapters are merged; the standardisation of
/// pooled rows and the labels' scale are folded into the head, so that logits are scores in the labels' own scale.
struct HuggingFaceExport {
    private let export: Export
    private let heads: FoldedHeads
    private let family: TransformersFamily

    /// - Throws: `ExportError.unfit` for heads and poolings that no published class has.
    init(_ export: Export, _ heads: FoldedHeads) throws(ExportError) {
        self.export = export
        self.heads = heads
        family = TransformersFamily(export.model.encoder.family)
        let configuration = export.model.configuration
        let others: [ExportFormat] = [.onnx, .safetensors, .bundle]
        guard configuration.head.form != .mlp else {
            throw export.unfit(
                "its head form is mlp, which no class of transformers has (head.form: hf and audeering have one)",
                fitting: others)
        }
        guard configuration.pooling == .mean else {
            throw export.unfit(
                "its pooling is \(configuration.pooling.rawValue), and the published classes have mean", fitting: others
            )
        }
        try export.requireWholeFrames(fitting: others)
    }

    private var isPublishedByTransformers: Bool { export.model.configuration.head.form == .huggingFace }

    func write() throws -> [String] {
        let weights = export.path("model.safetensors")
        try MergedWeights(export.model).write(
            to: weights, encoderPrefix: "\(family.attribute).", heads: heads.tensors, metadata: ["format": "pt"])
        var files = [
            weights, try export.write(configuration, to: "config.json"),
            try export.write(preprocessor, to: "preprocessor_config.json"),
        ]
        if !isPublishedByTransformers {
            files.append(try export.write(EmotionModelSource(family).text, to: EmotionModelSource.fileName))
        }
        return files
    }

    /// The checkpoint's own, and what the head adds.
    private var configuration: JSONValue {
        guard case .object(var members) = export.model.record.features.configuration else { return .object([:]) }
        for key in ["_name_or_path", "transformers_version", "torch_dtype", "num_labels"] { members[key] = nil }
        let architecture = isPublishedByTransformers ? "ForSequenceClassification" : "ForSpeechClassification"
        members["architectures"] = .array([.string(family.className + architecture)])
        members["dtype"] = .string("float32")
        members["problem_type"] = .string("regression")
        members["id2label"] = .object(
            Dictionary(uniqueKeysWithValues: heads.dimensions.enumerated().map { ("\($0)", .string($1)) }))
        members["label2id"] = .object(
            Dictionary(uniqueKeysWithValues: heads.dimensions.enumerated().map { ($1, .integer($0)) }))
        if isPublishedByTransformers {
            members["classifier_proj_size"] = .integer(export.model.configuration.head.hidden)
            members["use_weighted_layer_sum"] = .bool(false)
        } else {
            members["pooling_mode"] = .string("mean")
        }
        return .object(members)
    }

    /// As transformers' own checkpoints have it: models with a group norm were pretrained without attention masks.
    private var preprocessor: JSONValue {
        .object([
            "feature_extractor_type": .string("Wav2Vec2FeatureExtractor"), "feature_size": .integer(1),
            "sampling_rate": .integer(export.model.record.features.preprocessing.sampleRateHz),
            "do_normalize": .bool(export.model.record.features.preprocessing.normalise), "padding_value": .integer(0),
            "padding_side": .string("right"),
            "return_attention_mask": .bool(export.model.encoder.variants.convolutionNorm == .layer),
        ])
    }
}

/// The class that audEERING published with its model, for any family.
/// - Source: the model card of audeering/wav2vec2-large-robust-12-ft-emotion-msp-dim (Wagner et al. 2023).
struct EmotionModelSource {
    static let fileName = "emotion_model.py"
    let family: TransformersFamily

    init(_ family: TransformersFamily) { self.family = family }

    var text: String {
        """
        \"""The model class published with audeering/wav2vec2-large-robust-12-ft-emotion-msp-dim, for this encoder.

            from emotion_model import EmotionModel
            model = EmotionModel.from_pretrained('.').eval()
            hidden, scores = model(waveform)    # waveform [1, samples] as the feature extractor gives it
        \"""
        import torch
        from torch import nn
        from transformers import \(family.className)Model, \(family.className)PreTrainedModel


        class RegressionHead(nn.Module):
            def __init__(self, config):
                super().__init__()
                self.dense = nn.Linear(config.hidden_size, config.hidden_size)
                self.dropout = nn.Dropout(config.final_dropout)
                self.out_proj = nn.Linear(config.hidden_size, config.num_labels)

            def forward(self, features):
                x = self.dropout(features)
                x = torch.tanh(self.dense(x))
                return self.out_proj(self.dropout(x))


        class EmotionModel(\(family.className)PreTrainedModel):
            def __init__(self, config):
                super().__init__(config)
                self.\(family.attribute) = \(family.className)Model(config)
                self.classifier = RegressionHead(config)
                self.post_init()

            def forward(self, input_values):
                hidden_states = self.\(family.attribute)(input_values)[0].mean(dim=1)
                return hidden_states, self.classifier(hidden_states)

        """
    }
}
