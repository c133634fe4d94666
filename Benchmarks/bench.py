#!/usr/bin/env python3
"""Undertone against the machine's own limits: rooflines, every operation, both stages, reading, memory and start-up.

Needs nothing but Undertone's programs and Python's standard library. The result goes to Benchmarks/results/ as a dated pair of files,
written anew after every measurement. Let nothing else run meanwhile. `bench_peers.py` measures what users run instead.
"""

import argparse
import math
import statistics
import sys

from measuring import disk, machine
from measuring.programs import Failure
from measuring.results import Sitting, measurement
from measuring.undertone import LAYERS, PRECISIONS, Undertone, add_options, parts
from measuring.workload import LONGEST_SECONDS, SAMPLE_RATE_HZ, sample_counts, write_corpus

PARTS = ("rooflines", "operations", "stages", "memory", "reading", "start-up")
LARGE_UTTERANCES = 23_000
"""36 hours, 10 GB in float16."""
BYTES_PER_UTTERANCE = 437_000
"""In float16, on average."""
DECODED_BYTES = 3
"""That pass through memory for each byte of a 16-bit recording: it is read, and the float32 that comes of two of them written."""


def fastest_stage_one(stages, threads):
    """What stage one's engine takes of one thread for a second of audio, in its quicker precision, and which that is."""
    taken = {stage["precision"]: threads / statistics.median(stage["audio_seconds_per_second"])
             for stage in stages if stage["stage"].startswith("stage one")}
    precision = min(taken, key=taken.get)
    return taken[precision], precision


class Bench:
    def __init__(self, settings):
        self.settings = settings
        self.undertone = Undertone(settings.programs, settings.threads)
        quick = settings.quick
        self.repetitions = settings.repetitions or (1 if quick else 3)
        # Of stage one so many that what a run does once, and the end at which one worker waits for another, do not count for much.
        self.sizes = {"stage_one_utterances": 6 if quick else 64, "stage_two_utterances": 8 if quick else 64,
                      "profile_utterances": 4 if quick else 16, "disk_megabytes": 128 if quick else 1024,
                      "development_utterances": 4, "repetitions": self.repetitions, "quick": quick}
        self.facts = machine.facts(settings.programs, settings.threads)
        machine.warn_if_busy(self.facts)
        self.sitting = Sitting(settings.results, "own", self.facts, self.sizes)
        self.limits = {}
        self.last_level_cache_bytes = 0
        self.gigaflop = {}
        one, two = self.sizes["stage_one_utterances"], self.sizes["stage_two_utterances"]
        self.stage_one = write_corpus(settings.work / f"stage-one-{one}", sample_counts(one))
        self.stage_two = write_corpus(settings.work / f"stage-two-{two}", sample_counts(two),
                                      sample_counts(self.sizes["development_utterances"], seed=1))
        self.scratch = settings.work / "scratch"

    def add(self, *arguments, **more):
        value = measurement(*arguments, **more)
        self.sitting.add(value)
        against = value.get("relative")
        print(f"{value['name']}: {value['median']:.4g} {value['unit']}"
              + (f", {100 * against['value']:.0f} % of {against['to']}" if against else ""), flush=True)

    def run(self):
        todo = {"rooflines": self.rooflines, "operations": self.operations, "stages": self.stages,
                "memory": self.memory, "reading": self.reading, "start-up": self.start_up}
        for part in PARTS:
            # Everything is held against the rooflines, so that they are always measured.
            if part in self.settings.only or part == "rooflines":
                todo[part]()
        if len(self.settings.only) > 1:
            self.rooflines("after")
        self.sitting.finish()
        print(f"written: {self.sitting.path.with_suffix('.md')}")

    # -- The machine

    def rooflines(self, when="before"):
        said = self.undertone.bench("rooflines", "products", "--threads", self.settings.threads)
        self.last_level_cache_bytes = said.get("last_level_cache_bytes") or 0
        for precision, rate in sorted(said["products"].items(), reverse=True):
            self._limit(f"products, {precision}", "GFLOP/s", rate / 1e9, when)
        self._limit("memory, copying (read and written)", "GB/s", said["memory"]["copy_bytes_per_second"] / 1e9, when)
        self._limit("memory, reading", "GB/s", said["memory"]["read_bytes_per_second"] / 1e9, when)
        if when != "before":
            return
        told = disk.bandwidth(self.settings.work, self.sizes["disk_megabytes"])
        kept = told["in_memory_before_reading"]
        self._limit("disk, writing (flushed)", "GB/s", told["write_bytes_per_second"] / 1e9, when)
        self._limit("disk, reading", "GB/s", told["read_bytes_per_second"] / 1e9, when,
                    note="not known whether cold" if kept is None
                    else f"cold for this system: {100 * kept:.0f} % of the file in memory before")

    def _limit(self, name, unit, value, when, **more):
        self.limits[name] = max(value, self.limits.get(name, 0))
        self.add(f"{name}, {when}", "rooflines", unit, [value], **more)

    def _products(self, stage, precision, rates):
        """A stage's rate as a share of the product rate; None where its work was not counted."""
        gigaflop = self.gigaflop.get((stage, precision))
        if gigaflop is None:
            return None
        name = f"products, {precision}"
        return name, statistics.median(rates) * gigaflop / self.limits[name]

    # -- The engine

    def operations(self):
        said = self.undertone.bench(
            "profile", "stages", "--threads", self.settings.threads, "--utterances", self.sizes["profile_utterances"],
            "--repetitions", self.repetitions)
        for stage in said["stages"]:
            title, precision = stage["stage"].split(",")[0], stage["precision"]
            limit = f"products, {precision}"
            self.limits[limit] = max(self.limits[limit], stage["products_per_second"] / 1e9)
            self.gigaflop[title, precision] = stage["gigaflop_per_audio_second"]
            self.add(f"engine, {title}, {precision}", "stages", "audio s/s", stage["audio_seconds_per_second"],
                     better="higher", relative=(limit, stage["share_of_roofline"]),
                     gigaflop_per_audio_second=stage["gigaflop_per_audio_second"])
            for operation in stage["operations"]:
                self._operation(title, precision, operation)
        engine, precision = fastest_stage_one(said["stages"], self.settings.threads)
        for entry in said["storage"]:
            rate, each = entry["bytes"] / entry["seconds"] / 1e9, entry["seconds"] / said["audio_seconds"]
            limit, passes = ("disk, writing (flushed)", 1) if "write" in entry["name"] else (
                "memory, copying (read and written)", DECODED_BYTES)
            self.add(entry["name"], "storage", "GB/s", [rate], better="higher",
                     relative=(limit, passes * rate / self.limits[limit]),
                     note=f"{1e3 * each:.2f} ms per audio s, {100 * each / engine:.1f} % of stage one's ({precision})")

    def _operation(self, title, precision, operation):
        limit = {"products": f"products, {precision}", "memory": "memory, copying (read and written)",
                 None: None}[operation.get("limit")]
        # What takes little of the time is measured badly, and matters as little.
        matters = operation["share_of_time"] >= 0.02
        self.add(f"{title}, {precision}: {operation['name']}", "operations", "ms per audio s",
                 [operation["milliseconds_per_audio_second"]], better="lower" if matters else None,
                 relative=(limit, operation["share_of_limit"]) if limit else None, weight=operation["share_of_time"])

    # -- The programs

    def stages(self):
        cache = self.undertone.kept_cache(self.stage_two, self.settings.work / f"cache-{self.stage_two.parent.name}")
        for precision in PRECISIONS:
            by_workers = {count: [] for count in (1, self.settings.threads)}
            for _ in range(self.repetitions):
                for workers, rates in by_workers.items():
                    rates.append(self.undertone.cache(self.stage_one, self.scratch / "cache", precision, workers)[0])
            for workers, rates in by_workers.items():
                whole = workers == self.settings.threads
                self.add(f"stage one, {precision}, {workers} worker{'s' if workers > 1 else ''}", "stages", "audio s/s",
                         rates, better="higher",
                         relative=self._products("stage one", precision, rates) if whole else None)
            if len(by_workers) > 1:
                one, all_ = by_workers.values()
                self.add(f"stage one, {precision}, from 1 to {self.settings.threads} workers", "stages", "times",
                         [b / a for a, b in zip(one, all_)], better="higher")
            runs = [self.undertone.train_from_cache(self.scratch / "run", precision, cache)
                    for _ in range(self.repetitions)]
            rates = [run.audio_seconds_per_second for run in runs]
            self.add(f"stage two, top {LAYERS}, {precision}", "stages", "audio s/s", rates, better="higher",
                     relative=self._products("stage two", precision, rates))
            self.add(f"stage two, {precision}: reading's share of a step", "reading", "%",
                     [100 * run.reading_share for run in runs], better="lower", floor=0.5)
            self.add(f"stage two, {precision}, batches of 32", "memory", "GB", [run.peak_bytes / 1e9 for run in runs],
                     better="lower")

    def memory(self):
        count = 3 * self.settings.threads
        longest = int(LONGEST_SECONDS * SAMPLE_RATE_HZ)
        manifest = write_corpus(self.settings.work / f"longest-{count}", [longest] * count)
        for precision in PRECISIONS:
            _, peak = self.undertone.cache(manifest, self.scratch / "cache", precision)
            self.add(f"stage one, {precision}, {self.settings.threads} workers, utterances of {LONGEST_SECONDS:.0f} s",
                     "memory", "GB", [peak / 1e9], better="lower")

    # -- Caches larger than the processor's

    def _grown(self, utterances):
        small = self.undertone.kept_cache(self.stage_two, self.settings.work / f"cache-{self.stage_two.parent.name}")
        return self.undertone.grown_cache(small, self.settings.work / f"grown-{utterances}", utterances)

    def _reading_utterances(self):
        """Enough for more than a gigabyte, and for four times the last-level cache."""
        if self.settings.quick:
            return 600
        return math.ceil(max(1.3e9, 4 * self.last_level_cache_bytes) / BYTES_PER_UTTERANCE)

    def reading(self):
        cache = self._grown(self._reading_utterances())
        said = self.undertone.bench("reading", "one_thread", "--cache", cache, "--threads", self.settings.threads,
                                    "--repetitions", self.repetitions)
        limit = "memory, copying (read and written)"
        for name, key in (("as stored, one thread", "one_thread"),
                          (f"as stored, {self.settings.threads} threads", "all_threads"),
                          ("in batches, as stage two has them", "as_trained")):
            rates = [rate / 1e9 for rate in said[key]]
            # Reading from the page cache is copying: each byte is read once and written once.
            self.add(name, "reading", "GB/s", rates, better="higher",
                     relative=(limit, 2 * statistics.median(rates) / self.limits[limit]),
                     note=f"{said['bytes'] / 1e9:.2f} GB in {said['utterances']} utterances")

    # -- Launch to first result

    def start_up(self):
        manifest = write_corpus(self.settings.work / "short-8", [2 * SAMPLE_RATE_HZ] * 8)
        model = self.undertone.model(self.settings.work / "model")
        runs = [self.undertone.seconds_to_first_utterance(manifest, self.scratch / "cache", model, "auto")
                for _ in range(1 + self.repetitions)][1:]
        self._seconds("stage one, first utterance (of 2 s) computed", runs)
        small = self.undertone.kept_cache(self.stage_two, self.settings.work / f"cache-{self.stage_two.parent.name}")
        self._first_step("the corpus's own cache", small)
        for utterances in (self._reading_utterances(), *((LARGE_UTTERANCES,) if self.settings.large else ())):
            self._first_step(f"a cache of {utterances * BYTES_PER_UTTERANCE / 1e9:.1f} GB", self._grown(utterances))

    def _first_step(self, name, cache):
        def seconds(standardise):
            return self.undertone.seconds_to_first_step(self.scratch / "run", cache, "auto", standardise)

        disk.evict(cache)
        self._seconds(f"stage two, first step (of 2 utterances), {name}, cache not in memory", [seconds(False)],
                      better=None)
        self._seconds(f"stage two, first step (of 2 utterances), {name}", [seconds(False) for _ in range(self.repetitions)])
        # A forward pass over a sample of the training utterances, so that once has to do.
        self._seconds(f"the same after standardising pooled features, {name}", [seconds(True)], better=None)

    def _seconds(self, name, runs, better="lower"):
        self.add(name, "start-up", "s", runs, better=better, floor=0.1)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_options(parser)
    parts(parser, PARTS)
    parser.add_argument("--repetitions", type=int, help="(default: 3)")
    parser.add_argument("--large", action="store_true",
                        help="start-up on a cache of 10 GB, too, made of a small one and kept in the work folder")
    settings = parser.parse_args()
    try:
        Bench(settings).run()
    except Failure as failure:
        sys.exit(f"error: {failure}")


if __name__ == "__main__":
    main()
