"""Writes losses.json: values and gradients of the training loss as torch's autograd gives them, in float64.

    pip install torch==2.13.0
    python make_losses.py            # writes losses.json anew
    python make_losses.py --check    # remakes it and compares with the committed one

A loss is a mixture of terms; each term is averaged, with weights, over the dimensions for which it is defined: CCC needs two labelled
utterances and something that varies, the errors one labelled utterance.
"""

import json
import math
import sys
from pathlib import Path

import torch

OUT = Path(__file__).with_name("losses.json")


def ccc(p, y, unbiased):
    if len(y) < 2:
        return None
    m = len(y) - 1 if unbiased else len(y)
    covariance = ((p - p.mean()) * (y - y.mean())).sum() / m
    spread = p.var(correction=int(unbiased)) + y.var(correction=int(unbiased)) + (p.mean() - y.mean()) ** 2
    return None if spread == 0 else 1 - 2 * covariance / spread


TERMS = {
    "ccc": lambda p, y: ccc(p, y, unbiased=False),
    "ccc_unbiased": lambda p, y: ccc(p, y, unbiased=True),
    "mse": lambda p, y: torch.nn.functional.mse_loss(p, y) if len(y) else None,
    "mae": lambda p, y: torch.nn.functional.l1_loss(p, y) if len(y) else None,
}


def loss(predictions, labels, terms, weights):
    total = predictions.sum() * 0
    for term, factor in terms.items():
        parts = []
        for p, y, weight in zip(predictions, labels, weights):
            value = TERMS[term](p[~y.isnan()], y[~y.isnan()])
            if value is not None:
                parts.append((weight, value))
        if sum(weight for weight, _ in parts) > 0:
            total = total + factor * sum(w * v for w, v in parts) / sum(w for w, _ in parts)
    return total


def case(name, predictions, labels, terms, weights=None):
    # As the other side has them: predictions are float32.
    predictions = torch.as_tensor(predictions, dtype=torch.float32).double().requires_grad_()
    labels = torch.as_tensor(labels, dtype=torch.float64)
    weights = weights or [1.0] * len(labels)
    value = loss(predictions, labels, terms, weights)
    (gradient,) = torch.autograd.grad(value, predictions)
    assert gradient.isfinite().all(), name
    return {
        "name": name,
        "terms": terms,
        "weights": weights,
        "predictions": predictions.tolist(),
        "labels": [[None if math.isnan(v) else v for v in row] for row in labels.tolist()],
        "value": value.item(),
        "gradient": gradient.tolist(),
    }


def cases():
    generator = torch.Generator().manual_seed(5)

    def draw(dimensions, utterances):
        p, e = (torch.randn(dimensions, utterances, generator=generator) for _ in range(2))
        return p, (0.7 * p + 0.5 * e + 0.3).double()

    nan = float("nan")
    for term in TERMS:
        p, y = draw(2, 9)
        yield case(f"{term} of two dimensions", p, y, {term: 1.0})
        p, y = draw(3, 7)
        y[0, 2:] = nan
        y[1, 1:] = nan
        y[2, ::2] = nan
        yield case(f"{term} with missing labels and weights", p, y, {term: 2.0}, [1.0, 4.0, 0.5])
        yield case(f"{term} of one dimension without labels", p[:2], torch.stack([y[0] * nan, y[2]]), {term: 1.0})
    p, y = draw(3, 12)
    y[1, 4] = nan
    yield case("a mixture", p, y, {"ccc": 1.0, "ccc_unbiased": 0.25, "mse": 0.5, "mae": 0.125}, [1.0, 2.0, 0.0])
    y[0, 1:] = nan
    yield case("a mixture where CCC is not defined for one", p, y, {"ccc": 1.0, "mse": 0.5}, [1.0, 2.0, 1.0])
    p, y = draw(1, 40)
    yield case("a large mean", p + 300, y + 300, {"ccc": 1.0})
    yield case("constant labels", p, torch.full((1, 40), 2.0), {"ccc": 1.0, "ccc_unbiased": 1.0})
    yield case("constant predictions", torch.full((1, 40), 0.5), y, {"ccc": 1.0, "ccc_unbiased": 1.0})
    yield case("constant and different", torch.full((1, 4), 0.5), torch.full((1, 4), 2.0), {"ccc": 1.0})


def main():
    text = json.dumps(list(cases()), indent=0) + "\n"
    if "--check" not in sys.argv:
        OUT.write_text(text)
        return
    for old, new in zip(json.loads(OUT.read_text()), json.loads(text), strict=True):
        assert old["name"] == new["name"]
        for key in ("value", "gradient"):
            torch.testing.assert_close(torch.tensor(old[key]), torch.tensor(new[key]), rtol=1e-12, atol=1e-14)


if __name__ == "__main__":
    main()
