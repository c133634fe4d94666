"""Whether what several runs gave lies within what several others gave; written so that NaN and what is missing fail."""

import math
from dataclasses import dataclass
from itertools import combinations

import numpy as np

LEAST_RUNS = 4
"""Of fewer on each side no difference, however large, is rarer than `LEVEL` among the ways to part them."""
LEVEL = 0.05
"""Of two sides that are alike, one comparison in twenty fails by chance."""
DRAWS = 20_000
"""Ways to part the runs that are looked at, where there are more."""


@dataclass(frozen=True)
class Place:
    """Where the mean of some runs lies beside others at one epoch."""

    mean: float
    expected: float
    least: float
    largest: float
    errors: float
    """Between the two means, in standard errors of their difference."""

    def is_within(self):
        # Written so that NaN is outside.
        return self.least <= self.mean <= self.largest and math.isfinite(self.errors)


def both(actual, expected):
    """Both as arrays `[runs, epochs]`; None where they do not fit each other or are too few to have a spread."""
    actual, expected = np.asarray(actual, np.float64), np.asarray(expected, np.float64)
    fits = actual.ndim == expected.ndim == 2 and actual.shape[1] == expected.shape[1] > 0
    return (actual, expected) if fits and min(len(actual), len(expected)) >= LEAST_RUNS else None


def standard_errors(actual, expected):
    """How many standard errors the means lie apart, per epoch; the error is Welch's, `√(s²/n + s'²/n')`: the two sides
    need not vary alike."""
    with np.errstate(invalid="ignore", divide="ignore"):  # runs without any spread are NaN or infinitely far
        error = np.sqrt(actual.var(axis=0, ddof=1) / len(actual) + expected.var(axis=0, ddof=1) / len(expected))
        return (actual.mean(axis=0) - expected.mean(axis=0)) / error


def places(actual, expected):
    """A place for each epoch of `actual`, `[runs, epochs]`, within those of `expected`; NaN where shapes do not fit."""
    fitting = both(actual, expected)
    if fitting is None:
        return [Place(*[float("nan")] * 5)]
    actual, expected = fitting
    columns = (actual.mean(axis=0), expected.mean(axis=0), expected.min(axis=0), expected.max(axis=0),
               standard_errors(actual, expected))
    return [Place(*map(float, column)) for column in zip(*columns, strict=True)]


def chance(actual, expected):
    """How often runs that are all alike, parted at random, lie as far apart at their worst epoch as these two sides do.

    A permutation test of `max |t|` over all columns: however many epochs are compared, and however they hang together,
    sides drawn alike come below `LEVEL` as often as it says. 0 where it cannot be told. (Westfall and Young 1993.)
    """
    fitting = both(actual, expected)
    if fitting is None or not all(np.isfinite(side).all() for side in fitting):
        return 0.0
    pool, count = np.concatenate(fitting), len(fitting[0])

    def worst(chosen):
        left = np.ones(len(pool), bool)
        left[list(chosen)] = False
        return np.abs(standard_errors(pool[~left], pool[left])).max()

    observed = worst(range(count))
    if not math.isfinite(observed):
        return 0.0
    if math.comb(len(pool), count) <= DRAWS:
        found = [worst(chosen) for chosen in combinations(range(len(pool)), count)]
    else:
        generator = np.random.default_rng(0)
        found = [observed] + [worst(generator.permutation(len(pool))[:count]) for _ in range(DRAWS)]
    # The way that the runs lie is one of those looked at; rounding must not hide it.
    return float(np.mean([not far < observed * (1 - 1e-9) for far in found]))
