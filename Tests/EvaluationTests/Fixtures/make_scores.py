"""Writes scores.json: metrics and bootstrap intervals as audmetric, scipy and numpy give them.

    pip install -r requirements.txt
    python make_scores.py            # writes scores.json anew
    python make_scores.py --check    # remakes it and compares with the committed one

Metrics come from audmetric (CCC, RMSE, MAE) and scipy (Pearson). Intervals are made twice: by a plain resampling of the
utterances' lists, with the project's counter-based random numbers, which Undertone must reproduce to the last digits; and
by scipy.stats.bootstrap with its own, which it must come near.
"""

import json
import sys
import warnings
from pathlib import Path

import audmetric
import numpy as np
import scipy.stats

OUT = Path(__file__).with_name("scores.json")
METRICS = ("ccc", "pearson", "rmse", "mae")
MASK = (1 << 64) - 1


def mix(z):
    """SplitMix64's output function."""
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


class Stream:
    """RandomStream(seed: seed, "bootstrap")."""

    def __init__(self, seed):
        key = mix(seed ^ 0x6A09E667F3BCC908)
        for byte in b"bootstrap":
            key = mix(key ^ byte)
        self.key, self.position = key, 0

    def below(self, count):
        self.position += 1
        u = mix((self.key + self.position * 0x9E3779B97F4A7C15) & MASK)
        return u * count >> 64


def score(metric, truth, prediction):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if metric == "ccc":
            return audmetric.concordance_cc(truth, prediction)
        if metric == "pearson":
            return float(scipy.stats.pearsonr(truth, prediction).statistic) if len(truth) > 1 else float("nan")
        if metric == "rmse":
            return float(audmetric.mean_squared_error(truth, prediction) ** 0.5)
        return float(audmetric.mean_absolute_error(truth, prediction))


def units_of(speakers):
    known = list(dict.fromkeys(s for s in speakers if s is not None))
    if len(known) < 2:
        return "utterance", [[i] for i in range(len(speakers))]
    units, of_speaker = [], {}
    for i, speaker in enumerate(speakers):
        if speaker is not None and speaker in of_speaker:
            of_speaker[speaker].append(i)
        else:
            units.append([i])
            if speaker is not None:
                of_speaker[speaker] = units[-1]
    return "speaker", units


def resamples(units, count, seed):
    stream = Stream(seed)
    for _ in range(count):
        yield np.concatenate([units[stream.below(len(units))] for _ in units])


def interval(values, count):
    values = np.array([v for v in values if np.isfinite(v)])
    return None if 2 * len(values) < count else [float(q) for q in np.quantile(values, [0.025, 0.975])]


def case(name, truth, prediction, speakers, count=400, seed=7, scipy_resamples=0):
    truth, prediction = np.array(truth, float), np.array(prediction, float)
    unit, units = units_of(speakers)
    drawn = list(resamples(units, count, seed))
    result = {
        "name": name, "truth": truth.tolist(), "prediction": prediction.tolist(), "speakers": speakers,
        "resamples": count, "seed": seed, "unit": unit, "units": len(units),
        "scores": {m: score(m, truth, prediction) for m in METRICS},
        "intervals": {
            m: interval([score(m, truth[rows], prediction[rows]) for rows in drawn], count) for m in METRICS
        },
    }
    result["scores"] = {m: v if np.isfinite(v) else None for m, v in result["scores"].items()}
    result["intervals"] = {m: v if result["scores"][m] is not None else None for m, v in result["intervals"].items()}
    if scipy_resamples:
        result["scipy"] = {}
        for metric in METRICS:
            found = scipy.stats.bootstrap(
                (truth, prediction), lambda t, p: score(metric, t, p), paired=True, vectorized=False,
                method="percentile", n_resamples=scipy_resamples, rng=np.random.default_rng(1))
            result["scipy"][metric] = [float(found.confidence_interval.low), float(found.confidence_interval.high)]
    return result


def comparison(truth, first, second, speakers, count=400, seed=3):
    truth, first, second = (np.array(x, float) for x in (truth, first, second))
    _, units = units_of(speakers)
    drawn = list(resamples(units, count, seed))
    result = {
        "truth": truth.tolist(), "first": first.tolist(), "second": second.tolist(), "speakers": speakers,
        "resamples": count, "seed": seed, "metrics": {},
    }
    for metric in METRICS:
        differences = [score(metric, truth[r], first[r]) - score(metric, truth[r], second[r]) for r in drawn]
        better = [d > 0 if metric in ("ccc", "pearson") else d < 0 for d in differences]
        result["metrics"][metric] = {
            "difference": score(metric, truth, first) - score(metric, truth, second),
            "interval": interval(differences, count), "share": float(np.mean(better)),
        }
    return result


def make():
    rng = np.random.default_rng(20)

    def data(n, noise, scale=1.0, offset=0.0):
        truth = rng.uniform(-1, 1, n)
        prediction = 0.6 * truth + noise * rng.standard_normal(n) + 0.1
        return np.round(offset + scale * truth, 3), np.round(offset + scale * prediction, 3)

    named = [f"s{rng.integers(9)}" if rng.random() < 0.9 else None for _ in range(80)]
    none = [None] * 60
    cases = [
        case("twelve pairs", *data(12, 0.3), none[:12]),
        case("by speaker, some unknown", *data(80, 0.5), named),
        case("by utterance, on a scale from 1 to 7", *data(60, 0.4, 3, 4), none, scipy_resamples=4000),
        case("a single speaker", *data(15, 0.2), ["s"] * 15),
        case("a large offset", *data(40, 0.3, 0.5, 1000), none[:40]),
        case("four pairs", [0.1, 0.9, 0.4, 0.4], [0.2, 0.6, 0.5, 0.1], none[:4]),
        case("a constant prediction", [0.1, 0.2, 0.4, 0.7, 0.3], [0.3] * 5, none[:5]),
        case("a constant truth", [0.3] * 5, [0.1, 0.2, 0.4, 0.7, 0.3], none[:5]),
        case("the same constant twice", [0.3] * 5, [0.3] * 5, none[:5]),
        case("two different constants", [0.3] * 5, [0.4] * 5, none[:5]),
    ]
    truth, first = data(80, 0.3)
    second = np.round(0.5 * truth + 0.4 * rng.standard_normal(80), 3)
    versions = {"audmetric": audmetric.__version__, "numpy": np.__version__, "scipy": scipy.__version__}
    return {"versions": versions, "cases": cases, "comparisons": [comparison(truth, first, second, named)]}


def close(a, b):
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(close(a[k], b[k]) for k in a)
    if isinstance(a, list):
        return len(a) == len(b) and all(map(close, a, b))
    if isinstance(a, float) and isinstance(b, float):
        return abs(a - b) <= 1e-12 * max(1, abs(b))
    return a == b


made = make()
if "--check" in sys.argv:
    if not close(made, json.loads(OUT.read_text())):
        sys.exit(f"{OUT.name} is not what this script makes")
else:
    OUT.write_text(json.dumps(made, allow_nan=False) + "\n")
