"""Scores a recording with what `undertone export` made: a folder of the format hf in transformers, of the format onnx in ONNX Runtime.

    python load_export.py EXPORT recording.wav

The recording is 16-bit mono at 16 kHz; anything else is for a library such as soundfile or torchaudio to read.
"""

import sys
import wave
from pathlib import Path

import numpy as np


def read_wav(path):
    with wave.open(path, "rb") as file:
        form = (file.getnchannels(), file.getsampwidth(), file.getframerate())
        if form != (1, 2, 16000):
            sys.exit(f"{path}: {form[0]} channels of {8 * form[1]} bits at {form[2]} Hz, expected 1 of 16 bits at 16000 Hz")
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float32) / 32768


def with_transformers(folder, waveform):
    import torch
    from transformers import AutoFeatureExtractor, AutoModelForAudioClassification

    model_class = AutoModelForAudioClassification
    if (folder / "emotion_model.py").exists():  # audEERING's class, which transformers has not
        sys.path.insert(0, str(folder))
        from emotion_model import EmotionModel as model_class
    model, loading = model_class.from_pretrained(folder, output_loading_info=True)
    # transformers draws anew what it does not find, and only warns; the vector for masked frames is of pretraining alone.
    missing = [name for name in loading["missing_keys"] if not name.endswith("masked_spec_embed")]
    missing += [str(name) for name in loading["mismatched_keys"]]
    if missing:
        sys.exit(f"{folder}: {type(model).__name__} lacks {missing}, expected all of its weights; is the export of another class?")
    model.eval()
    extractor = AutoFeatureExtractor.from_pretrained(folder)
    inputs = extractor(waveform, sampling_rate=16000, return_tensors="pt")
    with torch.no_grad():
        output = model(inputs.input_values)
    scores = output.logits[0] if hasattr(output, "logits") else output[1][0]  # audEERING's gives hidden states and scores
    return dict(zip(model.config.id2label.values(), scores.tolist(), strict=True))


def with_onnx(folder, waveform):
    import onnxruntime

    session = onnxruntime.InferenceSession(str(folder / "model.onnx"))
    scores = session.run(["scores"], {"waveform": waveform[None]})[0][0]
    names = session.get_modelmeta().custom_metadata_map["dimensions"].split(",")
    return dict(zip(names, scores.tolist(), strict=True))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    export, recording = Path(sys.argv[1]), read_wav(sys.argv[2])
    if not any((export / name).exists() for name in ("model.onnx", "config.json")):
        sys.exit(f"{export}: neither model.onnx nor config.json is in it, expected an export of the format onnx or hf")
    load = with_onnx if (export / "model.onnx").exists() else with_transformers
    for name, score in load(export, recording).items():
        print(f"{name:12} {score:.6f}")
