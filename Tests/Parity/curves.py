#!/usr/bin/env python3
"""Whole runs: whether Undertone's loss curves lie where those of torch under its own bfloat16 autocast lie.

On the demo corpus with the demo's configuration, some seeds each: `undertone-train` in bfloat16 and in float32, and the
same training in torch with transformers' own layers, from the same cache. Each side draws the order of its batches, its
dropout, its LayerDrop and its heads' first values for itself, so what is compared is where the curves of all seeds lie,
of the loss in training and of that on the development split. Exits with 1 where all epochs of both together lie further
apart than chance puts runs that are alike; a mean beyond torch's extremes at a single epoch is pointed out.

torch's runs are kept, and trained again only where what they depend on changed.
"""

import argparse
import hashlib
import json
import multiprocessing
import os
import shutil
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

from comparator import ROOT

import torch
import transformers
import yaml

import cache
import spread
import torch_training

OPTIMISER = {"weight_decay": 0.01, "betas": [0.9, 0.999], "epsilon": 1e-8, "schedule": "linear", "clip_norm": 1.0}
"""What the demo leaves to the defaults, named so that both sides read it from one place; likewise the rest."""
HEAD = {"form": "mlp", "hidden": 256, "layers": 1, "shared": False}
ALIKE = {"tuning": "full", "head": HEAD, "pooling": "mean", "standardise": True, "loss": "ccc", "threads": 1}
CURVES = ("training", "development")


def run(*command):
    print("  " + " ".join(map(str, command)), flush=True)
    result = subprocess.run(list(map(str, command)), stdout=subprocess.DEVNULL, check=False)
    if result.returncode != 0:
        raise SystemExit(f"{Path(command[0]).name} ended with {result.returncode}, expected 0")


def undertone_runs(program, folder, configuration, compute, out):
    """A run per seed of the configuration; the curves of each."""
    run(program, "--cache", folder, "--config", configuration, "--compute", compute, "--out", out, "--progress", "none")
    found = []
    for path in sorted(out.glob("seed-*/metrics.jsonl")):
        epochs = [json.loads(line) for line in path.read_text().splitlines()]
        found.append({"training": [epoch["train_loss"] for epoch in epochs],
                      "development": [epoch["development_loss"] for epoch in epochs]})
    return found


def torch_run(folder, settings, seed, kept):
    """The curves of one seed, from the file `kept` where they lie there."""
    if kept.exists():
        return json.loads(kept.read_text())
    curves = torch_training.run(torch_training.Corpus(folder, settings), settings, seed)
    writing = kept.with_suffix(".writing")
    writing.write_text(json.dumps(curves))
    writing.replace(kept)
    return curves


def torch_runs(folder, settings, seeds, work):
    """The curves of each seed, as many at once as there are cores."""
    depends = [settings, json.loads((folder / "cache.json").read_text())["cache_key"], Path(torch_training.__file__).read_text(),
               torch.__version__, transformers.__version__]
    kept = work / "torch" / hashlib.sha256(json.dumps(depends, sort_keys=True).encode()).hexdigest()[:12]
    kept.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(os.cpu_count(), multiprocessing.get_context("spawn")) as pool:
        found = [pool.submit(torch_run, folder, settings, seed, kept / f"seed-{seed}.json") for seed in seeds]
        return [curves.result() for curves in found]


def compare(title, actual, expected):
    """Prints a line per epoch of either curve; answers whether they may be alike."""
    for curve in CURVES:
        print(f"\n{title}, loss in {curve} of {len(actual)} seeds and of torch's {len(expected)}")
        print(f"  {'epoch':>5}  {'mean':>6}  {'torch':>6}  {'least':>6}  {'most':>6}  {'standard errors apart':>21}")
        found = spread.places([run[curve] for run in actual], [run[curve] for run in expected])
        for epoch, place in enumerate(found, start=1):
            print(f"  {epoch:>5}  {place.mean:6.3f}  {place.expected:6.3f}  {place.least:6.3f}  {place.largest:6.3f}  "
                  f"{place.errors:+21.1f}{'' if place.is_within() else '  outside'}")
    whole = [[sum((run[curve] for curve in CURVES), []) for run in side] for side in (actual, expected)]
    chance = spread.chance(*whole)
    print(f"\n{title}: runs that are alike lie as far apart as this in {100 * chance:.1f} % of all ways to part them"
          f"{'' if chance >= spread.LEVEL else f', fewer than {100 * spread.LEVEL:.0f} %: APART'}")
    return chance >= spread.LEVEL


def demo_cache(programs, work, pipeline):
    """The demo's corpus and cache under `work`, made where they are not there; answers the cache's folder."""
    manifest, folder = work / "corpus/manifest.csv", work / "cache"
    if not manifest.exists():
        run(ROOT / "data/demo/generate.sh", manifest.parent)
    # Of a whole cache nothing is done over again.
    run(programs / "undertone-cache", "--corpus", manifest, "--model", pipeline["model"], "--out", folder,
        "--cut", pipeline["cache"]["cuts"][0], "--store", pipeline["cache"]["store"], "--progress", "none")
    return folder


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", type=Path, default=ROOT / ".build/release", metavar="FOLDER",
                        help="that of undertone-cache and undertone-train (default: %(default)s)")
    parser.add_argument("--work", type=Path, default=ROOT / "build/parity/curves", metavar="FOLDER",
                        help="of corpus and cache, made where absent, and of runs, made again (default: %(default)s)")
    parser.add_argument("--cache", type=Path, metavar="FOLDER",
                        help="one of the demo corpus in float16 or float32 (default: made under the work folder)")
    parser.add_argument("--seeds", type=int, default=5, metavar="N", help="runs of each side (default: %(default)s)")
    parser.add_argument("--still", action="store_true",
                        help="without dropout and LayerDrop, whose noise hides small differences")
    arguments = parser.parse_args()
    program = arguments.programs / "undertone-train"
    if not program.exists():
        raise SystemExit(f"{program}: not built; run: swift build -c release")
    pipeline = yaml.safe_load((ROOT / "pipelines/demo.yaml").read_text())
    folder = arguments.cache or demo_cache(arguments.programs, arguments.work, pipeline)

    train, seeds = pipeline["train"], list(range(1, arguments.seeds + 1))
    # Of a training of one seed; `seeds` is no part of it.
    settings = {**{key: value for key, value in train.items() if key != "seed"}, **ALIKE, "labels": pipeline["labels"],
                "optimiser": {**OPTIMISER, **train["optimiser"]}}
    if arguments.still:
        settings["dropout"] = dict.fromkeys(torch_training.DROPOUT, 0)
    theirs = torch_runs(folder, settings, seeds, arguments.work)

    runs = arguments.work / ("runs-still" if arguments.still else "runs")
    shutil.rmtree(runs, ignore_errors=True)
    runs.mkdir(parents=True)
    configuration = runs / "config.yaml"
    configuration.write_text(yaml.safe_dump({**settings, "seeds": seeds}))
    with ThreadPoolExecutor() as pool:
        ours = {compute: pool.submit(undertone_runs, program, folder, configuration, compute, runs / compute)
                for compute in ("bfloat16", "float32")}
    apart = [compute for compute, found in ours.items() if not compare(compute, found.result(), theirs)]
    if apart:
        print(f"parity: the loss curves in {', '.join(apart)} do NOT lie with torch's", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    try:
        main()
    except cache.CacheError as error:
        raise SystemExit(f"error: {error}") from None
