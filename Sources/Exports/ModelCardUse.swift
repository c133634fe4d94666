import Foundation
import Prediction
import Runs

/// How an export is used, in a few lines that run as they stand.
struct ModelCardUse {
    private let export: Export
    private let family: TransformersFamily

    init(_ export: Export) {
        self.export = export
        family = TransformersFamily(export.model.encoder.family)
    }

    private var rate: Int { export.model.record.features.preprocessing.sampleRateHz }

    var text: String {
        """
        ## Use

        \(lines)
        """
    }

    private var lines: String {
        switch export.format {
        case .huggingFace:
            export.model.configuration.head.form == .huggingFace ? sequenceClassification : publishedClass
        case .peft: adapters
        case .onnx: onnx
        case .safetensors: weights
        case .bundle: "    undertone predict --bundle bundle.safetensors recordings/"
        }
    }

    private var sequenceClassification: String {
        """
        ```python
        import torch
        from transformers import AutoFeatureExtractor, AutoModelForAudioClassification

        model = AutoModelForAudioClassification.from_pretrained(".").eval()
        extractor = AutoFeatureExtractor.from_pretrained(".")
        inputs = extractor(waveform, sampling_rate=\(rate), return_tensors="pt")  # one mono recording, no padding
        with torch.no_grad():
            scores = model(inputs.input_values).logits[0]
        ```
        """
    }

    private var publishedClass: String {
        """
        ```python
        import torch
        from transformers import AutoFeatureExtractor
        from emotion_model import EmotionModel  # the file beside this one

        model = EmotionModel.from_pretrained(".").eval()
        extractor = AutoFeatureExtractor.from_pretrained(".")
        inputs = extractor(waveform, sampling_rate=\(rate), return_tensors="pt")  # one mono recording, no padding
        with torch.no_grad():
            hidden, scores = model(inputs.input_values)
        ```
        """
    }

    private var adapters: String {
        let count = export.model.trained.metadata["labels"].map { $0.split(separator: "\"name\"").count - 1 } ?? 0
        guard AdapterExport.hasOneModel(export.model.configuration) else {
            return """
                The adapters are of the bare encoder; the head (`head.safetensors`, over pooled last hidden states) is not part of what peft loads.

                ```python
                from peft import PeftModel
                from transformers import \(family.className)Model

                base = \(family.className)Model.from_pretrained("path/to/the/original/checkpoint")
                encoder = PeftModel.from_pretrained(base, ".").eval()\(merging)
                hidden = encoder(input_values).last_hidden_state
                ```
                """
        }
        return """
            Projector and classifier travel with the adapters, as modules to save.

            ```python
            from peft import PeftModel
            from transformers import \(family.className)ForSequenceClassification

            base = \(family.className)ForSequenceClassification.from_pretrained(
                "path/to/the/original/checkpoint", num_labels=\(count), problem_type="regression",
                classifier_proj_size=\(export.model.configuration.head.hidden), use_weighted_layer_sum=False)
            model = PeftModel.from_pretrained(base, ".").eval()\(merging)
            scores = model(input_values).logits[0]
            ```
            """
    }

    /// transformers' WavLM reads the weights of its projections, past what lies around them.
    private var merging: String {
        export.model.encoder.family == "wavlm"
            ? ".merge_and_unload()  # transformers' WavLM does not hear adapters that are not merged" : ""
    }

    private var onnx: String {
        """
        Normalisation of the waveform, where the model has one, is in the graph. Recordings of a batch have one length.

        ```python
        import onnxruntime

        session = onnxruntime.InferenceSession("model.onnx")
        scores = session.run(["scores"], {"waveform": waveform[None]})[0][0]  # float32, mono, \(rate) Hz, -1 to 1
        ```
        """
    }

    private var weights: String {
        """
        Encoder tensors have the names of transformers' `\(family.className)Model`, adapters merged; the head's are those of docs/heads.md, with
        standardisation and the labels' scale folded in. Pooling and form of the head are in the metadata.

        ```python
        from safetensors.torch import load_file

        tensors = load_file("model.safetensors")
        ```
        """
    }
}
