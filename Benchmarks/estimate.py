#!/usr/bin/env python3
"""Holds `undertone plan --estimate` against what the pipeline then takes: time, bytes and files.

Each round estimates, then makes everything anew in a folder of its own, and removes it. The ratio of an estimate to what was measured
must lie within the tolerance for the median round. Nothing but Python's own library is needed.
"""

import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile

from measuring.programs import make


def run(*command: str) -> str:
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def seconds_of(rules: str, programs: str, target: str) -> float:
    """Seconds that a target takes."""
    return make("-f", rules, f"UNDERTONE_BIN={programs}", "PROGRESS=none", target, errors=subprocess.DEVNULL)


def total(folder: pathlib.Path) -> tuple[int, int]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return sum(path.stat().st_size for path in files), len(files)


def one_round(arguments: argparse.Namespace, build: str) -> dict[str, tuple[float, float]]:
    """What was estimated and what was measured."""
    program = f"{arguments.programs}/undertone"
    estimate = json.loads(run(program, "plan", arguments.pipeline, "--estimate", "--json", "--build", build))
    (cache,), (runs,) = estimate["caches"], estimate["runs"]
    name = next(
        line.split(":", 1)[1].strip() for line in open(arguments.pipeline, encoding="utf-8") if line.startswith("name:"))
    folder = pathlib.Path(build) / name
    rules = str(folder / "rules.mk")
    run(program, "plan", arguments.pipeline, "--build", build, "-o", rules)
    found: dict[str, tuple[float, float]] = {}
    found["stage one, s"] = (cache["seconds"], seconds_of(rules, arguments.programs, "cache"))
    (cache_folder,) = (path for path in folder.iterdir() if path.is_dir() and path.name.startswith("cache-"))
    size, count = total(cache_folder)
    found["cache, bytes"] = (cache["bytes"], size)
    found["cache, files"] = (cache["files"], count)
    found["stage two, s"] = (runs["seconds"], seconds_of(rules, arguments.programs, "train"))
    (directory,) = (path for path in (folder / "runs").iterdir() if path.is_dir())
    result = json.loads((directory / "result.json").read_text())
    found["an epoch's training, s"] = (runs["training_seconds_per_epoch"], result["seconds_per_epoch"])
    found["stage two, memory"] = (runs["memory_bytes"], result["peak_memory_bytes"])
    size, count = total(directory)
    found["run, bytes"] = (runs["bytes_per_run"], size)
    found["run, files"] = (runs["files_per_run"], count)
    seconds_of(rules, arguments.programs, "report")
    rules_size = pathlib.Path(rules).stat().st_size
    size, count = total(folder)
    found["all, bytes"] = (estimate["total"]["bytes"], size - rules_size)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pipeline", default="pipelines/demo.yaml", help="of one corpus and one run, whose corpus is there")
    parser.add_argument("--programs", default=".build/release")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--tolerance", type=float, default=0.2, help="how far a ratio may be from 1")
    arguments = parser.parse_args()
    rounds = []
    for _ in range(arguments.rounds):
        # Beside what the pipeline would make, on the same disk.
        os.makedirs("build", exist_ok=True)
        build = tempfile.mkdtemp(prefix="estimate-", dir="build")
        try:
            rounds.append(one_round(arguments, build))
        finally:
            shutil.rmtree(build, ignore_errors=True)
    print(f"{'':24} {'estimated':>14} {'measured':>14}  ratio: median [all]")
    failed = []
    for key in rounds[0]:
        ratios = [estimated / measured for estimated, measured in (found[key] for found in rounds)]
        estimated, measured = (statistics.median(found[key][side] for found in rounds) for side in (0, 1))
        digits = 2 if key.endswith(", s") else 0
        ratio = statistics.median(ratios)
        print(
            f"{key:24} {estimated:14.{digits}f} {measured:14.{digits}f}  {ratio:.3f} "
            f"[{', '.join(f'{value:.3f}' for value in ratios)}]")
        # The engine's pool keeps what it once had, unless train.memory bounds it: what is counted is what is in use.
        if key != "stage two, memory" and not abs(ratio - 1) <= arguments.tolerance:
            failed.append(key)
    if failed:
        print(f"beyond {arguments.tolerance:.0%}: {'; '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
