"""Seeded wav2vec2 models, livelier than a fresh initialisation, saved in the formats that users have.

A fresh model has zero biases, norms of gamma 1 and beta 0 and small weights: code that forgets a bias, swaps gamma with
beta or skips attention's scale would pass on it. So here every bias and beta is non-zero, every gamma differs from 1,
and the queries and keys are large enough for attention to prefer some frames over others.
"""

import logging
import os
import zlib
from pathlib import Path

os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")

import numpy as np
import torch
import transformers
from safetensors.torch import save_file
from transformers import Wav2Vec2Config, Wav2Vec2FeatureExtractor, Wav2Vec2ForPreTraining

transformers.utils.logging.disable_progress_bar()
transformers.utils.logging.set_verbosity_error()
logging.getLogger("transformers").setLevel(logging.ERROR)

SAMPLE_RATE_HZ = 16_000

TINY = {
    "hidden_size": 40,
    "num_hidden_layers": 12,
    "num_attention_heads": 4,
    "intermediate_size": 72,
    "conv_dim": [32] * 7,
    "num_conv_pos_embeddings": 16,
    "num_conv_pos_embedding_groups": 4,
    # A hundred times the usual: a hard-coded 1e-5 is caught (norms inside the CNN keep 1e-5 whatever this says).
    "layer_norm_eps": 1e-3,
    # Only the pretraining head uses these; it is in pytorch_model.bin as in the published ones, and is to be ignored.
    "codevector_dim": 8,
    "proj_codevector_dim": 8,
    "num_codevectors_per_group": 4,
}
"""wav2vec2-base's architecture, group norm in the CNN and post-norm layers, at toy widths."""

BASE = {}
"""wav2vec2-base itself: the configuration class's own defaults."""


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
    """Overwrites every parameter of a wav2vec2 model with seeded values that keep activations of order one."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = draw(seed, name, tuple(parameter.shape))
            if "layer_norm" in name and name.endswith("weight"):
                parameter.copy_((1 + 0.25 * noise).clamp(min=0.25))
            elif name.endswith("bias"):
                parameter.copy_(0.1 * noise)
            elif name.endswith("original0"):
                continue  # the magnitudes follow from the directions, below
            elif parameter.dim() >= 2:
                fan_in = parameter[0].numel()
                gain = next((gain for part, gain in GAINS.items() if part in name), 1.0)
                parameter.copy_(gain / fan_in**0.5 * noise)
            else:
                parameter.copy_(noise)
        weight = model.wav2vec2.encoder.pos_conv_embed.conv.parametrizations.weight
        magnitude = weight.original1.norm(dim=(0, 1), keepdim=True)
        weight.original0.copy_(magnitude * (1 + 0.25 * draw(seed, "original0", magnitude.shape)).clamp(min=0.25))


def make(shape, seed):
    """A pretraining model (its `.wav2vec2` is the encoder) of `shape`'s configuration, in eval mode and float32."""
    config = Wav2Vec2Config(layerdrop=0.0, **shape)
    config._attn_implementation = "eager"
    model = Wav2Vec2ForPreTraining(config).eval()
    enliven(model, seed)
    return model


def write_bin(model, path):
    """`pytorch_model.bin` as the published ones are: prefix `wav2vec2.`, `weight_g`/`weight_v`, a pretraining head."""
    renamed = {
        name.replace("parametrizations.weight.original0", "weight_g").replace(
            "parametrizations.weight.original1", "weight_v"
        ): tensor
        for name, tensor in model.state_dict().items()
    }
    assert any(name.endswith("weight_g") for name in renamed)
    torch.save(renamed, path)


def save(model, directory, formats=("safetensors", "bin")):
    """Writes a Hugging Face model directory: configuration, preprocessor, and the weights in the named formats.

    The safetensors file holds the bare encoder under current names (no prefix, `parametrizations.weight.original0/1`),
    the PyTorch archive the pretraining model under the names of old.
    """
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    model.wav2vec2.config.architectures = ["Wav2Vec2Model"]
    model.wav2vec2.config.dtype = torch.float32
    model.wav2vec2.config.save_pretrained(directory)
    Wav2Vec2FeatureExtractor(do_normalize=True, sampling_rate=SAMPLE_RATE_HZ).save_pretrained(directory)
    if "safetensors" in formats:
        save_file(model.wav2vec2.state_dict(), directory / "model.safetensors", metadata={"format": "pt"})
        (directory / "model.safetensors").chmod(0o644)  # safetensors makes it private
    if "bin" in formats:
        write_bin(model, directory / "pytorch_model.bin")
    return directory


def check_saved(model, directory):
    """Reads back both files through transformers, as a user would, and insists on the model's own weights."""
    directory = Path(directory)
    for file in ("model.safetensors", "pytorch_model.bin"):
        if not (directory / file).exists():
            continue
        use_safetensors = file.endswith("safetensors")
        back = transformers.Wav2Vec2Model.from_pretrained(directory, use_safetensors=use_safetensors).state_dict()
        for name, tensor in model.wav2vec2.state_dict().items():
            if not torch.equal(back[name], tensor):
                raise SystemExit(f"{directory / file}: {name} is not what transformers reads back")


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
