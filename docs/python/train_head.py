"""Trains a head in torch on the hidden states of a cache, with h5py, numpy and torch alone.

    python train_head.py CACHE --label activation [--cut 9] [--epochs 50]

One row per utterance (the mean of its frames), standardised; two linear layers; the loss is 1 - CCC over the whole split.
"""

import argparse
import csv
import json
from pathlib import Path

import h5py
import numpy as np
import torch
from torch import nn


def rows_of(shard, cut, index):
    """The stored rows of one utterance as float32, `[frames, C]`, whatever --store was."""
    begin = int(shard["utterances/offset"][index])
    end = begin + int(shard["utterances/frames"][index])
    data = shard[f"frames/{cut}"]
    rows = data[begin:end]
    if rows.dtype == np.uint16:  # bfloat16, which numpy does not know: the upper half of a float32
        return (rows.astype(np.uint32) << 16).view(np.float32)
    rows = rows.astype(np.float32)
    if "scales" in shard:  # int8: a factor per row
        rows *= shard[f"scales/{cut}"][begin:end][:, None]
    return rows


def read(cache, cut, label):
    """`{split: (means [B, C], labels [B])}` of the labelled utterances."""
    with open(cache / "corpus.csv", newline="", encoding="utf-8") as file:
        corpus = {row["id"]: row for row in csv.DictReader(file)}
    found = {}
    for path in sorted(cache.glob("shard-*.h5")):
        with h5py.File(path) as shard:
            for index, name in enumerate(shard["utterances/id"].asstr()[:]):
                row = corpus.get(name)
                if row is None or not row[label]:
                    continue
                means, labels = found.setdefault(row["split"], ([], []))
                means.append(rows_of(shard, cut, index).mean(axis=0))
                labels.append(float(row[label]))
    return {split: (torch.tensor(np.stack(means)), torch.tensor(labels)) for split, (means, labels) in found.items()}


def ccc(truth, prediction):
    """Concordance correlation coefficient (Lin 1989), population moments."""
    covariance = ((truth - truth.mean()) * (prediction - prediction.mean())).mean()
    return 2 * covariance / (
        truth.var(correction=0) + prediction.var(correction=0) + (truth.mean() - prediction.mean()) ** 2)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cache", type=Path)
    parser.add_argument("--label", required=True)
    parser.add_argument("--cut", help="default: the cache's highest")
    parser.add_argument("--epochs", type=int, default=50)
    arguments = parser.parse_args()
    cuts = [cut["name"] for cut in json.loads((arguments.cache / "cache.json").read_text())["cuts"]]
    cut = arguments.cut or cuts[-1]
    splits = read(arguments.cache, cut, arguments.label)
    (x, y), (x_development, y_development) = splits["train"], splits["development"]
    print(f"{len(x)} utterances to train on, {len(x_development)} for development, rows of {x.shape[1]} columns at cut {cut}")

    torch.manual_seed(0)
    shift, scale = x.mean(dim=0), x.std(dim=0) + 1e-5
    mean, deviation = y.mean(), y.std()
    head = nn.Sequential(nn.Linear(x.shape[1], 256), nn.Tanh(), nn.Dropout(0.1), nn.Linear(256, 1))
    optimiser = torch.optim.AdamW(head.parameters(), lr=1e-3)
    for epoch in range(1, arguments.epochs + 1):
        head.train()
        loss = 1 - ccc((y - mean) / deviation, head((x - shift) / scale).squeeze(1))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        head.eval()
        with torch.no_grad():
            prediction = mean + deviation * head((x_development - shift) / scale).squeeze(1)
        if epoch == arguments.epochs or epoch % 10 == 0:
            print(f"epoch {epoch}  loss {loss.item():.3f}  development CCC {ccc(y_development, prediction).item():.3f}")


if __name__ == "__main__":
    main()
