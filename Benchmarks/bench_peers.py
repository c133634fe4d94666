#!/usr/bin/env python3
"""Undertone and its peers in turn on the same work, A B A B, in one sitting: medians, spread, and ratios of the same turn.

Peers are what a user would run instead, on the same processor: Hugging Face transformers and torch (eager, and through torch.compile),
ONNX Runtime, h5py with torch's DataLoader. Each runs in a process of its own, which builds its model, compiles and warms up before
anything is measured, and waits for its turn without using the processor. Let nothing else run meanwhile. The result goes to
Benchmarks/results/ as a dated pair of files, written anew after every work: a sitting that is broken off keeps what it has.
"""

import argparse
import sys
from contextlib import ExitStack, contextmanager
from pathlib import Path

from measuring import machine
from measuring.programs import Failure, Server, seconds_until
from measuring.results import Sitting, measurement
from measuring.undertone import LAYERS, PRECISIONS, Undertone, add_options, parts
from measuring.workload import SAMPLE_RATE_HZ, sample_counts, write_corpus

PEERS = Path(__file__).resolve().parent / "peers"
PARTS = ("stage-one", "stage-two", "full", "reading", "start-up")
SECONDS = ("s", "s per epoch")


class Peer:
    """A side of a comparison that answers a rate, or seconds where `as_seconds`."""

    def __init__(self, script, settings, *options, as_seconds=False):
        self.server = Server([sys.executable, PEERS / script, "--serve", "--threads", settings.threads, *options])
        self.as_seconds = as_seconds
        self.peak_bytes = 0

    def __call__(self):
        said = self.server.ask()
        self.peak_bytes = said["peak_bytes"]
        return said["seconds"] if self.as_seconds else self.server.facts["amount"] / said["seconds"]


class PeerBench:
    def __init__(self, settings):
        self.settings = settings
        self.undertone = Undertone(settings.programs, settings.threads)
        quick = settings.quick
        self.repetitions = settings.repetitions or (1 if quick else 3)
        self.sizes = {"stage_one_utterances": 4 if quick else 20, "stage_two_utterances": 8 if quick else 64,
                      "full_utterances": 4 if quick else 32, "full_batch": 2 if quick else 16,
                      "reading_utterances": 200 if quick else 3000, "development_utterances": 4,
                      "repetitions": self.repetitions, "quick": quick}
        facts = machine.facts(settings.programs, settings.threads)
        machine.warn_if_busy(facts)
        self.sitting = Sitting(settings.results, "peers", facts, self.sizes)
        self.scratch = settings.work / "scratch"
        self.failures = []

    def run(self):
        todo = {"stage-one": self.stage_one, "stage-two": self.stage_two, "full": self.full, "reading": self.reading,
                "start-up": self.start_up}
        for part in PARTS:
            if part in self.settings.only:
                with self.surviving(part):
                    todo[part]()
        print(f"written: {self.sitting.path.with_suffix('.md')}")
        if self.failures:
            raise Failure(f"{len(self.failures)} failed, and the result is without: {', '.join(self.failures)}")
        self.sitting.finish()

    @contextmanager
    def surviving(self, what):
        """A peer or a part that fails is told and left out: the rest of the sitting is worth having."""
        try:
            yield
        except Failure as failure:
            self.failures.append(what)
            print(f"error: {what}: {failure}", file=sys.stderr, flush=True)

    # -- Turns

    def compare(self, work, group, unit, sides):
        """Every side once in each turn. The first is Undertone, against which each other one's ratio is taken."""
        runs = {name: [] for name in sides}
        for turn in range(self.repetitions):
            for name, side in sides.items():
                runs[name].append(side())
                print(f"{work}  {turn + 1}/{self.repetitions}  {name}: {runs[name][-1]:.2f} {unit}", flush=True)
        own, *others = sides
        values = [measurement(f"{work}: {name}", group, unit, runs[name]) for name in sides]
        for name in others:
            values.append(self.ratio(f"{work}: {own} over {name}", unit, runs[own], runs[name]))
        self.sitting.add(*values)
        self._note_versions(sides.values())

    def ratio(self, name, unit, own, other):
        # Of rates the larger is the faster, of seconds the smaller.
        pairs = zip(other, own) if unit in SECONDS else zip(own, other)
        return measurement(name, "ratios", "times", [a / b for a, b in pairs], better="higher")

    def _note_versions(self, sides):
        for side in sides:
            if isinstance(side, Peer):
                self.sitting.document["machine"].setdefault("versions", {}).update(side.server.facts["versions"])
        self.sitting.save()

    def peers(self, stack, variants):
        """Started one after the other, each until it is ready."""
        started = {}
        for name, arguments in variants.items():
            print(f"preparing {name}", flush=True)
            script, *options = arguments
            with self.surviving(f"{name} ({' '.join(map(str, arguments))})"):
                started[name] = Peer(script, self.settings, *options)
                stack.callback(started[name].server.close)
        return started

    # -- Works

    def corpus(self, name, development=False):
        count = self.sizes[f"{name}_utterances"]
        extra = self.sizes["development_utterances"] if development else 0
        folder = self.settings.work / f"{name.replace('_', '-')}-{count}"
        return write_corpus(folder, sample_counts(count), sample_counts(extra, seed=1))

    def cache(self, manifest):
        return self.undertone.kept_cache(manifest, self.settings.work / f"cache-{manifest.parent.name}")

    def stage_one(self):
        manifest = self.corpus("stage_one")
        count = self.sizes["stage_one_utterances"]
        for precision in PRECISIONS:
            common = ["cache.py", "--precision", precision, "--utterances", count]
            variants = {"torch, eager": [*common], "torch, compiled": [*common, "--variant", "compiled"]}
            if precision == "float32":
                variants["ONNX Runtime"] = [*common, "--variant", "onnxruntime"]
            with ExitStack() as stack:
                sides = self.peers(stack, variants)
                self.compare(f"stage one, {precision}", "stage-one", "audio s/s", {
                    "Undertone": lambda p=precision: self.undertone.cache(manifest, self.scratch / "cache", p)[0],
                    **sides})

    def stage_two(self):
        cache = self.cache(self.corpus("stage_two", development=True))
        count = self.sizes["stage_two_utterances"]

        def own(precision):
            return self.undertone.train_from_cache(self.scratch / "run", precision, cache).audio_seconds_per_second

        for precision in PRECISIONS:
            common = ["train.py", "--precision", precision, "--utterances", count, "--layers", LAYERS]
            with ExitStack() as stack:
                sides = self.peers(stack, {
                    "torch, eager, sorted": common, "torch, compiled, sorted": [*common, "--compile"],
                    "torch, eager, random": [*common, "--order", "random"]})
                self.compare(f"stage two, {precision}", "stage-two", "audio s/s",
                             {"Undertone": lambda p=precision: own(p), **sides})

    def full(self):
        manifest = self.corpus("full", development=True)
        cache = self.cache(manifest)
        count, batch = self.sizes["full_utterances"], self.sizes["full_batch"]
        with ExitStack() as stack:
            print("preparing transformers, full, float32", flush=True)
            peer = Peer("finetune.py", self.settings, "--utterances", count, "--batch", batch, as_seconds=True)
            stack.callback(peer.server.close)
            cached, full = f"Undertone, cached top {LAYERS}, bfloat16", "Undertone, full, float32"
            self.compare("an epoch", "full", "s per epoch", {
                cached: lambda: self.undertone.train_from_cache(
                    self.scratch / "run", "bfloat16", cache, batch).epoch_seconds,
                full: lambda: self.undertone.train_from_audio(
                    self.scratch / "run", "float32", manifest, batch).epoch_seconds,
                "transformers, full, float32": peer})
            values = {name: self.sitting.find(f"an epoch: {name}")["runs"]
                      for name in (cached, full, "transformers, full, float32")}
        for name in (full, "transformers, full, float32"):
            self.sitting.add(measurement(
                f"less time per epoch, {cached}, than {name}", "full", "%",
                [100 * (1 - a / b) for a, b in zip(values[cached], values[name])]))
        self.sitting.add(self.ratio(f"an epoch: {full} over transformers, full, float32", "s per epoch", values[full],
                                    values["transformers, full, float32"]))

    def reading(self):
        small = self.cache(self.corpus("stage_two", development=True))
        utterances = self.sizes["reading_utterances"]
        grown = self.undertone.grown_cache(small, self.settings.work / f"grown-{utterances}", utterances)

        def own():
            said = self.undertone.bench("reading", "as_trained", "--cache", grown, "--threads", self.settings.threads,
                                        "--repetitions", 1)
            return said["as_trained"][0] / 1e9

        with ExitStack() as stack:
            common = ["reading.py", "--cache", grown]
            sides = self.peers(stack, {
                "h5py + DataLoader, no workers": common,
                f"h5py + DataLoader, {self.settings.threads} workers": [*common, "--workers", self.settings.threads]})
            self.compare("reading, shuffled batches of 32", "reading", "GB/s", {"Undertone": own, **sides})

    def start_up(self):
        model = self.undertone.model(self.settings.work / "model")
        manifest = write_corpus(self.settings.work / "short-8", [2 * SAMPLE_RATE_HZ] * 8)
        cache = self.cache(self.corpus("stage_two", development=True))
        peer = [sys.executable, PEERS / "startup.py", "--model", model, "--threads", self.settings.threads]

        def is_first(line):
            return line.strip() == "first"

        self.compare("launch to first utterance of 2 s", "start-up", "s", {
            "Undertone": lambda: self.undertone.seconds_to_first_utterance(
                manifest, self.scratch / "cache", model, "bfloat16"),
            "transformers + torch": lambda: seconds_until(peer, is_first)})
        self.compare("launch to first step of 2 utterances", "start-up", "s", {
            "Undertone": lambda: self.undertone.seconds_to_first_step(self.scratch / "run", cache, "bfloat16", False),
            "torch + h5py": lambda: seconds_until([*peer, "--cache", cache], is_first)})


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_options(parser)
    parts(parser, PARTS)
    parser.add_argument("--repetitions", type=int, help="turns (default: 3)")
    settings = parser.parse_args()
    try:
        PeerBench(settings).run()
    except Failure as failure:
        sys.exit(f"error: {failure}")


if __name__ == "__main__":
    main()
