"""Model directories as users have them: one file or several, safetensors or PyTorch, bare or with a head on top."""

import json
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import Wav2Vec2FeatureExtractor

from . import files
from .models import SAMPLE_RATE_HZ

SHARDS = 2


def old_names(model):
    """The weights of a model with its family's prefix and its head, weight norms as `weight_g` and `weight_v`.

    Those names are older than torch's `parametrizations`; most published files have them.
    """
    return {files.plain_name(name): tensor for name, tensor in model.state_dict().items()}


def write_safetensors(tensors, path):
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, path, metadata={"format": "pt"})
    path.chmod(0o644)  # safetensors makes it private


def save_bare(model, directory):
    """`model.safetensors` of the encoder alone: no prefix, torch's current names of a weight norm."""
    write_safetensors(model.base_model.state_dict(), directory / "model.safetensors")


def save_shards(model, directory):
    """The same in several files of about one size, and the index that says which holds what."""
    tensors = model.base_model.state_dict()
    total = sum(tensor.numel() * tensor.element_size() for tensor in tensors.values())
    shards, reached = [{} for _ in range(SHARDS)], 0
    for name, tensor in tensors.items():
        shards[reached * SHARDS // total][name] = tensor
        reached += tensor.numel() * tensor.element_size()
    names = [f"model-{number + 1:05}-of-{SHARDS:05}.safetensors" for number in range(SHARDS)]
    for file, shard in zip(names, shards, strict=True):
        write_safetensors(shard, directory / file)
    places = {name: file for file, shard in zip(names, shards, strict=True) for name in shard}
    index = {"metadata": {"total_size": total}, "weight_map": dict(sorted(places.items()))}
    (directory / "model.safetensors.index.json").write_text(json.dumps(index, indent=2) + "\n")


def save_task(model, directory):
    """`model.safetensors` of the whole model: the encoder under its prefix, a head beside it, the older names."""
    write_safetensors(old_names(model), directory / "model.safetensors")


def save_bin(model, directory):
    """`pytorch_model.bin` of the whole model, likewise."""
    torch.save(old_names(model), directory / "pytorch_model.bin")


FORMS = {"safetensors": save_bare, "shards": save_shards, "task": save_task, "bin": save_bin}


def save(model, preset, directory, forms=None):
    """Writes a Hugging Face model directory: configuration, preprocessor, and the weights in the preset's forms."""
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    forms = preset.forms if forms is None else forms
    whole = set(forms) <= {"task", "bin"}
    configuration = model.base_model.config
    configuration.architectures = [type(model if whole else model.base_model).__name__]
    configuration.dtype = torch.float32
    configuration.save_pretrained(directory)
    Wav2Vec2FeatureExtractor(do_normalize=preset.do_normalize, sampling_rate=SAMPLE_RATE_HZ).save_pretrained(directory)
    for form in forms:
        FORMS[form](model, directory)
    return directory


def check_saved(model, directory):
    """Reads every form in `directory` back through transformers, as a user would; insists on the model's own weights."""
    for file, use_safetensors in (("model.safetensors", True), ("model.safetensors.index.json", True),
                                  ("pytorch_model.bin", False)):
        if not (Path(directory) / file).exists():
            continue
        encoder = type(model.base_model)
        back = encoder.from_pretrained(directory, use_safetensors=use_safetensors).state_dict()
        for name, tensor in model.base_model.state_dict().items():
            if not torch.equal(back[name], tensor):
                raise SystemExit(f"{Path(directory) / file}: {name} is not what transformers reads back")
