#!/usr/bin/env python3
"""Undertone and its peers in turn, A B A B, on the same lengths; raw runs and a summary into Benchmarks/results/.

Stage one: 24 utterances through nine layers, one at a time. Stage two: an epoch over 96 utterances, top three layers.
Both in float32 and bfloat16, in audio seconds handled per second. Undertone's times are its own: stage one's from the
summary that it prints with --json (audio files read and decoded included), stage two's from metrics.jsonl (training,
not evaluation). Each program runs alone; the peers' first pass and Undertone's first epoch are not counted.
"""

import argparse
import datetime
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import time
import wave
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PEERS = ROOT / "Benchmarks" / "peers"
sys.path.insert(0, str(PEERS))

import numpy as np  # noqa: E402
from workload import FRAMES_PER_SECOND, SAMPLE_RATE_HZ, noise  # noqa: E402

MODEL = "random:wav2vec2-base?seed=0"
PRECISIONS = ("float32", "bfloat16")
DEVELOPMENT_COUNT = 4
"""Utterances beside the trained ones, for a training run needs a split to score."""


def make_corpus(folder, count, extra=0):
    """WAV files of noise and a manifest; the first `count` are for training. Answers the manifest's path."""
    manifest = folder / "manifest.csv"
    if manifest.exists():
        return manifest
    (folder / "audio").mkdir(parents=True, exist_ok=True)
    labels = np.random.default_rng(7).uniform(0, 1, (count + extra, 2))
    lines = ["id,path,split,speaker,activation,valence"]
    for index, samples in enumerate(noise(count) + noise(extra, seed=1)):
        path = folder / "audio" / f"u{index:03}.wav"
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(SAMPLE_RATE_HZ)
            file.writeframes(np.clip(np.round(samples * 32767), -32768, 32767).astype("<i2").tobytes())
        split = "train" if index < count else "development"
        lines.append(f"u{index:03},audio/{path.name},{split},s{index},{labels[index][0]:.4f},{labels[index][1]:.4f}")
    manifest.write_text("\n".join(lines) + "\n")
    return manifest


def run(command):
    """Standard output and wall seconds of a program that must succeed."""
    begin = time.perf_counter()
    result = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, text=True, check=False)
    if result.returncode != 0:
        raise SystemExit(f"error: {' '.join(map(str, command))} ended with {result.returncode}, expected 0")
    return result.stdout, time.perf_counter() - begin


def last_json(text):
    """The last JSON object that a program printed, on one line or over many; None if there is none."""
    decoder, found, place = json.JSONDecoder(), None, text.find("{")
    while place >= 0:
        try:
            value, end = decoder.raw_decode(text, place)
        except json.JSONDecodeError:
            end = place + 1
        else:
            found = value
        place = text.find("{", end)
    return found


def undertone_stage_one(programs, work, precision):
    """Audio seconds per second of one run of `undertone-cache` into an empty folder."""
    out = work / "stage-one-cache"
    shutil.rmtree(out, ignore_errors=True)
    corpus = work / "stage-one/manifest.csv"
    text, _ = run([programs / "undertone-cache", "--corpus", corpus, "--model", MODEL, "--cut", 9,
                   "--out", out, "--compute", precision, "--store", "float16", "--progress", "none", "--json"])
    summary = last_json(text)
    if not isinstance(summary, dict) or "audio_seconds_per_second" not in summary:
        raise SystemExit(f"error: undertone-cache --json says nothing of audio_seconds_per_second, found: {summary}")
    return float(summary["audio_seconds_per_second"])


def undertone_stage_two(programs, work, precision, settings):
    """Audio seconds per second of the second epoch of `undertone-train`; the first also builds what it keeps."""
    out = work / "stage-two-run"
    shutil.rmtree(out, ignore_errors=True)
    run([programs / "undertone-train", "--cache", work / "stage-two-cache", "--out", out, "--compute", precision,
         "--threads", settings.threads, "--set", "labels=[activation, valence]", "--set", "epochs=2",
         "--set", "layers=3", "--set", "batch.utterances=32", "--set", "optimiser.learning_rate.layers=1e-5"])
    epochs = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines() if line]
    second = [epoch["frames_per_second"] for epoch in epochs if epoch["epoch"] == 2]
    if not second:
        raise SystemExit(f"error: {out / 'metrics.jsonl'} holds no epoch 2, expected two epochs")
    return second[-1] / FRAMES_PER_SECOND


def peer(script, precision, settings, *options):
    """Audio seconds per second of one run of a peer."""
    text, _ = run([sys.executable, PEERS / script, "--precision", precision, "--threads", settings.threads, "--json",
                   *options])
    return float(last_json(text)["audio_seconds_per_second"])


def measurements(programs, work, settings):
    """Work and precision → the two sides, each a function that runs once and answers a rate."""
    compiled = ["--compile"] if settings.compile else []
    for precision in PRECISIONS:
        yield ("stage one", precision,
               lambda p=precision: undertone_stage_one(programs, work, p),
               lambda p=precision: peer("cache.py", p, settings, "--utterances", settings.stage_one_utterances,
                                        "--repeats", 1, *compiled))
    for precision in PRECISIONS:
        yield ("stage two", precision,
               lambda p=precision: undertone_stage_two(programs, work, p, settings),
               lambda p=precision: peer("train.py", p, settings, "--utterances", settings.stage_two_utterances,
                                        "--repeats", 1, "--warm-up", 1, *compiled))


def first_line(*command):
    """What a program says of itself, or `unknown`."""
    try:
        text = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    except OSError:
        return "unknown"
    return (text.stdout or text.stderr).strip().split("\n")[0] or "unknown"


def machine(programs, settings):
    """Facts without which a figure means nothing."""
    cpu = Path("/proc/cpuinfo").read_text()
    flags = set(re.search(r"^flags\s*:\s*(.*)$", cpu, re.MULTILINE)[1].split()) if "flags" in cpu else set()
    memory = re.search(r"MemTotal:\s*(\d+)", Path("/proc/meminfo").read_text())
    names = re.search(r"^model name\s*:\s*(.*)$", cpu, re.MULTILINE)
    import torch
    import transformers
    return {
        "processor": names[1].strip() if names else platform.machine(),
        "cores": os.cpu_count(),
        "threads": settings.threads,
        "instructions": sorted(flags & {"avx2", "avx512f", "avx512_bf16", "amx_bf16"}),
        "memory_gib": round(int(memory[1]) / 2**20, 1) if memory else None,
        "system": platform.freedesktop_os_release().get("PRETTY_NAME", platform.system()),
        "kernel": platform.release(),
        "load_before": round(os.getloadavg()[0], 2),
        "commit": first_line("git", "describe", "--always", "--dirty"),
        "undertone": first_line(str(programs / "undertone-cache"), "--version"),
        "swift": first_line("swift", "--version"),
        "torch": torch.__version__,
        "transformers": transformers.__version__,
    }


def table(rows):
    """The summary as Markdown."""
    lines = ["| work | precision | Undertone | spread | transformers + torch | spread | ratio |",
             "|---|---|---|---|---|---|---|"]
    for row in rows:
        cells = [row["work"], row["precision"]]
        for side in ("undertone", "peer"):
            runs = row[side]
            cells += [f"{statistics.median(runs):.1f}", f"{min(runs):.1f} to {max(runs):.1f}"]
        lines.append("| " + " | ".join([*cells, f"{row['ratio']:.2f}"]) + " |")
    return "\n".join(lines)


def profile(programs, settings):
    """What `undertone-bench` says of the product rate of this machine, and of both stages against it."""
    text, _ = run([programs / "undertone-bench", "--threads", settings.threads, "--utterances", 16])
    print(text, flush=True)
    return text


def write(results, facts, rows, told_by_bench, settings):
    """A new pair of files; an earlier one of the same day is kept."""
    slug = re.sub(r"[^a-z0-9]+", "-", facts["processor"].lower()).strip("-")
    day = datetime.date.today().isoformat()
    stem, number = f"{day}-{slug}", 1
    while (results / f"{stem}.md").exists():
        number += 1
        stem = f"{day}-{slug}-{number}"
    results.mkdir(parents=True, exist_ok=True)
    raw = {"date": day, "machine": facts, "measurements": rows, "profile": told_by_bench.splitlines()}
    (results / f"{stem}.json").write_text(json.dumps(raw, indent=1) + "\n")
    told = "\n".join(f"- {name}: {', '.join(value) if isinstance(value, list) else value}"
                     for name, value in facts.items())
    (results / f"{stem}.md").write_text(
        f"# Speed, {day}, {facts['processor']}\n\n"
        f"Audio seconds handled per second, medians of {settings.repetitions} runs of each side in turn; ratio of "
        f"medians. What is measured: `Benchmarks/bench.py`; every run: `{stem}.json`.\n\n{table(rows)}\n\n"
        f"Peers run {'through torch.compile' if settings.compile else 'eagerly'}.\n\n{told}\n\n"
        f"## Where the time goes\n\nThe engine alone, on the lengths of `undertone-bench`: each operation's share of all "
        f"threads' time, and the product rate it reaches as a share of the roofline.\n\n```\n{told_by_bench}```\n")
    return results / f"{stem}.md"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", type=Path, default=ROOT / ".build/release", metavar="FOLDER")
    parser.add_argument("--work", type=Path, default=ROOT / "build/bench", metavar="FOLDER")
    parser.add_argument("--results", type=Path, default=ROOT / "Benchmarks/results", metavar="FOLDER")
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--stage-one-utterances", type=int, default=24)
    parser.add_argument("--stage-two-utterances", type=int, default=96)
    parser.add_argument("--only", choices=("one", "two"), help="one stage only")
    parser.add_argument("--compile", action="store_true", help="peers through torch.compile")
    settings = parser.parse_args()
    for name in ("undertone-cache", "undertone-train", "undertone-bench"):
        if not (settings.programs / name).exists():
            raise SystemExit(f"error: {settings.programs / name} is not there; run: swift build -c release")
    facts = machine(settings.programs, settings)
    if facts["load_before"] > 0.5:
        print(f"warning: load is {facts['load_before']} before the first run: something else is running",
              file=sys.stderr)

    work = settings.work / f"{settings.stage_one_utterances}-{settings.stage_two_utterances}"
    make_corpus(work / "stage-one", settings.stage_one_utterances)
    manifest = make_corpus(work / "stage-two", settings.stage_two_utterances, extra=DEVELOPMENT_COUNT)
    if settings.only != "one":
        run([settings.programs / "undertone-cache", "--corpus", manifest, "--model", MODEL, "--cut", 9, "--out",
             work / "stage-two-cache", "--store", "float16", "--progress", "plain"])

    told_by_bench = profile(settings.programs, settings)
    rows = []
    for stage, precision, undertone, other in measurements(settings.programs, work, settings):
        if settings.only and not stage.endswith(settings.only):
            continue
        row = {"work": stage, "precision": precision, "unit": "audio seconds per second", "undertone": [], "peer": []}
        for repetition in range(settings.repetitions):
            row["undertone"].append(undertone())
            row["peer"].append(other())
            print(f"{stage}  {precision:8}  {repetition + 1}/{settings.repetitions}  "
                  f"Undertone {row['undertone'][-1]:6.2f}  peer {row['peer'][-1]:6.2f}", flush=True)
        row["ratio"] = statistics.median(row["undertone"]) / statistics.median(row["peer"])
        rows.append(row)
    print(table(rows))
    print(f"written: {write(settings.results, facts, rows, told_by_bench, settings)}")


if __name__ == "__main__":
    main()
