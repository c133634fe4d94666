"""What stage two puts on top of the encoder: mean pooling, standardisation, a head per dimension, the CCC loss."""

import torch
from torch import nn

DIMENSIONS = ("activation", "valence")


def ccc_loss(predictions, labels):
    """`1 − CCC`, averaged over dimensions; `predictions` and `labels` are `[B, dimensions]`, a NaN label is masked.

    CCC = 2·cov / (var_p + var_y + (mean_p − mean_y)²), all of them population statistics (divided by the count, not the
    count less one) over the utterances that have a label in that dimension. Source: Lin 1989.
    """
    losses = []
    for dimension in range(labels.shape[1]):
        known = ~torch.isnan(labels[:, dimension])
        p, y = predictions[known, dimension], labels[known, dimension]
        covariance = ((p - p.mean()) * (y - y.mean())).mean()
        spread = p.var(unbiased=False) + y.var(unbiased=False) + (p.mean() - y.mean()) ** 2
        losses.append(1 - 2 * covariance / spread)
    return torch.stack(losses).mean()


class Model(nn.Module):
    """What is above the cut, and the heads: one utterance's rows, unpadded, to its predictions `[dimensions]`.

    mean over frames → (x − mean) / deviation → per dimension Linear(C → width) → tanh → Linear(width → 1).
    """

    def __init__(self, upper, size, head_width):
        super().__init__()
        self.upper = upper
        self.heads = nn.ModuleDict({
            name: nn.Sequential(nn.Linear(size, head_width), nn.Tanh(), nn.Linear(head_width, 1))
            for name in DIMENSIONS
        })
        self.register_buffer("mean", torch.zeros(size))
        self.register_buffer("deviation", torch.ones(size))

    def predict(self, pooled):
        """`[C]` → `[dimensions]`."""
        standard = (pooled - self.mean) / self.deviation
        return torch.stack([self.heads[name][2](self.heads[name][1](self.heads[name][0](standard)))[0]
                            for name in DIMENSIONS])

    def forward(self, rows):
        return self.predict(self.upper(rows).mean(dim=0))

    def named(self):
        """(Undertone's name, parameter) of every trained parameter.

        The encoder's keep their Hugging Face names, layers counted in the whole encoder (`encoder.layers.9.…`); the two
        linear layers of a head are `heads.<dimension>.0` and `.1` (the tanh between them has no parameters and takes no
        number).
        """
        yield from self.upper.named()
        for name in DIMENSIONS:
            for number, linear in enumerate((self.heads[name][0], self.heads[name][2])):
                yield f"heads.{name}.{number}.weight", linear.weight
                yield f"heads.{name}.{number}.bias", linear.bias
