"""Undertone's own programs at work: what a run of each is measured by."""

import argparse
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from .programs import ROOT, Failure, run, seconds_until, told
from .workload import FRAMES_PER_SECOND

MODEL = "random:wav2vec2-base?seed=0"
CUT = 9
LAYERS = 3
PRECISIONS = ("float32", "bfloat16")


@dataclass
class Training:
    """The second epoch of a run; the first also compiles and builds what is kept."""

    epoch_seconds: float
    audio_seconds_per_second: float
    reading_share: float
    peak_bytes: int


class Undertone:
    def __init__(self, programs, threads):
        self.programs, self.threads = Path(programs), threads
        for name in ("undertone-cache", "undertone-train", "undertone-bench"):
            if not (self.programs / name).exists():
                raise Failure(f"{self.programs / name} is not there; run: swift build -c release")

    def bench(self, command, key, *options):
        """What `undertone-bench` says with --json."""
        return told([self.programs / "undertone-bench", command, *options, "--json"], key)[0]

    def model(self, folder):
        """A model's folder with random weights, for what loads a file's."""
        if not (folder / "model.safetensors").exists():
            run([self.programs / "undertone-bench", "model", MODEL, "--to", folder])
        return folder

    def cache_command(self, manifest, out, precision, workers, model=MODEL):
        return [self.programs / "undertone-cache", "--corpus", manifest, "--model", model, "--cut", CUT, "--out", out,
                "--compute", precision, "--workers", workers, "--store", "float16"]

    def cache(self, manifest, out, precision, workers=None):
        """One run into an empty folder: audio seconds per second, and the peak memory in bytes."""
        shutil.rmtree(out, ignore_errors=True)
        command = self.cache_command(manifest, out, precision, workers or self.threads)
        said, outcome = told([*command, "--progress", "none", "--json"], "audio_seconds_per_second")
        return float(said["audio_seconds_per_second"]), outcome.peak_bytes

    def kept_cache(self, manifest, out):
        """A cache to train from; what is there already is kept."""
        if not (out / "cache.json").exists():
            run([*self.cache_command(manifest, out, "auto", self.threads), "--progress", "none"])
        return out

    def grown_cache(self, small, out, utterances):
        """A large cache, made of a small one's utterances."""
        try:
            if json.loads((out / "cache.json").read_text())["totals"]["utterances"] == utterances:
                return out
        except FileNotFoundError:
            pass
        shutil.rmtree(out, ignore_errors=True)
        run([self.programs / "undertone-bench", "grow", "--from", small, "--to", out, "--utterances", utterances])
        return out

    def train_command(self, out, precision, source, *settings):
        # Layerdrop leaves out layers of some steps, and so some of the work: not what is compared.
        chosen = ["labels=[activation, valence]", "dropout.layer=0", "optimiser.learning_rate.layers=1e-5", *settings]
        return [self.programs / "undertone-train", *source, "--out", out, "--compute", precision, "--threads",
                self.threads, *(part for setting in chosen for part in ("--set", setting))]

    def train(self, out, precision, source, *settings):
        shutil.rmtree(out, ignore_errors=True)
        outcome = run([*self.train_command(out, precision, source, "epochs=2", *settings), "--progress", "none"])
        epochs = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines() if line]
        second = [epoch for epoch in epochs if epoch["epoch"] == 2]
        if not second:
            raise Failure(f"{out / 'metrics.jsonl'} holds no epoch 2, expected two epochs")
        epoch = second[-1]
        return Training(
            epoch_seconds=epoch["seconds_training"],
            audio_seconds_per_second=epoch["frames_per_second"] / FRAMES_PER_SECOND,
            reading_share=epoch.get("seconds_reading", 0) / epoch["seconds_training"], peak_bytes=outcome.peak_bytes)

    def train_from_cache(self, out, precision, cache, batch=32):
        """The top three layers."""
        return self.train(out, precision, ["--cache", cache], f"layers={LAYERS}", f"batch.utterances={batch}")

    def train_from_audio(self, out, precision, manifest, batch):
        """Full finetuning: all but the CNN, which runs anew for every batch."""
        return self.train(out, precision, ["--audio", "--corpus", manifest, "--model", MODEL], "layers=all",
                          f"batch.utterances={batch}")

    def seconds_to_first_utterance(self, manifest, out, model, precision):
        """From launch until the first utterance's rows are computed."""
        shutil.rmtree(out, ignore_errors=True)
        command = self.cache_command(manifest, out, precision, self.threads, model)
        return seconds_until([*command, "--progress", "json"], _is_progress)

    def seconds_to_first_step(self, out, cache, precision, standardise, batch=2):
        """From launch until the first step is done; of few utterances, for its own time not to count for much."""
        shutil.rmtree(out, ignore_errors=True)
        command = self.train_command(out, precision, ["--cache", cache], f"layers={LAYERS}", f"batch.utterances={batch}",
                                     f"standardise={'true' if standardise else 'false'}")
        return seconds_until([*command, "--progress", "json"], _is_progress)


def _is_progress(line):
    """Whether the line tells of at least one thing done."""
    try:
        said = json.loads(line)
    except json.JSONDecodeError:
        return False
    return isinstance(said, dict) and said.get("done", 0) >= 1


def add_options(parser):
    """What every benchmark of the programs is given."""
    parser.add_argument("--programs", type=Path, default=ROOT / ".build/release", metavar="FOLDER")
    parser.add_argument("--work", type=Path, default=ROOT / "build/bench", metavar="FOLDER",
                        help="corpora and caches, kept for the next sitting (default: build/bench)")
    parser.add_argument("--results", type=Path, default=ROOT / "Benchmarks/results", metavar="FOLDER")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--quick", action="store_true", help="small and once: a trial of the benchmark, no measurement")


def parts(parser, names):
    """--only, a list with commas."""
    def chosen(text):
        wanted = [name.strip() for name in text.split(",") if name.strip()]
        unknown = [name for name in wanted if name not in names]
        if unknown or not wanted:
            raise argparse.ArgumentTypeError(f"'{', '.join(unknown)}' is no part; expected some of {', '.join(names)}")
        return wanted

    parser.add_argument("--only", type=chosen, default=list(names), metavar="PART,…",
                        help=f"some of: {', '.join(names)} (default: all)")
