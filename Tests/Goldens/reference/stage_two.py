"""Stage two: gradients of the upper layers and heads on one packed batch, then ten steps of AdamW.

The schedule that both sides follow, `s` counting steps from 0: `factor(s) = (s + 1) / warmup` for `s < warmup`, else
`(total − s) / (total − warmup)`. It reaches 1 at the end of the warm-up and is never 0, not even at the last step; a
parameter's learning rate in step `s` is its group's base rate times `factor(s)`.
"""

import copy
import json

import torch

from . import files, models
from .heads import DIMENSIONS, Top, ccc_loss

TOP_LAYERS = 3
STEPS = 10
WARMUP = 3
RATES = (1e-4, 1e-3)
"""Base learning rates of the layers and of the heads."""
FULL_RATES = (2e-5, 5e-5)
"""The same at full size: more inputs per unit make a step at one rate go further, and rounding grow with it."""
WEIGHT_DECAY = 0.1
"""Ten times the usual: a decay that is missing, or also on biases and norms, then shows in what ten steps changed."""
BETAS = (0.9, 0.999)
EPSILON = 1e-8
CLIP_NORM = 1.0

TINY_FRAME_COUNTS = (7, 23, 1, 40, 12)
FULL_FRAME_COUNTS = (87, 60, 200, 143, 120)

NOISE_LIMIT = 1e-5
"""How far float32 may be from float64 in a golden: a tenth of the tolerance that the other side is held to."""
NORM_NOISE_LIMIT = 1e-4
"""The same for the gradient's norm in each step: AdamW's first steps go by the gradient's sign, rounding or not."""
CHANGE_NOISE_LIMIT = 3e-4
"""The same for what training changed, in the root of the mean square: a change is small against its parameter's own
rounding, and AdamW divides a gradient near zero by one near zero."""


def schedule_factor(step, total=STEPS, warmup=WARMUP):
    return (step + 1) / warmup if step < warmup else (total - step) / (total - warmup)


def batch(model, frame_counts, seed):
    """Rows `[N, C]` that look like the output of the layer below the cut, and labels `[B, 2]` with one missing.

    Each utterance has a tendency of its own, so that the pooled vectors differ; each row passes through the last frozen
    layer's own norm, so that scale and offset per channel are those of real rows.
    """
    first = model.config.num_hidden_layers - TOP_LAYERS
    norm = model.wav2vec2.encoder.layers[first - 1].final_layer_norm
    width = model.config.hidden_size
    parts = []
    for index, count in enumerate(frame_counts):
        tendency = models.draw(seed, f"tendency {index}", (1, width))
        frames = models.draw(seed, f"frames {index}", (count, width))
        with torch.no_grad():
            parts.append(norm(0.6 * tendency + 0.8 * frames))
    labels = 0.8 * models.draw(seed, "labels", (len(frame_counts), len(DIMENSIONS)))
    labels[2, DIMENSIONS.index("valence")] = float("nan")
    return parts, labels


def top(model, parts, seed):
    """The trained part, its heads lively, its standardisation about what the pooled rows of this batch call for."""
    first = model.config.num_hidden_layers - TOP_LAYERS
    width = model.config.hidden_size
    trained = Top(copy.deepcopy(model.wav2vec2.encoder.layers[first:]), first, torch.zeros(width), torch.ones(width))
    trained.eval()
    with torch.no_grad():
        pooled = torch.stack([trained.hidden(part).mean(dim=0) for part in parts])
        trained.mean.copy_(pooled.mean(dim=0) + 0.05 * models.draw(seed, "mean", (width,)))
        trained.deviation.copy_(pooled.std(dim=0, unbiased=False).clamp(min=0.2) * 1.1)
        for name, parameter in trained.named():
            if name.startswith("heads."):
                noise = models.draw(seed, name, tuple(parameter.shape))
                parameter.copy_(noise / parameter.shape[1] ** 0.5 if parameter.dim() == 2 else 0.1 * noise)
    return trained


def first_step(trained, parts, labels):
    """Forward and backward of the whole batch, one utterance at a time; everything that the golden holds of it."""
    rows = [part.detach().clone().requires_grad_() for part in parts]
    hidden = [trained.hidden(part) for part in rows]
    pooled = torch.stack([states.mean(dim=0) for states in hidden])
    predictions = torch.stack([trained.predict(vector) for vector in pooled])
    loss = ccc_loss(predictions, labels)
    trained.zero_grad()
    loss.backward()
    found = {"hidden": torch.cat(hidden), "pooled": pooled, "predictions": predictions, "loss": loss[None]}
    found["gradient.rows"] = torch.cat([part.grad for part in rows])
    for name, parameter in trained.named():
        found["gradient." + name] = parameter.grad
    return {name: tensor.detach().clone() for name, tensor in found.items()}


def optimise(trained, parts, labels, rates):
    """Ten steps of AdamW; answers loss (before the step), gradient norm (before clipping) and factor of each."""
    groups = {}
    for name, parameter in trained.named():
        rate = rates[1] if name.startswith("heads.") else rates[0]
        decay = WEIGHT_DECAY if parameter.dim() >= 2 else 0.0
        groups.setdefault((rate, decay), []).append(parameter)
    optimiser = torch.optim.AdamW(
        [{"params": p, "lr": rate, "weight_decay": decay} for (rate, decay), p in groups.items()],
        betas=BETAS, eps=EPSILON)
    bases = [group["lr"] for group in optimiser.param_groups]
    losses, norms, factors = [], [], []
    for step in range(STEPS):
        factor = schedule_factor(step)
        for group, base in zip(optimiser.param_groups, bases, strict=True):
            group["lr"] = base * factor
        loss = ccc_loss(torch.stack([trained(part) for part in parts]), labels)
        optimiser.zero_grad()
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_([p for _, p in trained.named()], CLIP_NORM)
        optimiser.step()
        losses.append(loss.detach())
        norms.append(norm.detach())
        factors.append(factor)
    dtype = losses[0].dtype
    return {"training.loss": torch.stack(losses), "training.gradient_norm": torch.stack(norms),
            "training.learning_rate_factor": torch.tensor(factors, dtype=dtype)}


def changed_names(first):
    """The few parameters whose change by training is kept: both base rates, with and without weight decay."""
    return (f"encoder.layers.{first}.attention.q_proj.weight",
            f"encoder.layers.{first + 1}.feed_forward.output_dense.bias",
            f"encoder.layers.{first + 2}.final_layer_norm.bias", "heads.activation.0.weight", "heads.valence.1.bias")


def gradient_scales(gradients):
    """What each gradient's deviation is to be measured by: its largest magnitude, with one exception.

    A bias on the keys adds the same to every score of a query, which softmax does not see: its gradient is zero but
    for rounding. It is measured by the gradient of the keys' weight instead.
    """
    scales = {}
    for name, gradient in gradients.items():
        measure = gradients[name.replace("k_proj.bias", "k_proj.weight")]
        scales["gradient_scale." + name.removeprefix("gradient.")] = measure.abs().max()[None].float()
    return scales


def relative_change(actual, expected):
    """`‖actual − expected‖ / ‖expected‖`, the root of the mean square."""
    return float((actual.double() - expected.double()).norm() / expected.double().norm())


def run(trained, parts, labels, rates):
    """The first step, ten steps, and what those changed, in the precision of what it is given."""
    first = first_step(trained, parts, labels)
    parameters = dict(trained.named())
    before = {name: parameters[name].detach().clone() for name in changed_names(trained.first_layer)}
    steps = optimise(trained, parts, labels, rates)
    return first | steps, {"change." + name: parameters[name].detach() - value for name, value in before.items()}


def golden(model, frame_counts, seed, path, model_directory, rates=RATES):
    """Writes the stage-two golden of `model`; `model_directory` is its place relative to the golden file."""
    parts, labels = batch(model, frame_counts, seed)
    trained = top(model, parts, seed)
    offsets = torch.tensor([0, *torch.tensor(frame_counts).cumsum(0).tolist()])
    tensors = {"rows": torch.cat(parts), "offsets": offsets, "labels": labels,
               "standardisation.mean": trained.mean, "standardisation.deviation": trained.deviation}
    tensors |= {"initial." + name: parameter.detach().clone() for name, parameter in trained.named()}

    wide = copy.deepcopy(trained).double()
    found, changes = run(trained, parts, labels, rates)
    truth, true_changes = run(wide, [part.double() for part in parts], labels.double(), rates)
    scales = gradient_scales({name: value for name, value in truth.items() if name.startswith("gradient.")})

    noise = {}
    for name, value in found.items():
        scale = scales.get("gradient_scale." + name.removeprefix("gradient."))
        noise[name] = files.relative_deviation(value, truth[name], None if scale is None else float(scale))
    change_noise = {name: relative_change(value, true_changes[name]) for name, value in changes.items()}
    for measured, usual in ((noise, NOISE_LIMIT), (change_noise, CHANGE_NOISE_LIMIT)):
        for name, value in measured.items():
            limit = NORM_NOISE_LIMIT if name == "training.gradient_norm" else usual
            if not value <= limit:
                raise SystemExit(f"{path}: {name} is {value:.1e} from its float64 value, allowed {limit:.0e}")
    losses = found["training.loss"].tolist()
    if not losses[0] - losses[-1] >= 0.05:
        raise SystemExit(f"{path}: the loss goes from {losses[0]:.3f} to {losses[-1]:.3f}: it must move")

    tensors |= found | scales | changes
    tensors["loss.float64"] = truth["loss"]
    tensors["training.loss.float64"] = truth["training.loss"]
    metadata = {
        "golden": "stage two", "model": model_directory, "seed": str(seed), "cut": str(trained.first_layer),
        "dimensions": " ".join(DIMENSIONS),
        "float32_noise": f"{max(noise.values()):.1e}, of changes {max(change_noise.values()):.1e}",
        "training": json.dumps({"steps": STEPS, "warmup": WARMUP, "layers_learning_rate": rates[0],
                                "heads_learning_rate": rates[1], "weight_decay": WEIGHT_DECAY, "beta1": BETAS[0],
                                "beta2": BETAS[1], "epsilon": EPSILON, "clip_norm": CLIP_NORM}),
    }
    files.write(path, tensors, metadata)
    return f"{metadata['float32_noise']}; loss {' '.join(f'{loss:.3f}' for loss in losses)}"
