"""Stage one: the hidden states of one utterance at every cut."""

import numpy as np
import torch
from transformers import Wav2Vec2FeatureExtractor

from . import files, models

TINY_SAMPLE_COUNTS = (400, 5_333, 17_321)
"""One frame exactly; a length that no stride divides; about a second."""


def cut_names(layer_count):
    """Undertone's names: `cnn`, `0` (input of the first layer), `k` (output of the k-th)."""
    return ["cnn"] + [str(k) for k in range(layer_count + 1)]


def normalise(waveform):
    """What the checkpoint's own preprocessor makes of a waveform: zero mean, unit variance over the utterance."""
    extractor = Wav2Vec2FeatureExtractor(do_normalize=True, sampling_rate=models.SAMPLE_RATE_HZ)
    return extractor(waveform, sampling_rate=models.SAMPLE_RATE_HZ, return_tensors="np").input_values[0]


def cuts(encoder, normalised):
    """Every cut of one utterance, alone and unpadded: name → `[frames, channels]`, in the encoder's own precision.

    The cuts are taken by hand, step by step, and then held against transformers' own `output_hidden_states`.
    """
    parameter = next(encoder.parameters())
    values = torch.from_numpy(np.asarray(normalised))[None].to(parameter.dtype)
    with torch.inference_mode():
        features = encoder.feature_extractor(values).transpose(1, 2)
        taken = {"cnn": features[0]}
        hidden, _ = encoder.feature_projection(features)
        hidden = encoder.encoder.layer_norm(hidden + encoder.encoder.pos_conv_embed(hidden))
        taken["0"] = hidden[0]
        for index, layer in enumerate(encoder.encoder.layers):
            hidden = layer(hidden)
            taken[str(index + 1)] = hidden[0]
        theirs = encoder(values, output_hidden_states=True).hidden_states
    assert len(theirs) == len(taken) - 1
    for k, states in enumerate(theirs):
        deviation = files.relative_deviation(taken[str(k)].float().numpy(), states[0].float().numpy())
        if not deviation <= 1e-6:
            raise SystemExit(f"cut {k} is not transformers' hidden_states[{k}]: they differ by {deviation:.1e}")
    return taken


def golden(shape, seed, sample_counts, path):
    """Writes the stage-one golden; answers the largest distance of float32 from float64 over all cuts."""
    model = models.make(shape, seed)
    encoder = model.wav2vec2
    tensors, noise = {}, 0.0
    for index, count in enumerate(sample_counts):
        waveform = models.speech_like(count, seed=seed * 1000 + index)
        normalised = normalise(waveform)
        prefix = f"utterance.{index}."
        tensors[prefix + "waveform"] = torch.from_numpy(waveform)
        tensors[prefix + "normalised"] = torch.from_numpy(np.asarray(normalised))
        single = cuts(encoder.float(), normalised)
        double = cuts(encoder.double(), normalised)
        encoder.float()
        for cut, states in single.items():
            tensors[prefix + "cut." + cut] = states
            noise = max(noise, files.relative_deviation(states.numpy(), double[cut].numpy()))
    if not noise <= 1e-5:
        raise SystemExit(f"float32 is {noise:.1e} from float64: too noisy for a golden compared at 1e-4")
    metadata = {
        "golden": "stage one",
        "model": "wav2vec2-tiny",
        "seed": str(seed),
        "utterances": str(len(sample_counts)),
        "cuts": " ".join(cut_names(model.config.num_hidden_layers)),
        "float32_noise": f"{noise:.1e}",
    }
    files.write(path, tensors, metadata)
    return noise
