"""Whether what several runs gave lies within what several others gave; written so that NaN and what is missing fail."""

from dataclasses import dataclass

import numpy as np

STANDARD_ERRORS = 2.0
LEAST_RUNS = 3
"""Of fewer a spread says nothing."""


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
        return self.least <= self.mean <= self.largest and abs(self.errors) <= STANDARD_ERRORS


def places(actual, expected):
    """A place for each epoch of `actual`, `[runs, epochs]`, within those of `expected`; NaN where shapes do not fit.

    The standard error is Welch's, `√(s²/n + s'²/n')`: the two sides need not vary alike.
    """
    actual, expected = np.asarray(actual, np.float64), np.asarray(expected, np.float64)
    fits = actual.ndim == expected.ndim == 2 and actual.shape[1] == expected.shape[1] > 0
    if not fits or min(len(actual), len(expected)) < LEAST_RUNS:
        return [Place(*[float("nan")] * 5)]
    with np.errstate(invalid="ignore", divide="ignore"):  # runs without any spread are NaN or infinitely far: outside
        error = np.sqrt(actual.var(axis=0, ddof=1) / len(actual) + expected.var(axis=0, ddof=1) / len(expected))
        errors = (actual.mean(axis=0) - expected.mean(axis=0)) / error
    columns = actual.mean(axis=0), expected.mean(axis=0), expected.min(axis=0), expected.max(axis=0), errors
    return [Place(*map(float, column)) for column in zip(*columns, strict=True)]
