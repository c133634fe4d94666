#!/usr/bin/env python3
"""From launch to the first result with transformers, torch and h5py; says `first` then. Imports count, as they do for users."""

import argparse
import os

import torch
from transformers import Wav2Vec2Model


def first_utterance(model, precision):
    """Two seconds through the frozen part."""
    from lower import Lower
    from support import autocast

    lower = Lower(9, Wav2Vec2Model.from_pretrained(model)).eval()
    with torch.inference_mode(), autocast(precision):
        lower(torch.randn(1, 32_000))


def first_step(model, precision, cache):
    """A step on the first two utterances that a shuffled loader gives."""
    from pathlib import Path

    from reading import Rows
    from support import autocast, step
    from train import Top

    network = Top(3)
    network.layers = Wav2Vec2Model.from_pretrained(model).encoder.layers[-3:]
    network.train()
    optimiser = torch.optim.AdamW(network.parameters(), 1e-5)
    loader = torch.utils.data.DataLoader(Rows(Path(cache), "9"), batch_size=2, shuffle=True, collate_fn=list)
    rows = next(iter(loader))
    counts = [len(part) for part in rows]
    with autocast(precision):
        mask = torch.tensor([[1.0] * count + [0.0] * (max(counts) - count) for count in counts])
        predictions = network(torch.nn.utils.rnn.pad_sequence(rows, batch_first=True), mask)
    step(network, optimiser, predictions, len(rows))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True)
    parser.add_argument("--cache", help="train a step from this cache; without it the frozen part runs")
    parser.add_argument("--precision", choices=("float32", "bfloat16"), default="bfloat16")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    if arguments.cache:
        first_step(arguments.model, arguments.precision, arguments.cache)
    else:
        first_utterance(arguments.model, arguments.precision)
    print("first", flush=True)


if __name__ == "__main__":
    main()
