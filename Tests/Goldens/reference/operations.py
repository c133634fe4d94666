"""Single operations, forward and backward, on small random inputs. Every tensor is named `<operation>.<case>.<tensor>`.

Activations are channels-last and packed as in Undertone; weights keep torch's layout. `d` + a name is the gradient of
the scalar `Σ y · dy` with respect to it. Computed in float64 from float32 inputs and rounded once, at the end: what
differs by more than a few roundings is the other side's doing.
"""

import math

import torch
import torch.nn.functional as F
from transformers import Wav2Vec2Config
from transformers.models.wav2vec2.modeling_wav2vec2 import Wav2Vec2PositionalConvEmbedding

from . import files, models
from .heads import ccc_loss

SEED = 20


def draw(name, shape):
    """Seeded normal numbers that float32 holds, as float64."""
    return models.draw(SEED, name, tuple(shape)).double()


def leaf(values):
    """What float32 holds of `values`, as a float64 leaf that asks for its gradient."""
    return values.detach().float().double().requires_grad_()


def inputs(case, **shapes):
    """Named random leaves that ask for their gradients."""
    return {name: leaf(draw(f"{case}.{name}", shape)) for name, shape in shapes.items()}


def number(value):
    """A scalar as a tensor of one element: I64 if whole, F32 otherwise."""
    return torch.tensor([value])


def record(case, leaves, y, extra=None):
    """Runs the backward pass from a random `dy`; answers the case's tensors under their full names."""
    dy = draw(f"{case}.dy", y.shape)
    gradients = torch.autograd.grad(y, list(leaves.values()), dy)
    tensors = {"y": y, "dy": dy} | leaves | (extra or {})
    tensors |= {"d" + name: gradient for name, gradient in zip(leaves, gradients, strict=True)}
    return {f"{case}.{name}": tensor for name, tensor in tensors.items()}


def gelu():
    """`y = x · Φ(x)`, Φ by erf; one case of usual values, one of large ones, where y is x or zero."""
    found = {}
    for index, scale in enumerate((1.0, 8.0)):
        case = f"gelu.{index}"
        x = leaf(scale * draw(case, (3, 33)))
        found |= record(case, {"x": x}, F.gelu(x))
    return found


def layer_norm():
    """Over channels; `[rows, C]`; one case rides on an offset a hundred times its spread, one has a large eps."""
    found = {}
    for index, (rows, width, offset, eps) in enumerate(((7, 40, 0.0, 1e-5), (3, 192, 10.0, 1e-5), (5, 24, 0.0, 0.1))):
        case = f"layer_norm.{index}"
        leaves = inputs(case, x=(rows, width), gamma=(width,), beta=(width,))
        leaves["x"] = leaf(leaves["x"] * (0.1 if offset else 1.0) + offset)
        y = F.layer_norm(leaves["x"], (width,), leaves["gamma"], leaves["beta"], eps)
        found |= record(case, leaves, y, {"eps": number(eps)})
    return found


def group_norm():
    """A group per channel, over the frames of one utterance: `[T, C]`, population variance, eps 1e-5."""
    found = {}
    for index, (frames, width) in enumerate(((39, 32), (5, 24))):
        case = f"group_norm.{index}"
        leaves = inputs(case, x=(frames, width), gamma=(width,), beta=(width,))
        y = F.group_norm(leaves["x"].T[None], width, leaves["gamma"], leaves["beta"], 1e-5)[0].T
        found |= record(case, leaves, y, {"eps": number(1e-5)})
    return found


def attention():
    """`softmax(QKᵀ/√D)V` inside each utterance; `qkv` is `[N, 3·H·D]`, Q then K then V."""
    found = {}
    cases = (((9,), 1, 8, 1.0), ((5, 1, 12, 3), 4, 10, 1.0), ((11, 6), 1, 64, 1.0), ((4, 9), 3, 16, 6.0))
    for index, (counts, heads, size, scale) in enumerate(cases):
        case = f"attention.{index}"
        width, total = heads * size, sum(counts)
        qkv = leaf(scale * draw(case, (total, 3 * width)))
        offsets = torch.tensor([0, *torch.tensor(counts).cumsum(0).tolist()])
        parts = []
        for start, end in zip(offsets[:-1], offsets[1:], strict=True):
            q, k, v = qkv[start:end].view(-1, 3, heads, size).permute(1, 2, 0, 3)
            weights = torch.softmax(q @ k.transpose(1, 2) / math.sqrt(size), dim=-1)
            parts.append((weights @ v).transpose(0, 1).reshape(-1, width))
        found |= record(case, {"qkv": qkv}, torch.cat(parts), {"offsets": offsets, "heads": number(heads)})
    return found


def convolution():
    """Unpadded strided convolution over one utterance: `[T, Cin] → [T', Cout]`, weight `[Cout, Cin, K]`."""
    found = {}
    cases = ((400, 1, 8, 10, 5, False), (39, 16, 16, 3, 2, False), (40, 8, 24, 3, 2, True), (19, 24, 8, 2, 2, False),
             (20, 16, 16, 2, 2, True), (3, 16, 16, 3, 2, True))
    for index, (frames, inside, outside, kernel, stride, bias) in enumerate(cases):
        case = f"convolution.{index}"
        shapes = {"x": (frames, inside), "weight": (outside, inside, kernel)} | ({"bias": (outside,)} if bias else {})
        leaves = inputs(case, **shapes)
        y = F.conv1d(leaves["x"].T[None], leaves["weight"], leaves.get("bias"), stride=stride)[0].T
        found |= record(case, leaves, y, {"stride": number(stride)})
    return found


def positional_convolution():
    """Hugging Face's own positional embedding per utterance: grouped, weight-normed, trimmed if even, then GELU.

    `convolved` is what enters the GELU. The kernel is `weight_v · weight_g / ‖weight_v‖`, the norm over
    all but the last axis.
    """
    found = {}
    cases = (((21, 1, 6), 24, 16, 3), ((12, 20), 16, 5, 2), ((25, 9), 8, 8, 8))
    for index, (counts, width, kernel, groups) in enumerate(cases):
        case = f"positional_convolution.{index}"
        config = Wav2Vec2Config(hidden_size=width, num_conv_pos_embeddings=kernel, num_conv_pos_embedding_groups=groups)
        module = Wav2Vec2PositionalConvEmbedding(config).double()
        leaves = inputs(case, x=(sum(counts), width), weight_v=(width, width // groups, kernel), bias=(width,))
        norm = leaves["weight_v"].norm(dim=(0, 1), keepdim=True)
        leaves["weight_g"] = leaf(norm * (1 + 0.3 * draw(case, norm.shape)).clamp(min=0.2) / 8)
        parameters = {"conv.parametrizations.weight.original0": leaves["weight_g"],
                      "conv.parametrizations.weight.original1": leaves["weight_v"], "conv.bias": leaves["bias"]}
        module.load_state_dict({name: value.detach() for name, value in parameters.items()})
        before_gelu = []
        module.activation.register_forward_pre_hook(lambda _, given: before_gelu.append(given[0][0].T))
        offsets = torch.tensor([0, *torch.tensor(counts).cumsum(0).tolist()])
        y = torch.cat([torch.func.functional_call(module, parameters, (leaves["x"][None, start:end],))[0]
                       for start, end in zip(offsets[:-1], offsets[1:], strict=True)])
        extra = {"convolved": torch.cat(before_gelu), "offsets": offsets, "groups": number(groups)}
        found |= record(case, leaves, y, extra)
    return found


def ccc():
    """`loss` (mean of `1 − CCC`) and `dpredictions`; labels are NaN where unknown, more of them in the second case."""
    found = {}
    for index, (count, dimensions, missing) in enumerate(((6, 1, ()), (9, 3, ((0, 1), (4, 1), (8, 2))))):
        case = f"ccc.{index}"
        predictions = leaf(draw(f"{case}.predictions", (count, dimensions)))
        labels = leaf(0.5 + 0.7 * draw(f"{case}.labels", (count, dimensions)) + 0.3 * predictions).detach()
        for place in missing:
            labels[place] = float("nan")
        loss = ccc_loss(predictions, labels)
        loss.backward()
        tensors = {"predictions": predictions, "labels": labels, "loss": loss[None], "dpredictions": predictions.grad}
        found |= {f"{case}.{name}": tensor for name, tensor in tensors.items()}
    return found


OPERATIONS = (gelu, layer_norm, group_norm, attention, convolution, positional_convolution, ccc)


def golden(path):
    """Writes the operations' golden."""
    tensors = {}
    for operation in OPERATIONS:
        tensors |= operation()
    tensors = {name: value.float() if value.is_floating_point() else value for name, value in tensors.items()}
    files.write(path, tensors, {"golden": "operations", "seed": str(SEED)})
    return f"{len(tensors)} tensors of {len(OPERATIONS)} operations"
