"""What stage two's goldens train, from which cut, and with which plan."""

from dataclasses import dataclass

import peft
import torch
from peft.tuners.lora import LoraLayer
from torch import nn
from torch.nn.utils import parametrize

from .models import draw


@dataclass(frozen=True)
class Plan:
    """Steps of AdamW; the base rates of the encoder's parameters and of the heads'."""

    steps: int
    encoder_rate: float
    heads_rate: float
    warmup: int = 3


@dataclass(frozen=True)
class Adapter:
    """LoRA as peft has it: `W·x + scale · B·(A·x)`, in every layer above the cut or in these alone, all else of the encoder
    frozen.

    `scale` is `alpha / rank`, or `alpha / √rank` when rank-stabilised.
    """

    rank: int
    alpha: float
    targets: tuple
    rank_stabilised: bool
    layers: tuple | None = None

    def attach(self, upper, seed):
        """Puts lively adapters into `upper` and freezes the rest; answers their scale."""
        scale = self.insert(upper)
        with torch.no_grad():
            for name, parameter in upper.named():
                # peft's fresh B is zero: A's gradient, then, and a forgotten scale would pass unseen.
                deviation = parameter.shape[1] ** -0.5 if ".lora_A." in name else 0.1
                parameter.copy_(deviation * draw(seed, name, tuple(parameter.shape)))
        return scale

    def insert(self, upper):
        """Puts fresh adapters into `upper` and freezes the rest; answers their scale."""
        layers = list(self.layers or map(int, upper.encoder.layers))
        peft.inject_adapter_in_model(
            peft.LoraConfig(r=self.rank, lora_alpha=self.alpha, target_modules=list(self.targets), lora_dropout=0.0,
                            layers_to_transform=layers, layers_pattern="layers", use_rslora=self.rank_stabilised),
            upper)
        scales = {module.scaling["default"] for module in upper.modules()
                  if isinstance(module, LoraLayer)}
        assert len(scales) == 1
        return scales.pop()


class AdaptedWeight(nn.Module):
    """`W + scale · B·A` in place of a map's weight: what it gives is LoRA's, whoever reads the weight."""

    def __init__(self, linear, rank, scale):
        super().__init__()
        self.lora_A = nn.Linear(linear.in_features, rank, bias=False)
        self.lora_B = nn.Linear(rank, linear.out_features, bias=False)
        self.scale = scale

    def forward(self, weight):
        return weight + self.scale * self.lora_B.weight @ self.lora_A.weight


class WeightAdapter(Adapter):
    """The same numbers without peft.

    transformers' WavLM takes its attention's weights past the modules that hold them, so that peft's adapters on those have
    no effect there.
    """

    def insert(self, upper):
        scale = self.alpha / (self.rank ** 0.5 if self.rank_stabilised else self.rank)
        upper.requires_grad_(False)
        for layer in upper.encoder.layers.values():
            for target in self.targets:
                linear = layer.get_submodule(target)
                parametrize.register_parametrization(linear, "weight", AdaptedWeight(linear, self.rank, scale))
        return scale


@dataclass(frozen=True)
class Setup:
    """One golden: a tiny or full model, the cut that its rows are of, and what is trained above it."""

    model: str
    cut: str
    plan: Plan
    changed: tuple
    """The parameters whose change by training is kept whole: all rates, with weight decay and without."""
    adapter: Adapter | None = None
    frame_counts: tuple = (7, 19, 1, 24, 9)
    head_width: int = 12
    every_initial: bool = False
    """Whether the golden repeats initial values that the model's files hold."""
    every_change: bool = True
    """Whether the golden has the size of every parameter's change."""


ATTENTION = ("attention.q_proj", "attention.v_proj")
FEED_FORWARD = ("feed_forward.intermediate_dense", "feed_forward.output_dense")
ATTENTION_MAPS = ("attention.q_proj", "attention.k_proj", "attention.v_proj", "attention.out_proj")
EVERY_MAP = (*ATTENTION_MAPS, *FEED_FORWARD)
"""What LoRA adapts. Of WavLM peft itself can be compared on the feed-forward pair alone (`WeightAdapter`)."""

HEADS_CHANGED = ("heads.activation.0.weight", "heads.valence.1.bias")
FINAL_NORM_CHANGED = ("encoder.layer_norm.weight", "encoder.layer_norm.bias")

WEIGHT_NORMED = tuple(f"encoder.pos_conv_embed.conv.{name}" for name in ("weight_g", "weight_v", "bias"))


def layers_changed(first):
    return (f"encoder.layers.{first}.attention.q_proj.weight", f"encoder.layers.{first}.layer_norm.weight",
            f"encoder.layers.{first + 1}.attention.v_proj.bias",
            f"encoder.layers.{first + 1}.feed_forward.output_dense.bias", *HEADS_CHANGED)


def gate_changed(layer):
    return tuple(f"encoder.layers.{layer}.attention.{name}"
                 for name in ("gru_rel_pos_const", "gru_rel_pos_linear.weight", "gru_rel_pos_linear.bias"))


def three_of_twelve(model, plan, frame_counts):
    return Setup(
        model, "9", plan, frame_counts=frame_counts, head_width=32, every_initial=True, every_change=False,
        changed=("encoder.layers.9.attention.q_proj.weight", "encoder.layers.10.feed_forward.output_dense.bias",
                 "encoder.layers.11.final_layer_norm.bias", *HEADS_CHANGED))


def everything(model, positions, changed=()):
    """Full finetuning above the frozen CNN."""
    return Setup(model, "cnn", LONGER_STEPS, positions + changed + layers_changed(1) + (
        "feature_projection.layer_norm.weight", "feature_projection.projection.weight", *FINAL_NORM_CHANGED))


def adapters(targets, rank_stabilised, model="wav2vec2-tiny", cut=10, kind=Adapter, layers=None):
    """LoRA in a model's top two layers, or in these of those above the cut, every adapter's change kept."""
    names = tuple(f"encoder.layers.{layer}.{module}.lora_{half}.weight"
                  for layer in layers or (cut, cut + 1) for module in targets for half in "AB")
    return Setup(model, str(cut), Plan(steps=20, encoder_rate=1e-3, heads_rate=1e-3), names + HEADS_CHANGED,
                 kind(rank=4, alpha=8, targets=targets, rank_stabilised=rank_stabilised, layers=layers))


def two_of_four(model, changed=()):
    return Setup(model, "2", TWENTY_STEPS, layers_changed(2) + changed)


TWENTY_STEPS = Plan(steps=20, encoder_rate=1e-4, heads_rate=1e-3)
LONGER_STEPS = Plan(steps=20, encoder_rate=2e-4, heads_rate=1e-3)
"""At the lower rate what the large gains of a weight norm change in twenty steps is too near their own rounding."""

TINY = {
    "stage-two": three_of_twelve("wav2vec2-tiny", TWENTY_STEPS, (7, 23, 1, 40, 12)),
    "stage-two-top-wav2vec2-large": two_of_four("wav2vec2-large-tiny", FINAL_NORM_CHANGED),
    "stage-two-top-hubert": two_of_four("hubert-tiny"),
    "stage-two-top-hubert-large": two_of_four("hubert-large-tiny", FINAL_NORM_CHANGED),
    "stage-two-top-wavlm": two_of_four("wavlm-tiny", gate_changed(2)),
    "stage-two-top-wavlm-large": two_of_four("wavlm-large-tiny", gate_changed(3) + FINAL_NORM_CHANGED),
    "stage-two-top-data2vec-audio": two_of_four("data2vec-audio-tiny"),
    "stage-two-full-hubert": everything("hubert-tiny", WEIGHT_NORMED),
    "stage-two-full-wav2vec2-large": everything("wav2vec2-large-tiny", WEIGHT_NORMED),
    "stage-two-full-wavlm": everything(
        "wavlm-tiny", WEIGHT_NORMED, gate_changed(0) + ("encoder.layers.0.attention.rel_attn_embed.weight",)),
    "stage-two-full-wavlm-large": everything(
        "wavlm-large-tiny", WEIGHT_NORMED,
        gate_changed(0) + gate_changed(3) + ("encoder.layers.0.attention.rel_attn_embed.weight",)),
    "stage-two-full-data2vec-audio": everything(
        "data2vec-audio-tiny",
        ("encoder.pos_conv_embed.layers.0.conv.weight", "encoder.pos_conv_embed.layers.2.conv.bias")),
    "stage-two-lora-attention": adapters(ATTENTION, rank_stabilised=False),
    "stage-two-lora-all": adapters(EVERY_MAP, rank_stabilised=True),
    "stage-two-lora-hubert": adapters(ATTENTION, rank_stabilised=False, model="hubert-tiny", cut=2),
    "stage-two-lora-wav2vec2-large": adapters(EVERY_MAP, rank_stabilised=False, model="wav2vec2-large-tiny", cut=2),
    "stage-two-lora-wavlm": adapters(FEED_FORWARD, rank_stabilised=False, model="wavlm-tiny", cut=2),
    "stage-two-lora-wavlm-attention": adapters(
        ATTENTION_MAPS, rank_stabilised=False, model="wavlm-tiny", cut=2, kind=WeightAdapter),
    "stage-two-lora-data2vec-audio": adapters(ATTENTION, rank_stabilised=False, model="data2vec-audio-tiny", cut=2),
    "stage-two-lora-two-of-three": adapters(ATTENTION, rank_stabilised=False, cut=9, layers=(9, 11)),
}
"""Committed beside this package, by file name."""

FULL_STEPS = Plan(steps=10, encoder_rate=2e-5, heads_rate=5e-5)
"""At full size more inputs per unit make a step at one rate go further, and rounding grow with it."""
FULL_FRAME_COUNTS = (87, 60, 200, 143, 120)


def top_three(model, cut, *changed):
    """Changes of biases and matrices only: of gains about 1 these rates change too few roundings to compare."""
    return Setup(
        model, str(cut), FULL_STEPS, frame_counts=FULL_FRAME_COUNTS, head_width=32, every_change=False,
        changed=(f"encoder.layers.{cut}.attention.q_proj.weight",
                 f"encoder.layers.{cut + 1}.feed_forward.output_dense.bias",
                 f"encoder.layers.{cut + 2}.final_layer_norm.bias", *changed, "heads.activation.0.weight",
                 "heads.valence.0.bias"))


FULL = {
    "stage-two": three_of_twelve("wav2vec2-base", FULL_STEPS, FULL_FRAME_COUNTS),
    "stage-two-top-wavlm": top_three("wavlm-base", 9, "encoder.layers.10.attention.gru_rel_pos_linear.bias"),
    "stage-two-top-wav2vec2-large": top_three("wav2vec2-large-robust", 21, "encoder.layer_norm.bias"),
}
"""For `make parity`, by file name: the top three layers."""
