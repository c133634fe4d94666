"""Stage two: gradients of what is above a cut and of the heads on one packed batch, then steps of AdamW.

The schedule that both sides follow, `s` counting steps from 0: `factor(s) = (s + 1) / warmup` for `s < warmup`, else
`(total − s) / (total − warmup)`. It reaches 1 at the end of the warm-up and is never 0, not even at the last step; a
parameter's learning rate in step `s` is its group's base rate times `factor(s)`.
"""

import copy
import json

import torch

from . import files, models
from .heads import DIMENSIONS, Model, ccc_loss
from .steps import is_pre_norm
from .upper import Upper

WEIGHT_DECAY = 0.1
"""Ten times the usual: a decay that is missing, or also on biases and norms, then shows in what training changed."""
BETAS = (0.9, 0.999)
EPSILON = 1e-8
CLIP_NORM = 1.0

NOISE_LIMIT = 1e-5
"""How far float32 may be from float64 in a golden: a tenth of the tolerance that the other side is held to."""
NORM_NOISE_LIMIT = 2e-4
"""The same for the gradient's norm in each step, a fifth of its tolerance: AdamW's first steps go by the gradient's sign,
rounding or not, and of a large encoder torch sums ten million squares in float32."""
CHANGE_NOISE_LIMIT = 3e-4
"""The same for what training changed, in the root of the mean square: a change is small against its parameter's own
rounding, and AdamW divides a gradient near zero by one near zero."""


def schedule_factor(step, plan):
    if step < plan.warmup:
        return (step + 1) / plan.warmup
    return (plan.steps - step) / (plan.steps - plan.warmup)


def decays(name, parameter):
    """Weight decay is for matrices, kernels and tables: not for biases, norms, or the gains that have several axes."""
    return parameter.dim() >= 2 and not name.endswith(("weight_g", "gru_rel_pos_const"))


def batch(encoder, setup, seed):
    """Rows `[N, C]` that look like the cut's own, and labels `[B, 2]` with one missing.

    Each utterance has a tendency of its own, so that the pooled vectors differ. Rows above a post-norm layer passed
    through its own norm, so that scale and offset per channel are those of real rows; rows between pre-norm layers are
    a sum that has grown, unevenly over the channels; the CNN's are what GELU leaves.
    """
    config, cut = encoder.config, setup.cut
    width = config.conv_dim[-1] if cut == "cnn" else config.hidden_size
    if cut == "cnn":
        shaped = torch.nn.functional.gelu
    elif is_pre_norm(config):
        scale, offset = (models.draw(seed, f"channel {name}", (1, width)) for name in ("scales", "offsets"))

        def shaped(rows):
            return (1.5 + 0.5 * scale) * rows + offset
    else:
        shaped = encoder.encoder.layers[int(cut) - 1].final_layer_norm if cut != "0" else encoder.encoder.layer_norm
    parts = []
    for index, count in enumerate(setup.frame_counts):
        tendency = models.draw(seed, f"tendency {index}", (1, width))
        frames = models.draw(seed, f"frames {index}", (count, width))
        with torch.no_grad():
            parts.append(shaped(0.6 * tendency + 0.8 * frames))
    labels = 0.8 * models.draw(seed, "labels", (len(setup.frame_counts), len(DIMENSIONS)))
    labels[2, DIMENSIONS.index("valence")] = float("nan")
    return parts, labels


def trained_model(encoder, setup, parts, seed):
    """What is above the cut, and lively heads whose standardisation is about what this batch's pooled rows call for.

    Answers the adapters' scale as well, None where there are none.
    """
    upper, width = Upper(encoder, setup.cut), encoder.config.hidden_size
    scale = setup.adapter.attach(upper, seed) if setup.adapter else None
    trained = Model(upper, width, setup.head_width).eval()
    with torch.no_grad():
        pooled = torch.stack([upper(part).mean(dim=0) for part in parts])
        trained.mean.copy_(pooled.mean(dim=0) + 0.05 * models.draw(seed, "mean", (width,)))
        trained.deviation.copy_(pooled.std(dim=0, unbiased=False).clamp(min=0.2) * 1.1)
        for name, parameter in trained.named():
            if name.startswith("heads."):
                noise = models.draw(seed, name, tuple(parameter.shape))
                parameter.copy_(noise / parameter.shape[1] ** 0.5 if parameter.dim() == 2 else 0.1 * noise)
    return trained, scale


def first_step(trained, parts, labels):
    """Forward and backward of the whole batch, one utterance at a time; everything that the golden holds of it."""
    rows = [part.detach().clone().requires_grad_() for part in parts]
    hidden = [trained.upper(part) for part in rows]
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


def optimise(trained, parts, labels, plan):
    """Steps of AdamW; answers loss (before the step), gradient norm (before clipping) and factor of each."""
    groups = {}
    for name, parameter in trained.named():
        rate = plan.heads_rate if name.startswith("heads.") else plan.encoder_rate
        decay = WEIGHT_DECAY if decays(name, parameter) else 0.0
        groups.setdefault((rate, decay), []).append(parameter)
    optimiser = torch.optim.AdamW(
        [{"params": p, "lr": rate, "weight_decay": decay} for (rate, decay), p in groups.items()],
        betas=BETAS, eps=EPSILON)
    bases = [group["lr"] for group in optimiser.param_groups]
    losses, norms, factors = [], [], []
    for step in range(plan.steps):
        factor = schedule_factor(step, plan)
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


def run(trained, parts, labels, setup):
    """The first step, the steps of training, and what those changed, in the precision of what it is given.

    Not the change of a keys' bias, which follows the sign of rounding.
    """
    first = first_step(trained, parts, labels)
    before = {name: parameter.detach().clone() for name, parameter in trained.named()}
    steps = optimise(trained, parts, labels, setup.plan)
    changes = {name: parameter.detach() - before[name] for name, parameter in trained.named()}
    found = {"change." + name: changes[name] for name in setup.changed}
    if setup.every_change:
        found |= {"change_size." + name: change.square().mean().sqrt()[None]
                  for name, change in changes.items() if not name.endswith("k_proj.bias")}
    return first | steps, found


def check_noise(path, noise, change_noise):
    """Refuses a golden that float32 cannot hold, and so none of its readers could reach."""
    found = []
    for measured, usual in ((noise, NOISE_LIMIT), (change_noise, CHANGE_NOISE_LIMIT)):
        for name, value in measured.items():
            limit = NORM_NOISE_LIMIT if name == "training.gradient_norm" else usual
            if not value <= limit:
                found.append(f"  {name} is {value:.1e} from its float64 value, allowed {limit:.0e}")
    if found:
        raise SystemExit("\n".join([f"{path}: float32 is too noisy for a golden:", *found]))


def described(setup, scale):
    """The set-up and the plan of training, for the metadata."""
    plan = setup.plan
    told = {"training": json.dumps({
        "steps": plan.steps, "warmup": plan.warmup, "layers_learning_rate": plan.encoder_rate,
        "heads_learning_rate": plan.heads_rate, "weight_decay": WEIGHT_DECAY, "beta1": BETAS[0], "beta2": BETAS[1],
        "epsilon": EPSILON, "clip_norm": CLIP_NORM})}
    if setup.adapter:
        adapter = setup.adapter
        told["adapter"] = json.dumps({
            "rank": adapter.rank, "alpha": adapter.alpha, "targets": adapter.targets,
            "rank_stabilised": adapter.rank_stabilised, "scale": scale,
            **({"layers": adapter.layers} if adapter.layers else {})})
    return told


def golden(model, setup, seed, path, model_directory):
    """Writes the stage-two golden of `model`; `model_directory` is its place relative to the golden file."""
    encoder = model.base_model
    parts, labels = batch(encoder, setup, seed)
    trained, scale = trained_model(encoder, setup, parts, seed)
    offsets = torch.tensor([0, *torch.tensor(setup.frame_counts).cumsum(0).tolist()])
    tensors = {"rows": torch.cat(parts), "offsets": offsets, "labels": labels,
               "standardisation.mean": trained.mean, "standardisation.deviation": trained.deviation}
    tensors |= {"initial." + name: parameter.detach().clone() for name, parameter in trained.named()
                if setup.every_initial or name.startswith("heads.") or setup.adapter}

    wide = copy.deepcopy(trained).double()
    found, changes = run(trained, parts, labels, setup)
    truth, true_changes = run(wide, [part.double() for part in parts], labels.double(), setup)
    scales = gradient_scales({name: value for name, value in truth.items() if name.startswith("gradient.")})

    noise = {}
    for name, value in found.items():
        measure = scales.get("gradient_scale." + name.removeprefix("gradient."))
        noise[name] = files.relative_deviation(value, truth[name], None if measure is None else float(measure))
    change_noise = {name: relative_change(value, true_changes[name]) for name, value in changes.items()}
    check_noise(path, noise, change_noise)
    losses = found["training.loss"].tolist()
    if not losses[0] - losses[-1] >= 0.05:
        raise SystemExit(f"{path}: the loss goes from {losses[0]:.3f} to {losses[-1]:.3f}: it must move")

    tensors |= found | scales | changes
    tensors["loss.float64"] = truth["loss"]
    tensors["training.loss.float64"] = truth["training.loss"]
    metadata = {
        "golden": "stage two", "model": model_directory, "seed": str(seed), "cut": setup.cut,
        "dimensions": " ".join(DIMENSIONS),
        "float32_noise": f"{max(noise.values()):.1e}, of changes {max(change_noise.values()):.1e}",
    }
    files.write(path, tensors, metadata | described(setup, scale))
    return f"{metadata['float32_noise']}; loss {' '.join(f'{loss:.3f}' for loss in losses)}"
