import Foundation
import Prediction
import Runs

/// How an export is used, in a few lines that run as they stand where there is a `recording.wav`.
struct ModelCardUse {
    private let export: Export
    private let family: TransformersFamily
    private let dimensions: [String]

    init(_ export: Export, dimensions: [String]) {
        self.export = export
        self.dimensions = dimensions
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

    /// Python that reads `recording.wav` into `waveform`; the standard library reads no other kind of file.
    private var reading: String {
        """
        with wave.open("recording.wav") as file:  # 16 bits, mono, \(rate) Hz
            waveform = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float32) / 32768
        """
    }

    private var order: String { dimensions.joined(separator: ", ") }

    private var sequenceClassification: String {
        """
        ```python
        import wave

        import numpy as np
        import torch
        from transformers import AutoFeatureExtractor, AutoModelForAudioClassification

        \(reading)
        model = AutoModelForAudioClassification.from_pretrained(".").eval()
        extractor = AutoFeatureExtractor.from_pretrained(".")
        inputs = extractor(waveform, sampling_rate=\(rate), return_tensors="pt")  # one recording, no padding
        with torch.no_grad():
            scores = model(inputs.input_values).logits[0]
        print(scores.tolist())  # \(order)
        ```
        """
    }

    private var publishedClass: String {
        """
        ```python
        import wave

        import numpy as np
        import torch
        from transformers import AutoFeatureExtractor
        from emotion_model import EmotionModel  # the file beside this one

        \(reading)
        model = EmotionModel.from_pretrained(".").eval()
        extractor = AutoFeatureExtractor.from_pretrained(".")
        inputs = extractor(waveform, sampling_rate=\(rate), return_tensors="pt")  # one recording, no padding
        with torch.no_grad():
            hidden, scores = model(inputs.input_values)
        print(scores[0].tolist())  # \(order)
        ```
        """
    }

    private var adapters: String {
        guard AdapterExport.hasOneModel(export.model.configuration) else {
            return """
                The adapters are of the bare encoder; the head (`head.safetensors`, over pooled last hidden states) is not part of what peft loads.

                ```python
                \(adapterImports("\(family.className)Model"))

                checkpoint = "path/to/the/original/checkpoint"
                \(reading)
                extractor = AutoFeatureExtractor.from_pretrained(checkpoint)
                inputs = extractor(waveform, sampling_rate=\(rate), return_tensors="pt")  # one recording, no padding
                base = \(family.className)Model.from_pretrained(checkpoint)
                encoder = PeftModel.from_pretrained(base, ".").eval()\(merging)
                with torch.no_grad():
                    hidden = encoder(inputs.input_values).last_hidden_state
                print(hidden.shape)  # [1, frames, \(export.model.encoder.hiddenSize)]
                ```
                """
        }
        return """
            Projector and classifier travel with the adapters, as modules to save.

            ```python
            \(adapterImports("\(family.className)ForSequenceClassification"))

            checkpoint = "path/to/the/original/checkpoint"
            \(reading)
            extractor = AutoFeatureExtractor.from_pretrained(checkpoint)
            inputs = extractor(waveform, sampling_rate=\(rate), return_tensors="pt")  # one recording, no padding
            base = \(family.className)ForSequenceClassification.from_pretrained(
                checkpoint, num_labels=\(dimensions.count), problem_type="regression",
                classifier_proj_size=\(export.model.configuration.head.hidden), use_weighted_layer_sum=False,
                ignore_mismatched_sizes=True)  # a head that the checkpoint has gives way to that of the adapters
            model = PeftModel.from_pretrained(base, ".").eval()\(merging)
            with torch.no_grad():
                scores = model(inputs.input_values).logits[0]
            print(scores.tolist())  # \(order)
            ```
            """
    }

    private func adapterImports(_ className: String) -> String {
        """
        import wave

        import numpy as np
        import torch
        from peft import PeftModel
        from transformers import AutoFeatureExtractor, \(className)
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
        import wave

        import numpy as np
        import onnxruntime

        \(reading)
        session = onnxruntime.InferenceSession("model.onnx")
        scores = session.run(["scores"], {"waveform": waveform[None]})[0][0]  # float32, -1 to 1
        print(scores.tolist())  # \(order)
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
        for name, tensor in tensors.items():
            print(name, list(tensor.shape))
        ```
        """
    }
}
