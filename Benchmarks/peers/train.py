#!/usr/bin/env python3
"""The peer of stage two: torch on the CPU trains the top three layers of wav2vec2-base and a head from cached rows.

Batches of 32, padded to the longest; sorted by length first, which wastes least on padding. Dropout as configured, mean
pooling, CCC loss, gradient clipping, AdamW. Rows are random and made in the measured time, as reading them would be.
"""

import argparse
import os
import time

import numpy as np
import torch
from torch import nn
from transformers import Wav2Vec2Config, Wav2Vec2Model

from workload import FRAMES_PER_SECOND, durations_seconds, report

WIDTH = 768


class Top(nn.Module):
    """From padded rows `[B, T, C]` and their mask `[B, T]` (1: a frame, 0: padding) to predictions `[B, 2]`."""

    def __init__(self, layer_count, dimensions=2):
        super().__init__()
        self.layers = Wav2Vec2Model(Wav2Vec2Config(layerdrop=0.0)).encoder.layers[-layer_count:]
        self.head = nn.Sequential(nn.Linear(WIDTH, WIDTH), nn.Tanh(), nn.Linear(WIDTH, dimensions))

    def forward(self, rows, mask):
        hide = ((1 - mask) * -1e9)[:, None, None, :].expand(-1, 1, rows.shape[1], -1)
        for layer in self.layers:
            rows = layer(rows, attention_mask=hide)
        return self.head((rows * mask[..., None]).sum(1) / mask.sum(1, keepdim=True))


def ccc_loss(predictions, labels):
    """1 − CCC over the batch, averaged over dimensions."""
    p, y = predictions - predictions.mean(0), labels - labels.mean(0)
    spread = (p * p).mean(0) + (y * y).mean(0) + (predictions.mean(0) - labels.mean(0)) ** 2
    return (1 - 2 * (p * y).mean(0) / spread).mean()


def epoch(network, forward, optimiser, batches, precision):
    """Seconds for one step on each batch; a batch is given by its utterances' frame counts."""
    begin = time.perf_counter()
    for counts in batches:
        rows, mask = torch.zeros(len(counts), max(counts), WIDTH), torch.zeros(len(counts), max(counts))
        for index, count in enumerate(counts):
            rows[index, :count] = torch.randn(count, WIDTH)
            mask[index, :count] = 1
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16"):
            predictions = forward(rows, mask)
        loss = ccc_loss(predictions.float(), torch.randn(len(counts), 2))
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
    return time.perf_counter() - begin


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--utterances", type=int, default=96)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--layers", type=int, default=3)
    parser.add_argument("--order", choices=("sorted", "random"), default="sorted")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--precision", nargs="+", choices=("float32", "bfloat16"), default=["float32", "bfloat16"])
    parser.add_argument("--repeats", type=int, default=2, help="measured epochs")
    parser.add_argument("--warm-up", type=int, default=0, help="epochs before those, not measured")
    parser.add_argument("--compile", action="store_true", help="through torch.compile, with dynamic shapes")
    parser.add_argument("--json", action="store_true", help="a line of JSON for each measurement")
    arguments = parser.parse_args()

    torch.set_num_threads(arguments.threads)
    counts = (durations_seconds(arguments.utterances) * FRAMES_PER_SECOND).astype(int)
    audio_seconds = float(counts.sum() / FRAMES_PER_SECOND)
    if arguments.order == "sorted":
        counts = np.sort(counts)
    batches = [counts[begin:begin + arguments.batch].tolist() for begin in range(0, len(counts), arguments.batch)]
    for precision in arguments.precision:
        torch.manual_seed(0)
        network = Top(arguments.layers).train()
        forward = torch.compile(network, dynamic=True) if arguments.compile else network
        optimiser = torch.optim.AdamW(network.parameters(), 1e-5)
        runs = [epoch(network, forward, optimiser, batches, precision)
                for _ in range(arguments.warm_up + arguments.repeats)][arguments.warm_up:]
        variant = arguments.order + (" compiled" if arguments.compile else "")
        report("stage two", precision, variant, audio_seconds, runs, arguments.json)


if __name__ == "__main__":
    main()
