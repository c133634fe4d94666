"""Writes the sound shards that fuzzing starts from into Corpora/shard, with h5py and nothing of Undertone's.

    python make_shards.py        (h5py and numpy installed)

Undertone's own shards have chunks of a megabyte; these have four rows in each, so that they are small.
"""

import hashlib
import json
import pathlib
import struct

import h5py
import numpy as np

FOLDER = pathlib.Path(__file__).parent / "Corpora" / "shard"
SHA256 = "0f" * 32


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def string_type(width):
    kind = h5py.h5t.C_S1.copy()
    kind.set_size(max(1, width))
    kind.set_strpad(h5py.h5t.STR_NULLPAD)
    kind.set_cset(h5py.h5t.CSET_UTF8)
    return kind


def put_attribute(target, name, value):
    if isinstance(value, int):
        target.attrs.create(name, value, dtype="<i8")
        return
    kind = string_type(len(value))
    attribute = h5py.h5a.create(target.id, name.encode(), kind, h5py.h5s.create(h5py.h5s.SCALAR))
    attribute.write(np.array(value.encode(), dtype=f"S{max(1, len(value))}"), mtype=kind)


def put_strings(group, name, values):
    width = max([1] + [len(value) for value in values])
    kind = string_type(width)
    dataset = h5py.h5d.create(group.id, name.encode(), kind, h5py.h5s.create_simple((len(values),)))
    if values:
        stored = np.array([value.encode() for value in values], dtype=f"S{width}")
        dataset.write(h5py.h5s.ALL, h5py.h5s.ALL, stored, mtype=kind)


def write_shard(name, cuts, frames):
    """`cuts`: name and width of each; `frames`: of each utterance."""
    names = ",".join(cut for cut, _ in cuts)
    components = json.dumps({"cuts": names}, sort_keys=True, separators=(",", ":"))
    ids = [f"u{row}" for row in range(len(frames))]
    offsets = [sum(frames[:row]) for row in range(len(frames))]
    columns = {
        "offset": offsets, "frames": frames, "samples": [n * 320 + 80 for n in frames],
        "file_bytes": [1000 + n for n in frames], "file_mtime_ns": [1700000000123456789] * len(frames),
    }
    random = np.random.default_rng(0)
    with h5py.File(FOLDER / name, "w", libver=("v110", "v110")) as file:
        for key, value in {
            "schema": 2, "cache_key": hashlib.sha256(components.encode()).hexdigest(), "key_components": components,
            "storage": "float16", "cuts": names, "sample_rate": 16000, "hop": 320, "pool": 1, "shard": 0, "shards": 1,
        }.items():
            put_attribute(file, key, value)
        checksums = {}
        for cut, width in cuts:
            rows = random.standard_normal((sum(frames), width)).astype("<f2")
            file.create_dataset(f"frames/{cut}", data=rows, chunks=(4, width), maxshape=(None, width))
            checksums[cut] = [crc32c(rows[o : o + n].tobytes()) for o, n in zip(offsets, frames)]
        utterances = file.create_group("utterances")
        put_strings(utterances, "id", ids)
        put_strings(utterances, "audio_sha256", [SHA256] * len(frames))
        for key, values in columns.items():
            utterances.create_dataset(key, data=np.array(values, dtype="<i8"))
        for cut, values in checksums.items():
            utterances.create_dataset(f"crc32c/{cut}", data=np.array(values, dtype="<u4"))
        index = b""
        for row, identifier in enumerate(ids):
            index += identifier.encode() + b"\0" + SHA256.encode()
            numbers = [values[row] for values in columns.values()] + [checksums[cut][row] for cut, _ in cuts]
            index += struct.pack(f"<{len(numbers)}q", *numbers)
        put_attribute(file, "index_crc32c", crc32c(index))


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    write_shard("float16.h5", [("9", 3)], [2, 3])
    write_shard("two.h5", [("cnn", 2), ("9", 3)], [1, 0, 4])
    write_shard("empty.h5", [("9", 3)], [])
