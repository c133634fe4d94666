#!/usr/bin/env python3
"""Holds successive halving against the whole grid of the same trials: time of training, score, and what sweeping itself costs.

Both sweeps run one trial at a time in a folder of their own, from caches made before, and are removed. Halving must reach the interval of
the grid's best score with at most the share of the grid's training time that is allowed. Planning, make, ranking, registry and report, which is
all that passes outside of the trials' processes, and these processes' start, each as long as one takes that finds its run finished, may be no
more of the whole than the overhead. What is left, beside training and evaluation, is a trial's own: standardisation, states, last scores.
Nothing but Python's own library is needed; of pipelines/sweep.yaml it takes half an hour on two cores.
"""

import argparse
import json
import os
import pathlib
import re
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

from measuring.programs import make


def seconds_of(target: str, manifest: pathlib.Path, build: str, programs: pathlib.Path) -> float:
    """Seconds that a target of the project's Makefile takes."""
    return make("-j1", target, f"PIPELINE={manifest}", f"BUILD={build}", f"UNDERTONE_BIN={programs}")


def timed_programs(programs: str, folder: pathlib.Path) -> pathlib.Path:
    """The programs in a folder of their own; of undertone-train there every process leaves its seconds and its arguments in `processes`."""
    own, here = pathlib.Path(programs).resolve(), (folder / "programs").resolve()
    here.mkdir()
    for name in ("undertone", "undertone-cache"):
        (here / name).symlink_to(own / name)
    train = here / "undertone-train"
    train.write_text(
        "#!/usr/bin/env bash\n"
        "begin=$EPOCHREALTIME\n"
        f"code=0; {shlex.quote(str(own / 'undertone-train'))} \"$@\" || code=$?\n"
        f"echo \"$begin $EPOCHREALTIME $*\" >>{shlex.quote(str(here / 'processes'))}\n"
        "exit $code\n", encoding="utf-8")
    train.chmod(0o755)
    return here


def processes(programs: pathlib.Path) -> list[tuple[float, list[str]]]:
    """Seconds and arguments of the trials' processes so far, which are then forgotten."""
    log = programs / "processes"
    lines = [line.split(" ", 2) for line in log.read_text(encoding="utf-8").splitlines()]
    log.unlink()
    return [(float(end) - float(begin), arguments.split()) for begin, end, arguments in lines]


def seconds_to_start(command: list[str], repetitions: int = 5) -> float:
    """Of a process that finds its run finished."""
    found = []
    for _ in range(repetitions):
        begin = time.monotonic()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        found.append(time.monotonic() - begin)
    return statistics.median(found)


def manifests(pipeline: str, folder: pathlib.Path) -> dict[str, pathlib.Path]:
    """The pipeline as it is, and without its halving, each under a name of its own."""
    text = pathlib.Path(pipeline).read_text(encoding="utf-8")
    grid, count = re.subn(r"^  halving:.*\n(?:    .*\n)*", "", text, flags=re.MULTILINE)
    if count != 1:
        sys.exit(f"error: {pipeline}: expected 'halving' within 'sweep'")
    made = {}
    for name, content in (("halving", text), ("grid", grid)):
        made[name] = folder / f"{name}.yaml"
        made[name].write_text(re.sub(r"^name:.*", f"name: {name}", content, count=1, flags=re.MULTILINE), encoding="utf-8")
    return made


def interval(run: dict, folder: pathlib.Path) -> tuple[float, float]:
    """Of a run's development CCC, the mean over the dimensions as the score is."""
    scores = json.loads((folder / run["directory"] / "result.json").read_text())["scores"]["development"].values()
    return tuple(sum(score[end] for score in scores) / len(scores) for end in ("ccc_low", "ccc_high"))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pipeline", default="pipelines/sweep.yaml", help="one that halves, whose corpus is there")
    parser.add_argument("--programs", default=".build/release")
    parser.add_argument("--share", type=float, default=0.4, help="of the grid's training time, at most")
    parser.add_argument("--overhead", type=float, default=0.03, help="of each sweep's time, at most")
    arguments = parser.parse_args()
    os.makedirs("build", exist_ok=True)
    build = tempfile.mkdtemp(prefix="sweeps-", dir="build")
    found, wrong = {}, []
    try:
        programs = timed_programs(arguments.programs, pathlib.Path(build))
        for name, manifest in manifests(arguments.pipeline, pathlib.Path(build)).items():
            seconds_of("cache", manifest, build, programs)
            seconds = seconds_of("sweep", manifest, build, programs)
            trials = processes(programs)
            told = subprocess.run(
                [f"{arguments.programs}/undertone", "runs", f"{build}/{name}", "--json"], check=True,
                stdout=subprocess.PIPE, text=True)
            runs = json.loads(told.stdout)
            training, evaluating = (
                sum(epoch[key] for run in runs for epoch in run["history"]) for key in ("seconds_training", "seconds_evaluating"))
            best = max((run for run in runs if run["state"] == "finished"), key=lambda run: run["score"])
            found[name] = {"training": training, "score": best["score"]}
            if name == "grid":
                found[name]["interval"] = interval(best, pathlib.Path(build) / name)
            outside = seconds - sum(spent for spent, _ in trials)
            finished = next(words for _, words in trials if best["directory"] in words[words.index("--out") + 1])
            starts = len(trials) * seconds_to_start([f"{arguments.programs}/undertone-train", *finished])
            overhead, rest = (outside + starts) / seconds, 1 - (training + evaluating + outside + starts) / seconds
            print(
                f"{name}: {len(runs)} trials, {sum(len(run['history']) for run in runs)} epochs, {seconds:.0f} s: training "
                f"{training:.0f} s, evaluating {evaluating:.0f} s; {len(trials)} starts of processes {starts:.1f} s, outside of "
                f"them {outside:.1f} s, together {overhead:.1%}; the trials' own rest {rest:.1%}; best {best['score']:.4f}",
                flush=True)
            if overhead > arguments.overhead:
                wrong.append(f"{name}: planning, registry and starts take {overhead:.1%}, expected {arguments.overhead:.0%} or less")
    finally:
        shutil.rmtree(build, ignore_errors=True)
    share = found["halving"]["training"] / found["grid"]["training"]
    low, high = found["grid"]["interval"]
    print(f"halving trains {share:.1%} of the grid's time; interval of the grid's best {low:.4f} to {high:.4f}")
    if share > arguments.share:
        wrong.append(f"halving trains {share:.1%} of the grid's time, expected {arguments.share:.0%} or less")
    if found["halving"]["score"] < low:
        wrong.append(f"halving's best, {found['halving']['score']:.4f}, is below the interval of the grid's")
    for line in wrong:
        print(line, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
