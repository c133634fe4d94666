"""The part of an encoder above a cut: what of it is trained, and under which names."""

import copy

import torch
from torch import nn

from . import stage_one
from .files import plain_name
from .steps import embedded, is_pre_norm, through


class Upper(nn.Module):
    """Everything above a cut, in transformers' own modules under their own names; rows `[T, C]` to `[T, C]`.

    All of it is trained, except that above cut `k` the table of WavLM's position bias, which is layer 0's, is not.
    """

    def __init__(self, encoder, cut):
        super().__init__()
        self.cut = cut
        self.first_layer = 0 if cut == "cnn" else int(cut)
        self.pre_norm = is_pre_norm(encoder.config)
        lower, layers = encoder.encoder, list(encoder.encoder.layers)
        self.encoder = nn.Module()
        if cut == "cnn":
            self.feature_projection = copy.deepcopy(encoder.feature_projection)
            self.encoder.pos_conv_embed = copy.deepcopy(lower.pos_conv_embed)
        if cut == "cnn" or self.pre_norm:
            self.encoder.layer_norm = copy.deepcopy(lower.layer_norm)
        self.encoder.layers = nn.ModuleDict({
            str(index): copy.deepcopy(layer) for index, layer in enumerate(layers) if index >= self.first_layer})
        if self.first_layer > 0 and hasattr(layers[0].attention, "rel_attn_embed"):
            # The first of these layers then makes the bias that layer 0 would have handed on to it.
            table = copy.deepcopy(layers[0].attention.rel_attn_embed).requires_grad_(False)
            self.encoder.layers[str(self.first_layer)].attention.rel_attn_embed = table
        self.eval()

    def forward(self, rows):
        states = rows[None]
        if self.cut == "cnn":
            states = embedded(self, states, self.pre_norm)
        *_, states = through(self.encoder.layers.values(), states)
        if self.pre_norm:
            states = self.encoder.layer_norm(states)
        return states[0]

    def named(self):
        """(Hugging Face's name, parameter) of every trained parameter, an adapter's without what says how it was put in."""
        for name, parameter in self.named_parameters():
            if parameter.requires_grad:
                plain = plain_name(name).replace(".default.", ".").replace(".parametrizations.weight.0.", ".")
                yield plain, parameter


def check(encoder, cut, normalised):
    """Insists that what is above `cut` makes of an utterance's rows what transformers' encoder makes of its samples."""
    rows = stage_one.cuts(encoder, normalised)[cut]
    with torch.inference_mode():
        last = encoder(torch.from_numpy(normalised)[None]).last_hidden_state[0]
        stage_one.check(f"what follows cut {cut}", Upper(encoder, cut)(rows), last)
