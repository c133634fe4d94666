#!/usr/bin/env python3
"""The peer of stage two: torch on the CPU trains the top three layers of wav2vec2-base and a head from features.

Batches of 32, padded to the longest; sorted by length first, which wastes least on padding, or in random order. Dropout as configured,
mean pooling, CCC loss, gradient clipping, AdamW. Rows are random and made in the measured time, as reading them would be.
"""

import random
import time

import torch
from torch import nn
from transformers import Wav2Vec2Config, Wav2Vec2Model

from support import WIDTH, audio_seconds, autocast, batches, frame_count, offer, options, sample_counts, step


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


def epoch(network, forward, optimiser, lots, precision):
    """Seconds for one step on each batch; a batch is given by its utterances' frame counts."""
    begin = time.perf_counter()
    for counts in lots:
        rows, mask = torch.zeros(len(counts), max(counts), WIDTH), torch.zeros(len(counts), max(counts))
        for index, count in enumerate(counts):
            rows[index, :count] = torch.randn(count, WIDTH)
            mask[index, :count] = 1
        with autocast(precision):
            predictions = forward(rows, mask)
        step(network, optimiser, predictions, len(counts))
    return time.perf_counter() - begin


def main():
    parser = options(__doc__, utterances=64)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--layers", type=int, default=3)
    parser.add_argument("--order", choices=("sorted", "random"), default="sorted")
    parser.add_argument("--compile", action="store_true", help="through torch.compile, with dynamic shapes")
    arguments = parser.parse_args()

    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    lengths = sample_counts(arguments.utterances)
    counts = sorted(frame_count(length) for length in lengths)
    if arguments.order == "random":
        random.Random(3).shuffle(counts)
    lots = batches(counts, arguments.batch)
    network = Top(arguments.layers).train()
    forward = torch.compile(network, dynamic=True) if arguments.compile else network
    optimiser = torch.optim.AdamW(network.parameters(), 1e-5)
    # Compiled code is made for the shapes that it sees: a whole epoch of them; else a small batch wakes everything up.
    warm = lots if arguments.compile else [counts[:4]]
    epoch(network, forward, optimiser, warm, arguments.precision)
    offer(lambda: epoch(network, forward, optimiser, lots, arguments.precision), arguments, audio_seconds(lengths))


if __name__ == "__main__":
    main()
