"""Two sittings side by side: what has become worse."""

import json
from dataclasses import dataclass
from pathlib import Path

from . import results, tables

TOLERANCE = 0.10
"""A change that is larger is told."""
ALIKE = ("kind", "threads", "instructions")
"""What two machines have in common whose sittings compare."""


class NotComparable(Exception):
    """Results that say nothing about each other, in words for the user."""


def load(path):
    """A result of this schema.

    Raises NotComparable for one of the format before it, which knew neither the kind of processor nor rooflines of its own.
    """
    try:
        document = json.loads(Path(path).read_text())
    except (OSError, ValueError) as error:
        raise NotComparable(f"{path}: cannot be read as a result: {error}") from error
    schema = document.get("schema") if isinstance(document, dict) else None
    if schema != results.SCHEMA:
        raise NotComparable(f"{path}: is of schema {schema or '1, the first'}, expected {results.SCHEMA}; measure again with "
                            "make bench or make bench-peers")
    return document


def available(folder):
    """The results of a folder, oldest first, and a message for each file that is none of this schema."""
    found, skipped = [], []
    for path in sorted(Path(folder).glob("*.json")):
        try:
            found.append((path, load(path)))
        except NotComparable as reason:
            skipped.append(str(reason))
    return sorted(found, key=lambda entry: (entry[1]["started"], entry[0].name)), skipped


def differences(old, new):
    """Why two results do not compare, in words; empty where they do."""
    reasons = []
    if old["kind"] != new["kind"]:
        reasons.append(f"one is of kind {old['kind']}, the other of {new['kind']}")
    for name in ALIKE:
        before, after = old["machine"].get(name), new["machine"].get(name)
        if before != after:
            reasons.append(f"{name}: {before} and {after}")
    if bool(old["settings"].get("quick")) != bool(new["settings"].get("quick")):
        reasons.append("one was a quick trial")
    return reasons


def predecessor(new, candidates):
    """The last of the earlier results that the new one compares with; None where there is none."""
    earlier = [entry for entry in candidates if entry[1]["started"] < new["started"] and not differences(entry[1], new)]
    return earlier[-1] if earlier else None


@dataclass
class Change:
    name: str
    old: float
    new: float
    unit: str
    share: float
    """Of the old value by which the new one is better (positive) or worse."""

    def __str__(self):
        return (f"{self.name}: {_told(self.old, self.unit)} before, {_told(self.new, self.unit)} now, "
                f"{'better' if self.share > 0 else 'worse'} by {100 * abs(self.share):.0f} %")


def _told(value, unit):
    return f"{tables.number(100 * value)} {unit}" if unit.startswith("% of") else f"{tables.number(value)} {unit}"


def change(old, new):
    """How one measurement has changed; None where it is not compared, or the difference is too small to matter.

    What was held against a limit of its own sitting is compared by that share, for a neighbour on the machine slows both; the rest by
    its median.
    """
    if new.get("better") not in ("higher", "lower"):
        return None
    before, after = old.get("relative"), new.get("relative")
    if before and after and before["to"] == after["to"]:
        # A larger share is better, whatever the figure itself counts.
        one, two, higher, unit = before["value"], after["value"], True, f"% of {after['to']}"
    else:
        one, two, higher, unit = old["median"], new["median"], new["better"] == "higher", new["unit"]
    if not one > 0 or not two > 0 or abs(two - one) < new.get("floor", 0):
        return None
    # As a share of the old speed, so that half as fast is 50 % worse, whether rates or seconds are told.
    return Change(new["name"], one, two, unit, (two / one if higher else one / two) - 1)


@dataclass
class Comparison:
    regressions: list
    improvements: list
    compared: int
    machine: list
    """Limits of the machine that changed by more than the tolerance."""
    missing: list
    """What the old result has and the new one has not, among what is compared."""


def compare(old, new, tolerance=TOLERANCE):
    before = {entry["name"]: entry for entry in old["measurements"]}
    changes, limits = [], []
    for entry in new["measurements"]:
        if entry["name"] not in before:
            continue
        if entry["group"] == "rooflines":
            limits.append(change({**before[entry["name"]], "better": "higher"}, {**entry, "better": "higher"}))
        else:
            changes.append(change(before[entry["name"]], entry))
    changes = [value for value in changes if value]
    here = {entry["name"] for entry in new["measurements"]}
    return Comparison(
        regressions=sorted((c for c in changes if c.share < -tolerance), key=lambda c: c.share),
        improvements=sorted((c for c in changes if c.share > tolerance), key=lambda c: -c.share),
        compared=len(changes), machine=[c for c in limits if c and abs(c.share) > tolerance],
        missing=[name for name, entry in before.items() if name not in here and entry.get("better")])
