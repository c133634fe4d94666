#!/usr/bin/env python3
"""Compares the newest result of each kind with the last one before it on the same kind of processor, or two results that are named.

Reported are changes of more than 10 %. What was held against a limit of its own sitting (a roofline, a peer) is compared by that
share, since neighbours on the machine slow both; start-up, memory and the like by their medians. The machine's own limits are told
where they changed, and are no regression. Operations that take less than 2 % of a stage's time are left out.

Exit code: 0 nothing became worse, 1 something did, 65 the named results do not compare, 66 there is nothing to compare.
"""

import argparse
import sys
from pathlib import Path

from measuring import compare, results
from measuring.compare import NotComparable
from measuring.programs import ROOT

WORSE, BAD_INPUT, MISSING = 1, 65, 66


def report(old_path, old, new_path, new, tolerance):
    """Prints the comparison; answers whether something became worse."""
    outcome = compare.compare(old, new, tolerance)
    print(f"{new_path.name} against {old_path.name}, on {new['machine']['processor']} ({new['machine']['kind']}): "
          f"{outcome.compared} figures")
    for document, path in ((old, old_path), (new, new_path)):
        if not document["complete"]:
            print(f"  note: {path.name} is of a sitting that did not end")
    for told in outcome.machine:
        print(f"  note: the machine itself: {told}")
    if outcome.missing:
        print(f"  note: not measured this time: {', '.join(outcome.missing)}")
    for told in outcome.improvements:
        print(f"  better: {told}")
    for told in outcome.regressions:
        print(f"  REGRESSION: {told}")
    if not outcome.regressions:
        print(f"  nothing is worse by more than {100 * tolerance:.0f} %")
    return bool(outcome.regressions)


def named(old_path, new_path, tolerance):
    try:
        old, new = compare.load(old_path), compare.load(new_path)
        reasons = compare.differences(old, new)
        if reasons:
            raise NotComparable(f"{old_path} and {new_path} do not compare: {'; '.join(reasons)}")
    except NotComparable as reason:
        print(f"error: {reason}", file=sys.stderr)
        return BAD_INPUT
    return WORSE if report(old_path, old, new_path, new, tolerance) else 0


def newest(folder, tolerance):
    found, skipped = compare.available(folder)
    for message in skipped:
        print(f"skipped: {message}", file=sys.stderr)
    compared, is_worse = 0, False
    for kind in results.KINDS:
        # A trial says nothing; two that are named compare all the same.
        ours = [entry for entry in found if entry[1]["kind"] == kind and not entry[1]["settings"].get("quick")]
        if not ours:
            continue
        path, document = ours[-1]
        before = compare.predecessor(document, ours)
        if before is None:
            print(f"{path.name}: no earlier result of kind '{kind}' on this kind of processor "
                  f"({document['machine']['kind']}, {document['machine']['threads']} threads)")
            continue
        compared += 1
        is_worse |= report(*before, path, document, tolerance)
    if not compared:
        print(f"error: {folder}: nothing to compare, expected two results of one kind on one kind of processor; "
              "run make bench", file=sys.stderr)
        return MISSING
    return WORSE if is_worse else 0


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", nargs="*", type=Path, metavar="RESULT", help="the old and the new JSON file")
    parser.add_argument("--folder", type=Path, default=ROOT / "Benchmarks/results", metavar="FOLDER")
    parser.add_argument("--tolerance", type=float, default=100 * compare.TOLERANCE, metavar="PERCENT")
    settings = parser.parse_args(arguments)
    if len(settings.results) not in (0, 2):
        parser.error(f"{len(settings.results)} results are named; expected two, the old one first, or none")
    tolerance = settings.tolerance / 100
    return named(*settings.results, tolerance) if settings.results else newest(settings.folder, tolerance)


if __name__ == "__main__":
    sys.exit(main())
