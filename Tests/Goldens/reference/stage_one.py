"""Stage one: the hidden states of one utterance at every cut."""

import numpy as np
import torch

from . import files, models, presets
from .steps import embedded, is_pre_norm, through

SAMPLE_COUNTS = {"wav2vec2-tiny": (400, 5_333, 17_321), "wavlm-tiny": (400, 5_333, 9_001),
                 "wavlm-large-tiny": (400, 5_333, 9_001)}
"""One frame exactly; a length that no stride divides; for WavLM one with many pairs of frames beyond the last bucket."""
OTHER_SAMPLE_COUNTS = (400, 5_333)


def cut_names(layer_count):
    """Undertone's names: `cnn`, `0` (input of the first layer), `k` (output of the k-th)."""
    return ["cnn"] + [str(k) for k in range(layer_count + 1)]


def check(name, taken, theirs):
    deviation = files.relative_deviation(taken.float().numpy(), theirs.float().numpy())
    if not deviation <= 1e-6:
        raise SystemExit(f"{name} is not transformers': they differ by {deviation:.1e}")


def cuts(encoder, normalised):
    """Every cut of one utterance, alone and unpadded: name → `[frames, channels]`, in the encoder's own precision.

    The cuts are taken by hand, step by step, and then held against transformers' own `output_hidden_states`. Of a
    pre-norm encoder the last cut comes before `encoder.layer_norm`, as in the pinned transformers' `hidden_states` (in
    releases before 5 the last of those came after it); `last_hidden_state` comes after it.
    """
    pre_norm = is_pre_norm(encoder.config)
    parameter = next(encoder.parameters())
    values = torch.from_numpy(np.asarray(normalised))[None].to(parameter.dtype)
    with torch.inference_mode():
        features = encoder.feature_extractor(values).transpose(1, 2)
        states = [embedded(encoder, features, pre_norm)]
        states += through(encoder.encoder.layers, states[0])
        theirs = encoder(values, output_hidden_states=True)
        last = encoder.encoder.layer_norm(states[-1]) if pre_norm else states[-1]
    for k, (taken, expected) in enumerate(zip(states, theirs.hidden_states, strict=True)):
        check(f"cut {k}", taken, expected)
    check("the last layer's output", last, theirs.last_hidden_state)
    return {"cnn": features[0]} | {str(k): taken[0] for k, taken in enumerate(states)}


def golden(name, seed, path):
    """Writes the stage-one golden of a tiny model; answers the largest distance of float32 from float64 over all cuts."""
    preset = presets.TINY[name]
    sample_counts = SAMPLE_COUNTS.get(name, OTHER_SAMPLE_COUNTS)
    encoder = models.make(preset, seed).base_model
    tensors, noise = {}, 0.0
    for index, count in enumerate(sample_counts):
        waveform = models.speech_like(count, seed=seed * 1000 + index)
        normalised = models.normalise(waveform, preset)
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
        raise SystemExit(f"{path}: float32 is {noise:.1e} from float64: too noisy for a golden compared at 1e-4")
    metadata = {
        "golden": "stage one",
        "model": name,
        "seed": str(seed),
        "utterances": str(len(sample_counts)),
        "cuts": " ".join(cut_names(encoder.config.num_hidden_layers)),
        "float32_noise": f"{noise:.1e}",
    }
    files.write(path, tensors, metadata)
    return noise
