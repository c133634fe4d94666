"""Stage two in torch: transformers' layers above a cache's cut, trained under torch's own bfloat16 autocast.

The same training as `undertone-train`'s of the same configuration; only the random numbers are torch's.
"""

import csv
import json

import comparator  # noqa: F401  (makes `reference` importable)
import numpy as np
import torch
from safetensors.torch import load_file
from torch import nn
from transformers import AutoConfig, AutoModel

from reference.heads import ccc_loss
from reference.setups import Plan
from reference.stage_two import decays, schedule_factor

import cache

STORED = {"float16": np.float16, "float32": np.float32}
DROPOUT = {"hidden": "hidden_dropout", "attention": "attention_dropout", "activation": "activation_dropout",
           "head": "final_dropout", "layer": "layerdrop"}
"""What a key of `dropout` is called in transformers."""
STANDARDISED = 32
"""Utterances that `undertone-train` takes the pooled rows' mean and deviation from."""


class Model(nn.Module):
    """Post-norm layers over a padded batch, mean pooling, standardisation, and for each label a perceptron."""

    def __init__(self, config, weights, settings):
        super().__init__()
        self.layerdrop = config.layerdrop
        encoder = AutoModel.from_config(config)
        encoder.load_state_dict(weights, strict=False)
        self.layers = encoder.encoder.layers[-settings["layers"]:]
        width, hidden = config.hidden_size, settings["head"]["hidden"]
        self.heads = nn.ModuleList(
            nn.Sequential(nn.Linear(width, hidden), nn.Tanh(), nn.Dropout(config.final_dropout), nn.Linear(hidden, 1))
            for _ in settings["labels"])
        for parameter in self.heads.parameters():
            if parameter.dim() == 1:
                nn.init.zeros_(parameter)
            else:
                nn.init.uniform_(parameter, -parameter.shape[1] ** -0.5, parameter.shape[1] ** -0.5)
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("deviation", torch.ones(width))

    def pooled(self, utterances):
        states = nn.utils.rnn.pad_sequence(utterances, batch_first=True)
        counts = torch.tensor([len(rows) for rows in utterances])[:, None]
        known = torch.arange(states.shape[1]) < counts
        mask = torch.zeros(known.shape).masked_fill(~known, torch.finfo(torch.float32).min)[:, None, None]
        for layer in self.layers:
            if self.training and torch.rand([]) < self.layerdrop:
                continue
            states = layer(states, attention_mask=mask)
        return (states.float() * known[..., None]).sum(dim=1) / counts

    def forward(self, utterances):
        with torch.autocast("cpu", torch.bfloat16):
            standard = (self.pooled(utterances) - self.mean) / self.deviation
            return torch.cat([head(standard) for head in self.heads], dim=1).float()

    @torch.no_grad()
    def standardise(self, batches):
        with torch.autocast("cpu", torch.bfloat16):
            pooled = torch.cat([self.pooled(utterances) for utterances in batches])
        self.mean.copy_(pooled.mean(dim=0))
        self.deviation.copy_((pooled.var(dim=0, unbiased=False) + 1e-10).sqrt())


def even(order, size):
    """Batches of at most `size`, whose sizes differ by one at most."""
    count = -(-len(order) // size)
    return [order[n * len(order) // count:(n + 1) * len(order) // count] for n in range(count)]


class Corpus:
    """A cache's rows and labels in memory: by split, rows of each utterance, and labels `[B, dimensions]`.

    Labels are standardised by the training split's; NaN where there is none.
    """

    def __init__(self, folder, settings):
        description = json.loads((folder / "cache.json").read_text())
        self.config = AutoConfig.for_model(**description["model"], attn_implementation="eager")
        self.config.update({DROPOUT[key]: rate for key, rate in settings.get("dropout", {}).items()})
        self.weights = load_file(folder / "upper.safetensors")
        with open(folder / "corpus.csv", newline="", encoding="utf-8") as file:
            manifest = list(csv.DictReader(file))
        cut = str(self.config.num_hidden_layers - settings["layers"])
        names = [label["name"] for label in settings["labels"]]
        rows = cache.read(folder, [cut], [line["id"] for line in manifest], STORED[description["storage"]])
        self.rows, self.labels = {}, {}
        for split in ("train", "development"):
            lines = [line for line in manifest if line["split"] == split]
            self.rows[split] = [torch.from_numpy(rows[line["id"]][cut]).float() for line in lines]
            self.labels[split] = torch.tensor([[float(line[name] or "nan") for name in names] for line in lines])
        known = self.labels["train"].numpy()
        mean, deviation = (torch.from_numpy(of(known, axis=0)) for of in (np.nanmean, np.nanstd))
        self.labels = {split: (labels - mean) / deviation for split, labels in self.labels.items()}


def make_optimiser(model, settings):
    """AdamW with a group per parameter, which knows its `base` rate."""
    groups = [{"params": [parameter], "base": settings["learning_rate"][part],
               "weight_decay": settings["weight_decay"] if decays(name, parameter) else 0.0}
              for part in ("layers", "heads") for name, parameter in getattr(model, part).named_parameters()]
    return torch.optim.AdamW(groups, betas=settings["betas"], eps=settings["epsilon"])


def run(corpus, settings, seed):
    """One training: the loss of each epoch in training, and on the development split."""
    torch.manual_seed(seed)
    torch.set_num_threads(settings["threads"])
    model = Model(corpus.config, corpus.weights, settings)
    rows, labels = corpus.rows["train"], corpus.labels["train"]
    size, optimiser = settings["batch"]["utterances"], make_optimiser(model, settings["optimiser"])
    steps, rates = settings["epochs"] * len(even(rows, size)), settings["optimiser"]["learning_rate"]
    plan = Plan(steps, rates["layers"], rates["heads"], round(settings["optimiser"]["warmup_fraction"] * steps))
    step, curves = 0, {"training": [], "development": []}
    model.eval()
    sample = torch.randperm(len(rows))[:STANDARDISED].tolist()
    model.standardise(even([rows[index] for index in sample], size))
    for _ in range(settings["epochs"]):
        losses = []
        model.train()
        for batch in even(torch.randperm(len(rows)).tolist(), size):
            for group in optimiser.param_groups:
                group["lr"] = group["base"] * schedule_factor(step, plan)
            optimiser.zero_grad()
            loss = ccc_loss(model([rows[index] for index in batch]), labels[batch])
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), settings["optimiser"]["clip_norm"])
            optimiser.step()
            losses.append(loss.item())
            step += 1
        model.eval()
        with torch.no_grad():
            held_out = ccc_loss(model(corpus.rows["development"]), corpus.labels["development"])
        curves["training"].append(float(np.mean(losses)))
        curves["development"].append(held_out.item())
    print(f"  torch, seed {seed}: loss {curves['training'][-1]:.3f} in the last epoch of training", flush=True)
    return curves
