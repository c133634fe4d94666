"""Reading, writing and comparing the golden files."""

import json
import platform
from pathlib import Path

import numpy as np
import torch
import transformers
from safetensors import safe_open
from safetensors.torch import save_file


def versions():
    """What a golden was made with, for its metadata."""
    return {
        "python": platform.python_version(),
        "torch": torch.__version__.split("+")[0],
        "transformers": transformers.__version__,
    }


def plain_name(name):
    """The older, canonical names of a weight norm's parts, whatever torch calls them today."""
    return name.replace("parametrizations.weight.original0", "weight_g").replace(
        "parametrizations.weight.original1", "weight_v")


def write(path, tensors, metadata):
    """Writes `tensors` (name → torch tensor) under a temporary name, then renames: never half a file.

    Integers go as float32, which holds all of them exactly: one element type is all that the reading side needs.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".tmp")
    plain = {name: (tensor if tensor.is_floating_point() else tensor.float()).detach().contiguous().clone()
             for name, tensor in tensors.items()}
    save_file(plain, temporary, metadata={**metadata, **versions()})
    sort_metadata(temporary)
    temporary.chmod(0o644)  # safetensors makes it private
    temporary.replace(path)
    return path


def sort_metadata(path):
    """Puts the header's metadata in order, which safetensors writes in a random one: same content, same bytes."""
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8:8 + length])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(len(text).to_bytes(8, "little") + text + content[8 + length:])


def read(path):
    """Every tensor of a safetensors file or a PyTorch archive as a numpy array, and its metadata."""
    if Path(path).suffix == ".bin":
        return {name: tensor.numpy() for name, tensor in torch.load(path, weights_only=True).items()}, {}
    with safe_open(str(path), "np") as file:
        return {name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {}


def largest(values):
    """The largest magnitude, and NaN if any element is NaN (numpy's max lets NaN through, as wanted here)."""
    values = np.asarray(values)
    return float(np.max(np.abs(values))) if values.size else 0.0


def relative_deviation(actual, expected, scale=None):
    """`max |actual − expected| / scale`, the scale being `max |expected|` unless given; NaN if anything is NaN.

    Compare the answer with `<=`, never with `not >`: NaN must fail. A shape that differs answers NaN, too.
    """
    actual, expected = np.asarray(actual, np.float64), np.asarray(expected, np.float64)
    if actual.shape != expected.shape:
        return float("nan")
    scale = largest(expected) if scale is None else scale
    deviation = largest(actual - expected)
    if deviation == 0.0:
        return 0.0
    return deviation / scale if scale > 0 else float("inf")


def compare(made, committed, tolerance):
    """Lines that say how two files of tensors differ: names, shapes, types, NaN placement, values. Empty if alike."""
    new, _ = read(made)
    old, _ = read(committed)
    differences = [f"{name}: only remade" for name in sorted(new.keys() - old.keys())]
    differences += [f"{name}: only committed" for name in sorted(old.keys() - new.keys())]
    for name in sorted(new.keys() & old.keys()):
        a, b = new[name], old[name]
        if a.shape != b.shape or a.dtype != b.dtype:
            differences.append(f"{name}: remade {a.dtype}{list(a.shape)}, committed {b.dtype}{list(b.shape)}")
            continue
        if np.issubdtype(a.dtype, np.floating):
            if not np.array_equal(np.isnan(a), np.isnan(b)):
                differences.append(f"{name}: NaN in other places")
                continue
            a, b = np.nan_to_num(a, nan=0.0), np.nan_to_num(b, nan=0.0)
        scale = new.get("gradient_scale." + name.removeprefix("gradient."), [None])[0]
        deviation = relative_deviation(a, b, scale)
        if not deviation <= tolerance:
            differences.append(f"{name}: largest relative deviation {deviation:.2e}, allowed {tolerance:.0e}")
    return differences
