#!/usr/bin/env python3
"""Full finetuning as transformers does it, from audio: wav2vec2-base with its CNN frozen, and a head.

Batches of 16, sorted by length and padded to the longest, with the attention mask that transformers makes of the waveforms' one. Dropout as
configured, no layerdrop and no masking of features, CCC loss, gradient clipping, AdamW. Audio is in memory.
"""

import time

import torch
from torch import nn
from transformers import Wav2Vec2Config, Wav2Vec2Model

from support import WIDTH, audio_seconds, autocast, batches, noise, offer, options, step


class Whole(nn.Module):
    """From padded samples `[B, S]` and their mask to predictions `[B, 2]`."""

    def __init__(self, dimensions=2):
        super().__init__()
        self.model = Wav2Vec2Model(Wav2Vec2Config(layerdrop=0.0, mask_time_prob=0.0))
        self.model.freeze_feature_encoder()
        self.head = nn.Sequential(nn.Linear(WIDTH, WIDTH), nn.Tanh(), nn.Linear(WIDTH, dimensions))

    def forward(self, samples, mask):
        rows = self.model(samples, attention_mask=mask).last_hidden_state
        frames = self.model._get_feature_vector_attention_mask(rows.shape[1], mask).to(rows.dtype)
        return self.head((rows * frames[..., None]).sum(1) / frames.sum(1, keepdim=True))


def epoch(network, optimiser, lots, precision):
    """Seconds for one step on each batch."""
    begin = time.perf_counter()
    for waveforms in lots:
        samples = nn.utils.rnn.pad_sequence(waveforms, batch_first=True)
        mask = nn.utils.rnn.pad_sequence([torch.ones(len(wave), dtype=torch.long) for wave in waveforms], batch_first=True)
        with autocast(precision):
            predictions = network(samples, mask)
        step(network, optimiser, predictions, len(waveforms))
    return time.perf_counter() - begin


def main():
    parser = options(__doc__, utterances=32)
    parser.add_argument("--batch", type=int, default=16)
    arguments = parser.parse_args()

    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    utterances = sorted(noise(arguments.utterances), key=len)
    lots = batches(utterances, arguments.batch)
    network = Whole().train()
    optimiser = torch.optim.AdamW([p for p in network.parameters() if p.requires_grad], 1e-5)
    epoch(network, optimiser, [utterances[:2]], arguments.precision)
    offer(lambda: epoch(network, optimiser, lots, arguments.precision), arguments,
          audio_seconds(len(samples) for samples in utterances))


if __name__ == "__main__":
    main()
