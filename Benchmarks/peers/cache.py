#!/usr/bin/env python3
"""The peer of stage one: the lower layers of wav2vec2-base with transformers and torch on the CPU.

One utterance at a time (padding changes wav2vec2-base's output, and on a CPU it is slower, too), float16 rows into an
HDF5 file, which is part of the time; reading audio is not. Weights are random: speed does not depend on them.
"""

import argparse
import os
import tempfile
import time

import h5py
import torch
from transformers import Wav2Vec2Config, Wav2Vec2Model

from workload import SAMPLE_RATE_HZ, noise, report


class Lower(torch.nn.Module):
    """From samples `[1, S]` to the output of the `cut`-th layer, `[1, T, C]`."""

    def __init__(self, cut):
        super().__init__()
        model = Wav2Vec2Model(Wav2Vec2Config(layerdrop=0.0))
        self.features = model.feature_extractor
        self.projection = model.feature_projection
        self.positions = model.encoder.pos_conv_embed
        self.norm = model.encoder.layer_norm
        self.layers = model.encoder.layers[:cut]

    def forward(self, samples):
        hidden, _ = self.projection(self.features(samples).transpose(1, 2))
        hidden = self.norm(hidden + self.positions(hidden))
        for layer in self.layers:
            hidden = layer(hidden)
        return hidden


def once(forward, utterances, precision, path):
    """Seconds for all utterances, from samples in memory to rows in the file."""
    begin = time.perf_counter()
    with (h5py.File(path, "w") as file, torch.inference_mode(),
          torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16")):
        for index, samples in enumerate(utterances):
            rows = forward(samples[None])[0]
            file.create_dataset(str(index), data=rows.to(torch.float16).numpy())
    return time.perf_counter() - begin


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--utterances", type=int, default=24)
    parser.add_argument("--cut", type=int, default=9, help="layers to run (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--precision", nargs="+", choices=("float32", "bfloat16"), default=["float32", "bfloat16"])
    parser.add_argument("--repeats", type=int, default=3, help="measured runs, after one that is not measured")
    parser.add_argument("--compile", action="store_true", help="through torch.compile, with dynamic shapes")
    parser.add_argument("--json", action="store_true", help="a line of JSON for each measurement")
    arguments = parser.parse_args()

    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    lower = Lower(arguments.cut).eval()
    forward = torch.compile(lower, dynamic=True) if arguments.compile else lower
    utterances = [torch.from_numpy(samples) for samples in noise(arguments.utterances)]
    audio_seconds = sum(len(samples) for samples in utterances) / SAMPLE_RATE_HZ
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "rows.h5")
        for precision in arguments.precision:
            once(forward, utterances, precision, path)
            runs = [once(forward, utterances, precision, path) for _ in range(arguments.repeats)]
            report("stage one", precision, "compiled" if arguments.compile else "eager", audio_seconds, runs,
                   arguments.json)


if __name__ == "__main__":
    main()
