"""Writes the fixtures of CheckpointsTests with the libraries whose formats they test.

    python make_fixtures.py        (torch, safetensors and numpy installed)

Every file holds the tensors of `state()`, so that a reader can be checked against the others, value by value.
"""

import hashlib
import json
import pathlib
import pickle
import struct
import zipfile
from collections import OrderedDict

import torch
from safetensors.torch import save_file

HERE = pathlib.Path(__file__).parent


def state():
    """Weights as a model with a head has them: a prefix, new weight norm names, a head without a prefix."""
    ramp = torch.arange(24, dtype=torch.float32)
    return OrderedDict(
        [
            ("wav2vec2.encoder.layer_norm.weight", (ramp[:6] - 2.5) / 3),
            ("wav2vec2.feature_projection.projection.weight", ramp.reshape(4, 6) * 0.125 - 1),
            ("wav2vec2.encoder.pos_conv_embed.conv.parametrizations.weight.original0", ramp[:3].reshape(1, 1, 3) + 1),
            ("wav2vec2.encoder.pos_conv_embed.conv.parametrizations.weight.original1", ramp[:12].reshape(2, 2, 3) / 7),
            ("classifier.weight", ramp[:2].reshape(1, 2) - 0.5),
        ]
    )


def old_names(tensors):
    names = {"original0": "weight_g", "original1": "weight_v"}
    renamed = OrderedDict()
    for name, tensor in tensors.items():
        name = name.removeprefix("wav2vec2.")
        if "parametrizations" in name:
            stem, _, last = name.rpartition(".")
            name = stem.removesuffix("parametrizations.weight") + names[last]
        renamed[name] = tensor
    return renamed


def exact():
    """Weights that float16 and bfloat16 hold exactly, under bare canonical names."""
    ramp = torch.arange(24, dtype=torch.float32)
    return OrderedDict(
        [
            ("encoder.layer_norm.weight", ramp[:6] * 0.5),
            ("feature_projection.projection.weight", ramp.reshape(4, 6) * 0.125 - 1),
            ("encoder.pos_conv_embed.conv.weight_g", ramp[:3].reshape(1, 1, 3) + 1),
            ("encoder.pos_conv_embed.conv.weight_v", ramp[:12].reshape(2, 2, 3) * 0.25),
            ("masked_spec_embed", ramp[:6] - 2),
            ("lm_head.weight", ramp[:2].reshape(1, 2) - 0.5),
        ]
    )


def forms():
    """The same weights in every element type, each with another family's prefix and naming of weight norm."""
    folder = HERE / "forms"
    folder.mkdir(exist_ok=True)
    new_names = {"weight_g": "parametrizations.weight.original0", "weight_v": "parametrizations.weight.original1"}
    for kind, prefix, renames in [
        ("float32", "wav2vec2.", new_names), ("float16", "hubert.", {}), ("bfloat16", "", new_names),
        ("float64", "data2vec_audio.", {}),
    ]:
        tensors = OrderedDict()
        for name, tensor in exact().items():
            stem, _, last = name.rpartition(".")
            name = f"{stem}.{renames[last]}" if last in renames else name
            name = name if name.startswith("lm_head") else prefix + name
            tensors[name] = tensor.to(getattr(torch, kind)).contiguous()
        torch.save(tensors, folder / f"{kind}.bin")
        save_file(dict(tensors), folder / f"{kind}.safetensors")
    print("forms:", sha256_of_tensors(exact()))


def sha256_of_tensors(tensors):
    """As `TensorSource.sha256OfTensors` defines it."""
    whole = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name]
        sizes = struct.pack(f"<{1 + tensor.dim()}Q", tensor.dim(), *tensor.shape)
        whole.update(hashlib.sha256(name.encode() + b"\0" + sizes + tensor.contiguous().numpy().tobytes()).digest())
    return whole.hexdigest()


def model(folder):
    (HERE / folder).mkdir(exist_ok=True)
    (HERE / folder / "config.json").write_text(json.dumps({"model_type": "wav2vec2", "hidden_size": 6}) + "\n")
    return HERE / folder


class Evil:
    def __reduce__(self):
        import os

        return (os.system, ("touch /tmp/undertone-pickle-was-executed",))


def zip_with_pickle(path, data, storages=()):
    """A zip archive laid out as torch.save does, around any pickle."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(zipfile.ZipInfo("archive/data.pkl"), data)
        for key, content in storages:
            archive.writestr(zipfile.ZipInfo(f"archive/data/{key}"), content)


def main():
    tensors = state()
    folder = model("safetensors")
    save_file(dict(tensors), folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "preprocessor_config.json").write_text(json.dumps({"do_normalize": True, "sampling_rate": 16000}) + "\n")
    torch.save(old_names(tensors), model("pytorch") / "pytorch_model.bin")

    names = list(tensors)
    shards = {"model-00001-of-00002.safetensors": names[:2], "model-00002-of-00002.safetensors": names[2:]}
    folder = model("sharded-safetensors")
    for file, part in shards.items():
        save_file({name: tensors[name] for name in part}, folder / file)
    index = {"metadata": {}, "weight_map": {name: file for file, part in shards.items() for name in part}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=1) + "\n")

    folder = model("sharded-pytorch")
    renamed = {file.replace("model", "pytorch_model").replace("safetensors", "bin"): part for file, part in shards.items()}
    for file, part in renamed.items():
        torch.save(OrderedDict((name, tensors[name]) for name in part), folder / file)
    index["weight_map"] = {name: file for file, part in renamed.items() for name in part}
    (folder / "pytorch_model.bin.index.json").write_text(json.dumps(index, indent=1) + "\n")

    ramp = torch.arange(12, dtype=torch.float32)
    strided = {
        "transposed": ramp.reshape(3, 4).t(),
        "sliced": ramp.reshape(3, 4)[1:, ::2],
        "shared": ramp[4:8],
        "scalar": torch.tensor(3.5),
        "empty": torch.zeros(0, 4),
        "parameter": torch.nn.Parameter(ramp[:2] + 0.25),
        "half": torch.tensor([1.5, -0.25, 6.1e-5], dtype=torch.float16),
        "bfloat": torch.tensor([1.5, -0.25, 3e38], dtype=torch.bfloat16),
        "double": torch.tensor([1 / 3], dtype=torch.float64),
        "long": torch.tensor([7]),
        "note": "not a tensor",
        "step": 123456789012,
    }
    torch.save(strided, HERE / "strided.bin")
    torch.save({"state_dict": tensors, "epoch": 3, "loss": 0.5}, HERE / "nested.bin")
    torch.save(torch.nn.Linear(2, 1).state_dict(), HERE / "metadata.bin")
    torch.save(strided, HERE / "legacy.bin", _use_new_zipfile_serialization=False)
    torch.save({name: strided[name] for name in ("half", "double")}, HERE / "protocol4.bin", pickle_protocol=4)
    kinds = {"float16": torch.float16, "bfloat16": torch.bfloat16, "float64": torch.float64, "int64": torch.int64}
    save_file({name: torch.tensor([1, -2, 3]).to(kind) for name, kind in kinds.items()}, HERE / "kinds.safetensors")

    for protocol in (2, 4):
        zip_with_pickle(HERE / f"evil{protocol}.bin", pickle.dumps({"weight": Evil()}, protocol=protocol))
    with zipfile.ZipFile(HERE / "compressed.bin", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({"weight": [0] * 200}, protocol=2))

    # zip64 throughout, as torch writes an archive beyond 4 GiB: every size and offset in the extra field, both zip64 end records.
    plain = zipfile.ZipFile(HERE / "metadata.bin")
    body, directory = b"", b""
    for info in plain.infolist():
        name, content, offset = info.filename.encode(), plain.read(info), len(body)
        crc = info.CRC
        body += struct.pack("<IHHHHHIIIHH", 0x04034B50, 45, 0, 0, 0, 0, crc, 0xFFFFFFFF, 0xFFFFFFFF, len(name), 20)
        body += name + struct.pack("<HHQQ", 1, 16, len(content), len(content)) + content
        directory += struct.pack("<IHHHHHHIIIHHHHHII", 0x02014B50, 45, 45, 0, 0, 0, 0, crc, 0xFFFFFFFF, 0xFFFFFFFF,
                                 len(name), 28, 0, 0, 0, 0, 0xFFFFFFFF)
        directory += name + struct.pack("<HHQQQ", 1, 24, len(content), len(content), offset)
    count, start = len(plain.infolist()), len(body)
    end = struct.pack("<IQHHIIQQQQ", 0x06064B50, 44, 45, 45, 0, 0, count, count, len(directory), start)
    locator = struct.pack("<IIQI", 0x07064B50, 0, start + len(directory), 1)
    last = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    (HERE / "zip64.bin").write_bytes(body + directory + end + locator + last)
    torch.load(HERE / "zip64.bin", weights_only=True)


if __name__ == "__main__":
    torch.manual_seed(0)
    main()
    forms()
    canonical = {name.removeprefix("wav2vec2."): tensor for name, tensor in old_names(state()).items()}
    print("state:", sha256_of_tensors(canonical))
