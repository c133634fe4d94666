"""Loads an export as its users do and compares its scores with those of `undertone predict`.

    exports.py PREDICTIONS.csv MANIFEST.csv FORMAT=EXPORT … [--base CHECKPOINT]

FORMAT is hf, peft or onnx. Prints the largest difference over all recordings; fails above 1e-4. Each way of loading is what the
export's model card says.
"""

import argparse
import csv
import importlib.util
import sys
import wave
from pathlib import Path

import numpy as np

LIMIT = 1e-4


def read_wav(path):
    """16-bit mono at 16 kHz, within ±1."""
    with wave.open(str(path), "rb") as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 16000), path
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float32) / 32768


def extracted(folder, waveform):
    """What the model's own feature extractor makes of a waveform, `[1, samples]`."""
    from transformers import AutoFeatureExtractor

    extractor = AutoFeatureExtractor.from_pretrained(folder)
    return extractor(waveform, sampling_rate=16000, return_tensors="pt").input_values


def no_new_weights(model, info):
    """Every tensor came from the export: nothing was left out of it, and nothing of it is left over."""
    # Pretraining's mask vector is drawn anew where a checkpoint has none; no score depends on it.
    for key in ("missing_keys", "unexpected_keys", "mismatched_keys"):
        left = {str(name) for name in info[key]} - {f"{model.base_model_prefix}.masked_spec_embed"}
        assert not left, f"{key}: {sorted(left)[:5]}"


def load_hf(folder, _):
    import torch
    import transformers

    source = Path(folder) / "emotion_model.py"
    if source.exists():
        spec = importlib.util.spec_from_file_location("emotion_model", source)
        module = importlib.util.module_from_spec(spec)
        sys.modules["emotion_model"] = module
        spec.loader.exec_module(module)
        model, info = module.EmotionModel.from_pretrained(folder, output_loading_info=True)
    else:
        model, info = transformers.AutoModelForAudioClassification.from_pretrained(folder, output_loading_info=True)
        assert type(model).__name__.endswith("ForSequenceClassification"), type(model)
    no_new_weights(model, info)
    model.eval()
    assert list(model.config.id2label) == list(range(model.config.num_labels))

    def scores(waveform):
        with torch.no_grad():
            out = model(extracted(folder, waveform))
        return (out.logits if hasattr(out, "logits") else out[1])[0].numpy()

    return list(model.config.id2label.values()), scores


def load_peft(folder, base):
    import json

    import torch
    import transformers
    from peft import PeftModel
    from safetensors import safe_open

    config = json.loads((Path(folder) / "adapter_config.json").read_text())
    dimensions = None
    if config["modules_to_save"]:
        with safe_open(Path(folder) / "adapter_model.safetensors", "pt") as file:
            hidden = file.get_slice("base_model.model.projector.weight").get_shape()[0]
            labels = file.get_slice("base_model.model.classifier.weight").get_shape()[0]
        # The goldens' checkpoints have heads of their own, of other widths, and one that sums over layers.
        plain = transformers.AutoModelForAudioClassification.from_pretrained(
            base, num_labels=labels, problem_type="regression", classifier_proj_size=hidden,
            use_weighted_layer_sum=False, ignore_mismatched_sizes=True)
    else:
        plain = transformers.AutoModel.from_pretrained(base)
    # peft is silent on what it does not find a place for: looked at tensor by tensor.
    model = PeftModel.from_pretrained(plain, folder).eval()
    loaded = model.state_dict()
    with safe_open(Path(folder) / "adapter_model.safetensors", "pt") as file:
        for name in file.keys():
            kept = name.replace(".lora_A.", ".lora_A.default.").replace(".lora_B.", ".lora_B.default.")
            if ".lora_" not in name:
                head, leaf = kept.rsplit(".", 1)
                kept = f"{head}.modules_to_save.default.{leaf}"
            assert torch.equal(loaded[kept], file.get_tensor(name)), f"{name} was not loaded"
    # transformers' WavLM reads the weights of its projections, past any adapter; merged, they are heard.
    if plain.config.model_type == "wavlm":
        model = model.merge_and_unload()
    if config["modules_to_save"]:
        head = None
    else:
        with safe_open(Path(folder) / "head.safetensors", "pt") as file:
            head = {name: file.get_tensor(name) for name in file.keys()}
            metadata = file.metadata()
        assert metadata["pooling"] == "mean" and metadata["head"] == "mlp", metadata
        dimensions = metadata["dimensions"].split(",")

    def scores(waveform):
        with torch.no_grad():
            out = model(extracted(base, waveform))
            if head is None:
                return out.logits[0].numpy()
            pooled = out.last_hidden_state[0].mean(dim=0)
            values = []
            for name in dimensions:
                inner = torch.tanh(head[f"heads.{name}.0.weight"] @ pooled + head[f"heads.{name}.0.bias"])
                values.append(head[f"heads.{name}.1.weight"] @ inner + head[f"heads.{name}.1.bias"])
            return torch.cat(values).numpy()

    return dimensions, scores


def load_onnx(folder, _):
    import onnxruntime

    session = onnxruntime.InferenceSession(str(Path(folder) / "model.onnx"), providers=["CPUExecutionProvider"])
    metadata = session.get_modelmeta().custom_metadata_map

    def scores(waveform):
        alone = session.run(["scores"], {"waveform": waveform[None]})[0][0]
        twice = session.run(["scores"], {"waveform": np.stack([waveform, waveform])})[0]
        assert np.abs(twice - alone).max() < LIMIT, "a recording's scores depend on its batch"
        return alone

    return metadata["dimensions"].split(","), scores


LOADERS = {"hf": load_hf, "peft": load_peft, "onnx": load_onnx}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("predictions")
    parser.add_argument("manifest")
    parser.add_argument("exports", nargs="+", metavar="FORMAT=EXPORT")
    parser.add_argument("--base", help="the original checkpoint, for peft")
    arguments = parser.parse_args()
    with open(arguments.predictions, newline="") as file:
        predicted = {row["id"]: row for row in csv.DictReader(file)}
    columns = [name for name in next(iter(predicted.values())) if name != "id"]
    with open(arguments.manifest, newline="") as file:
        recordings = {row["id"]: Path(arguments.manifest).parent / row["path"] for row in csv.DictReader(file)}
    assert len(predicted) >= 10, f"{len(predicted)} predictions, expected ten or more"
    expected = {name: np.array([float(row[column]) for column in columns]) for name, row in predicted.items()}
    spread = np.ptp(list(expected.values()), axis=0).min()
    assert spread > 10 * LIMIT, "the scores are all alike: nothing can be compared"
    is_near = True
    for export in arguments.exports:
        form, folder = export.split("=", 1)
        dimensions, scores = LOADERS[form](folder, arguments.base)
        assert dimensions in (None, columns), f"dimensions {dimensions}, predictions have {columns}"
        differences = [scores(read_wav(recordings[name])) - values for name, values in expected.items()]
        worst = float(np.abs(differences).max())
        print(f"{form}: {len(expected)} recordings, largest difference {worst:.2e}, spread of the scores {spread:.2e} or more")
        # Written so that NaN fails.
        is_near = is_near and worst <= LIMIT
    return 0 if is_near else 1


if __name__ == "__main__":
    sys.exit(main())
