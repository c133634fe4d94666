"""How near an int8 compute path would come to float32: simulated, before anybody writes a kernel.

Weights are rounded to int8 with a scale per output channel, activations with a scale per row (per frame), both
symmetric; products are summed without error, and norms, softmax, GELU and attention's own products stay in float32.
That is the best that such a path could do.

    python Benchmarks/int8.py [--model DIR] [--cut 9] [--seconds 12] [--recordings 4] [--seed 1]
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "Tests" / "Goldens"))

from reference import models, presets  # noqa: E402


def rounded(x):
    """x to 127 steps either side of zero, with a scale for each row."""
    scale = x.abs().amax(dim=-1, keepdim=True).clamp(min=1e-30) / 127
    return (x / scale).round() * scale


def linear(module, x):
    return functional.linear(rounded(x), rounded(module.weight), module.bias)


def convolution(module, x):
    """A strided convolution as the product that it is, with a scale for each frame of its output."""
    rows = x.unfold(2, module.kernel_size[0], module.stride[0]).transpose(1, 2).flatten(2)  # [B, T, C·K]
    return functional.linear(rounded(rows), rounded(module.weight.flatten(1)), module.bias).transpose(1, 2)


def quantise(encoder, cut, with_convolutions):
    """Has products computed in int8: those of layers and projection, and of the CNN but for its first, which reads samples."""
    parts = [encoder.feature_projection, *encoder.encoder.layers[:cut]]
    for part in parts:
        for module in part.modules():
            if isinstance(module, torch.nn.Linear):
                module.forward = linear.__get__(module)
    if with_convolutions:
        for layer in encoder.feature_extractor.conv_layers[1:]:
            layer.conv.forward = convolution.__get__(layer.conv)


def load(arguments):
    preset = presets.FULL["wav2vec2-base"]
    if not arguments.model:
        return preset, models.make(preset, arguments.seed).base_model
    encoder = preset.model.from_pretrained(arguments.model, attn_implementation="eager").base_model
    return preset, encoder.eval()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", help="a wav2vec2-base in Hugging Face layout; without it, a lively random one")
    parser.add_argument("--cut", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=12)
    parser.add_argument("--recordings", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    count = int(arguments.seconds * models.SAMPLE_RATE_HZ)
    for name, with_convolutions in [("layers and projection", False), ("these and the CNN", True)]:
        preset, exact = load(arguments)
        _, quantised = load(arguments)
        quantise(quantised, arguments.cut, with_convolutions)
        cosines, error, reference = [], 0.0, 0.0
        for index in range(arguments.recordings):
            waveform = models.normalise(models.speech_like(count, seed=arguments.seed * 1000 + index), preset)
            samples = torch.from_numpy(np.asarray(waveform, np.float32))[None]
            with torch.no_grad():
                rows, ours = (
                    encoder(samples, output_hidden_states=True).hidden_states[arguments.cut][0].double()
                    for encoder in (exact, quantised))
            cosines.append(functional.cosine_similarity(rows, ours, dim=-1))
            error += float((ours - rows).square().sum())
            reference += float(rows.square().sum())
        cosines = torch.cat(cosines)
        print(f"int8 in {name}, cut {arguments.cut}, {len(cosines)} frames: cosine to float32 "
              f"{cosines.min():.4f} at worst, {cosines.mean():.4f} on average; "
              f"relative error {(error / reference) ** 0.5:.3f}")


if __name__ == "__main__":
    main()
