#!/usr/bin/env python3
"""Reading a cache in shuffled order with h5py and torch's DataLoader: float16 rows into padded batches of float32."""

import json
import time
from pathlib import Path

import h5py
import torch
from torch.utils.data import DataLoader, Dataset

from support import offer, options


class Rows(Dataset):
    """Utterance `i` of all shards, `[T, C]` float32. Each process opens the files for itself, as HDF5 wants it."""

    def __init__(self, cache, cut):
        self.cut, self.files, self.opened = cut, [], {}
        self.places = []
        for shard in json.loads((cache / "cache.json").read_text())["shards"]:
            path = cache / shard["file"]
            with h5py.File(path) as file:
                self.bytes_per_row = file[f"frames/{cut}"].dtype.itemsize * file[f"frames/{cut}"].shape[1]
                index = file["utterances"]
                self.places += [(len(self.files), int(first), int(count))
                                for first, count in zip(index["offset"][:], index["frames"][:])]
            self.files.append(path)

    @property
    def byte_count(self):
        return sum(count for _, _, count in self.places) * self.bytes_per_row

    def __len__(self):
        return len(self.places)

    def __getitem__(self, index):
        number, first, count = self.places[index]
        if number not in self.opened:
            self.opened[number] = h5py.File(self.files[number])[f"frames/{self.cut}"]
        return torch.from_numpy(self.opened[number][first:first + count]).float()


def padded(rows):
    return torch.nn.utils.rnn.pad_sequence(rows, batch_first=True)


def once(loader):
    begin = time.perf_counter()
    for _ in loader:
        pass
    return time.perf_counter() - begin


def main():
    parser = options(__doc__)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--cut", default="9")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--workers", type=int, default=0, help="processes of the DataLoader; 0: its own")
    arguments = parser.parse_args()

    # In worker processes tensors travel through shared memory by files, of which there may be few descriptors.
    torch.multiprocessing.set_sharing_strategy("file_system")
    torch.set_num_threads(arguments.threads)
    rows = Rows(arguments.cache, arguments.cut)
    loader = DataLoader(rows, batch_size=arguments.batch, shuffle=True, num_workers=arguments.workers,
                        collate_fn=padded, persistent_workers=arguments.workers > 0)
    once(loader)
    offer(lambda: once(loader), arguments, rows.byte_count / 1e9, "GB")


if __name__ == "__main__":
    main()
