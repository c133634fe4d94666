"""How near one tensor is to another, and whether that is near enough; written so that NaN, zeros and mix-ups fail."""

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Tests" / "Goldens"))

from reference import files  # noqa: E402


@dataclass(frozen=True)
class Limits:
    """What is near enough: `deviation` relative to the expected tensor's largest magnitude, `cosine` per frame."""

    deviation: float
    cosine: float


FLOAT32 = Limits(deviation=1e-4, cosine=0.999999)
BFLOAT16 = Limits(deviation=3e-2, cosine=0.999)
TINY_BFLOAT16 = Limits(deviation=6e-2, cosine=0.998)
"""Widths of 40 average little out: torch's own autocast is 4e-2 off there."""
SAME_WEIGHTS = Limits(deviation=1e-5, cosine=0.999999)


@dataclass(frozen=True)
class Nearness:
    """The largest deviation and the least cosine found; NaN where a tensor holds NaN or has another shape."""

    deviation: float
    cosine: float

    def within(self, limits):
        # Never `not (deviation > limit)`: NaN is on the wrong side of every comparison.
        return self.deviation <= limits.deviation and self.cosine >= limits.cosine


def nearness(actual, expected):
    """Compares `[T, C]` with `[T, C]`."""
    actual, expected = np.asarray(actual, np.float64), np.asarray(expected, np.float64)
    if actual.shape != expected.shape or actual.size == 0:
        return Nearness(float("nan"), float("nan"))
    with np.errstate(invalid="ignore", divide="ignore"):  # a frame of zeros has no direction: NaN, which fails
        lengths = np.linalg.norm(actual, axis=1) * np.linalg.norm(expected, axis=1)
        cosines = (actual * expected).sum(axis=1) / lengths
    return Nearness(files.relative_deviation(actual, expected), float(np.min(cosines)))


def worst(found):
    """The worst of several, NaN before anything else; of none at all, NaN."""
    found = list(found)
    if not found:
        return Nearness(float("nan"), float("nan"))
    return Nearness(float(np.max([near.deviation for near in found])), float(np.min([near.cosine for near in found])))
