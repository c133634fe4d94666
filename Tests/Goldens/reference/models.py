"""Seeded models of any family, livelier than a fresh initialisation, and waveforms to put through them.

A fresh model has zero biases, norms of gamma 1 and beta 0 and small weights: code that forgets a bias, swaps gamma with
beta or skips attention's scale would pass on it. So here every bias and beta is non-zero, every gamma differs from 1,
and the queries and keys are large enough for attention to prefer some frames over others.
"""

import logging
import os
import zlib

os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")

import numpy as np
import torch
import transformers
from transformers import Wav2Vec2FeatureExtractor

transformers.utils.logging.disable_progress_bar()
transformers.utils.logging.set_verbosity_error()
logging.getLogger("transformers").setLevel(logging.ERROR)

SAMPLE_RATE_HZ = 16_000

GAINS = {"conv_layers": 1.4, "q_proj": 1.2, "k_proj": 1.2, "out_proj": 0.4, "output_dense": 0.5}
"""Standard deviation of a weight times the root of its inputs, where not 1.

The convolutions make up for what GELU takes. Attention is sharp but adds little to each frame: otherwise the frames of
an utterance grow alike from layer to layer, and at the last cut a permutation of them would pass for the right answer.
"""


def draw(seed, name, shape):
    """Standard normal numbers that depend on seed, name and shape only, not on what was drawn before."""
    generator = np.random.default_rng([seed, zlib.crc32(name.encode())])
    return torch.from_numpy(generator.standard_normal(shape).astype(np.float32))


def enliven(model, seed):
    """Overwrites every parameter of a model with seeded values that keep activations of order one."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = draw(seed, name, tuple(parameter.shape))
            if "layer_norm" in name and name.endswith("weight"):
                parameter.copy_((1 + 0.25 * noise).clamp(min=0.25))
            elif name.endswith("bias"):
                parameter.copy_(0.1 * noise)
            elif name.endswith("original0"):
                continue  # the magnitudes follow from the directions, below
            elif name.endswith("gru_rel_pos_const"):
                parameter.copy_(1 + 0.5 * noise)
            elif name.endswith("rel_attn_embed.weight"):
                parameter.copy_(noise)
            elif parameter.dim() >= 2:
                fan_in = parameter[0].numel()
                gain = next((gain for part, gain in GAINS.items() if part in name), 1.0)
                parameter.copy_(gain / fan_in**0.5 * noise)
            else:
                parameter.copy_(noise)
        positions = model.base_model.encoder.pos_conv_embed
        if hasattr(positions, "conv"):  # data2vec-audio's several convolutions have no weight norm
            weight = positions.conv.parametrizations.weight
            magnitude = weight.original1.norm(dim=(0, 1), keepdim=True)
            weight.original0.copy_(magnitude * (1 + 0.25 * draw(seed, "original0", magnitude.shape)).clamp(min=0.25))


def make(preset, seed):
    """The preset's model (its `.base_model` is the encoder), lively, in eval mode and float32."""
    config = preset.model.config_class(layerdrop=0.0, **preset.settings)
    config._attn_implementation = "eager"
    model = preset.model(config).eval()
    enliven(model, seed)
    return model


def normalise(waveform, preset):
    """What the checkpoint's own preprocessor makes of a waveform: zero mean and unit variance, or itself."""
    extractor = Wav2Vec2FeatureExtractor(do_normalize=preset.do_normalize, sampling_rate=SAMPLE_RATE_HZ)
    return extractor(waveform, sampling_rate=SAMPLE_RATE_HZ, return_tensors="np").input_values[0]


def speech_like(sample_count, seed):
    """A mono waveform at 16 kHz with something of speech: voiced harmonics that glide, breath, pauses, an offset.

    float32 within ±1, neither zero-mean nor of unit variance, so that normalisation matters.
    """
    generator = np.random.default_rng(seed)
    time = np.arange(sample_count) / SAMPLE_RATE_HZ
    pitch_hz = 120 + 60 * generator.random() + 30 * np.sin(2 * np.pi * (0.7 + generator.random()) * time)
    phase = 2 * np.pi * np.cumsum(pitch_hz) / SAMPLE_RATE_HZ
    formants_hz = np.array([500, 1500, 2500]) * (0.8 + 0.4 * generator.random(3))
    voiced = np.zeros(sample_count)
    for harmonic in range(1, 25):
        loudness = np.sum(np.exp(-(((150.0 * harmonic - formants_hz) / 300) ** 2))) + 0.02
        voiced += loudness * np.sin(harmonic * phase + 2 * np.pi * generator.random())
    syllables = np.clip(np.sin(2 * np.pi * (3 + generator.random()) * time + generator.random()) + 0.4, 0, None)
    wave = 0.08 * voiced * syllables + 0.01 * generator.standard_normal(sample_count) * (1.2 - 0.5 * syllables)
    return np.clip(wave + 0.02, -1, 1).astype(np.float32)
