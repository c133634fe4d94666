#!/usr/bin/env python3
"""Lets Optuna search for settings of undertone-train: ask for a point, train it, tell its score. See README.md."""

import argparse
import datetime
import fcntl
import json
import math
import os
import re
import subprocess
import sys

import numpy
import optuna
from optuna.trial import TrialState

SMALLER_IS_BETTER = ("loss", "rmse", "mae")


def main():
    arguments = parse_arguments()
    os.makedirs(arguments.out, exist_ok=True)
    metric = best_metric(arguments.config)
    study = optuna.create_study(
        study_name="undertone",
        storage=f"sqlite:///{os.path.join(arguments.out, 'study.db')}",
        direction="minimize" if metric.split(".")[0] in SMALLER_IS_BETTER else "maximize",
        pruner=optuna.pruners.MedianPruner(),
        load_if_exists=True,
    )
    resume_interrupted(study, arguments, metric)
    while sum(trial.state != TrialState.WAITING for trial in study.get_trials(deepcopy=False)) < arguments.trials:
        evaluate(study, ask(study, arguments), arguments, metric)
    if not study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)):
        print(
            f"error: {arguments.out}: none of {arguments.trials} trials came to its end, so there is no best one; "
            "vary other settings, or give more --trials",
            file=sys.stderr,
        )
        sys.exit(65)
    best = study.best_trial
    print(f"best: {metric} {best.value:.4f}, trial {best.number}: {settings_text(best.params)}")
    print(run_directory(arguments, best.number))


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", required=True, action="append", help="as undertone-train's; repeatable")
    parser.add_argument("--corpus", help="as undertone-train's")
    parser.add_argument("--config", required=True, help="the training configuration that points are variations of")
    parser.add_argument("--out", required=True, help="folder for the study and its runs")
    parser.add_argument("--trials", type=int, default=20, help="so many in all, those of before included")
    parser.add_argument("--seed", type=int, default=0, help="of the search")
    parser.add_argument("--prune", type=int, metavar="EPOCHS", help="look at every trial so often, and end hopeless ones")
    parser.add_argument("--program", default=".build/release/undertone-train", help="undertone-train")
    parser.add_argument(
        "--vary", required=True, action="append", metavar="KEY=DOMAIN",
        help="uniform(a, b), log_uniform(a, b), integers(a, b) or choice(a, b, …) for a dotted training key; repeatable")
    arguments = parser.parse_args()
    with open(arguments.config, encoding="utf-8") as file:
        if re.search(r"^seeds: *(\[|$)", file.read(), re.MULTILINE):
            parser.error(f"{arguments.config}: has 'seeds', but a trial is one run; give one seed")
    try:
        arguments.space = dict(read_domain(text) for text in arguments.vary)
    except ValueError as error:
        parser.error(str(error))
    return arguments


def read_domain(text):
    """`head.hidden=integers(32, 256)` as a key and a distribution of Optuna's."""
    match = re.fullmatch(r"([\w.]+)=(\w+)\((.*)\)", text.strip())
    if not match:
        raise ValueError(f"--vary {text}: expected KEY=DOMAIN, e.g. head.hidden=integers(32, 256)")
    key, kind, members = match[1], match[2], [member.strip() for member in match[3].split(",")]
    if kind == "choice":
        return key, optuna.distributions.CategoricalDistribution(members)
    if kind not in ("uniform", "log_uniform", "integers") or len(members) != 2:
        raise ValueError(f"--vary {text}: expected uniform, log_uniform or integers with two ends, or choice")
    if kind == "integers":
        return key, optuna.distributions.IntDistribution(int(members[0]), int(members[1]))
    return key, optuna.distributions.FloatDistribution(*map(float, members), log=kind == "log_uniform")


def best_metric(path):
    """What the configuration says that the best epoch is kept by."""
    with open(path, encoding="utf-8") as file:
        match = re.search(r"^best_metric: *\"?([\w.]+)", file.read(), re.MULTILINE)
    return match[1] if match else "ccc"


def total_epochs(path):
    with open(path, encoding="utf-8") as file:
        match = re.search(r"^epochs: *(\d+)", file.read(), re.MULTILINE)
    return int(match[1]) if match else 20


def ask(study, arguments):
    """A new trial with settings. They come from the seed and the trial's number, and from what the study knows: a sampler with a
    stream per process would draw the same points again after an interruption, and in every process that works on the study."""
    trial = study.ask()
    trial.set_user_attr("process", os.getpid())
    seed = numpy.random.SeedSequence((arguments.seed, trial.number)).generate_state(1)[0]
    study.sampler = optuna.samplers.TPESampler(seed=int(seed))
    for key, domain in arguments.space.items():
        if isinstance(domain, optuna.distributions.CategoricalDistribution):
            trial.suggest_categorical(key, domain.choices)
        elif isinstance(domain, optuna.distributions.IntDistribution):
            trial.suggest_int(key, domain.low, domain.high)
        else:
            trial.suggest_float(key, domain.low, domain.high, log=domain.log)
    return trial


def resume_interrupted(study, arguments, metric):
    """Goes on with what a process that is no more was training."""
    while (trial := take_abandoned(study, arguments)) is not None:
        evaluate(study, trial, arguments, metric)


def take_abandoned(study, arguments):
    """A trial that nobody trains any more, this process's from now on; None if there is none."""
    # Of processes that begin at the same time, one looks and takes before the other looks.
    with open(os.path.join(arguments.out, "study.lock"), "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for frozen in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            process = frozen.user_attrs.get("process")
            # One without is being asked for this moment, by a process that has not yet said which it is.
            is_new = process is None and datetime.datetime.now() - frozen.datetime_start < datetime.timedelta(minutes=1)
            if is_new or is_alive(process):
                continue
            if frozen.params.keys() != arguments.space.keys():  # Killed while it was asking.
                study.tell(frozen.number, state=TrialState.FAIL)
                continue
            trial = optuna.trial.Trial(study, frozen._trial_id)
            trial.set_user_attr("process", os.getpid())
            return trial
    return None


def is_alive(process):
    if process is None:
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def evaluate(study, trial, arguments, metric):
    """Trains one point to its end, or until it is not worth going on with, and tells the study."""
    run = run_directory(arguments, trial.number)
    epochs = total_epochs(arguments.config)
    stops = range(arguments.prune, epochs, arguments.prune) if arguments.prune else ()
    for stop in [*stops, None]:
        code = train(trial, run, stop, arguments)
        if code == 65 and was_tried(run):  # It cannot be trained, such as when its loss is not finite: an outcome.
            study.tell(trial, state=TrialState.FAIL)
            print(f"trial {trial.number} failed: {settings_text(trial.params)}", file=sys.stderr)
            return
        if code != 0:  # The program has said why; mended, the same command goes on with this trial.
            sys.exit(code)
        if stop is not None and not os.path.exists(os.path.join(run, "result.json")):
            trial.report(score_so_far(run, metric), step=stop)
            if trial.should_prune():
                study.tell(trial, state=TrialState.PRUNED)
                print(f"trial {trial.number} ends after {stop} epochs: {settings_text(trial.params)}", file=sys.stderr)
                return
    with open(os.path.join(run, "result.json"), encoding="utf-8") as file:
        value = json.load(file)["best_metric"]["value"]
    if value is None:
        study.tell(trial, state=TrialState.FAIL)
    else:
        study.tell(trial, value)
    print(f"trial {trial.number}: {metric} {value}: {settings_text(trial.params)}", file=sys.stderr)


def train(trial, run, stop, arguments):
    command = [arguments.program, "--config", arguments.config, "--out", run, "--resume", "--progress", "none"]
    for cache in arguments.cache:
        command += ["--cache", cache]
    if arguments.corpus:
        command += ["--corpus", arguments.corpus]
    for key, value in trial.params.items():
        command += ["--set", f"{key}={value}"]
    if stop is not None:
        command += ["--until-epoch", str(stop)]
    return subprocess.run(command, stdout=subprocess.DEVNULL).returncode


def was_tried(run):
    """Whether training itself failed. What keeps it from beginning, such as a damaged cache, says nothing of the point."""
    try:
        with open(os.path.join(run, "attempt.json"), encoding="utf-8") as file:
            return json.load(file).get("outcome") == "failed"
    except (OSError, ValueError):
        return False


def score_so_far(run, metric):
    """The best value of the epochs done, as undertone-train would choose it."""
    name, _, dimension = metric.partition(".")
    values = []
    with open(os.path.join(run, "metrics.jsonl"), encoding="utf-8") as file:
        for line in file:
            epoch = json.loads(line)
            if name == "loss":
                scored = [epoch.get("development_loss")]
            else:
                development = epoch["development"]
                scored = [scores[name] for key, scores in development.items() if dimension in ("", key)]
            scored = [value for value in scored if value is not None]
            if scored:
                values.append(sum(scored) / len(scored))
    if not values:
        return math.nan
    return min(values) if name in SMALLER_IS_BETTER else max(values)


def run_directory(arguments, number):
    return os.path.join(arguments.out, f"trial-{number}")


def settings_text(settings):
    return " ".join(f"{key}={value}" for key, value in settings.items())


if __name__ == "__main__":
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    main()
