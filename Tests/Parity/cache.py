"""Reads a cache as anybody would, with nothing but h5py."""

from pathlib import Path

import h5py
import numpy as np


class CacheError(Exception):
    """What was found in the cache and what was expected."""


def read(directory, cuts, ids, dtype=np.float32):
    """`rows[id][cut]`, `[frames, C]`, of the utterances in `ids`; CacheError where anything is missing or over."""
    shards = sorted(Path(directory).glob("shard-*.h5"))
    if not shards:
        raise CacheError(f"{directory}: no shard-*.h5")
    rows = {}
    for shard in shards:
        with h5py.File(shard, "r") as file:
            names = [name.decode() for name in file["utterances/id"][:]]
            offsets, counts = file["utterances/offset"][:], file["utterances/frames"][:]
            for cut in cuts:
                if f"frames/{cut}" not in file:
                    raise CacheError(f"{shard}: no dataset frames/{cut}, found {sorted(file['frames'])}")
                data = file[f"frames/{cut}"]
                if data.dtype != dtype:
                    raise CacheError(f"{shard}: frames/{cut} is {data.dtype}, expected {np.dtype(dtype)}")
                if data.shape[0] != counts.sum():
                    raise CacheError(f"{shard}: frames/{cut} has {data.shape[0]} rows, its index {counts.sum()}")
                for name, offset, count in zip(names, offsets, counts, strict=True):
                    if cut in rows.setdefault(name, {}):
                        raise CacheError(f"{shard}: utterance {name!r} is there twice")
                    rows[name][cut] = data[offset:offset + count]
    if sorted(rows) != sorted(ids):
        raise CacheError(f"{directory}: utterances {sorted(rows)}, expected {sorted(ids)}")
    return rows
