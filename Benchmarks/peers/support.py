"""What the peers share: the same utterances as Undertone's, and being asked to run by the benchmark or by a person."""

import argparse
import json
import os
import resource
import statistics
import sys
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from measuring.workload import SAMPLE_RATE_HZ, frame_count, sample_counts  # noqa: E402, F401

WIDTH = 768


def noise(count, seed=0):
    """Waveforms of noise, float32, as long as the benchmark's recordings."""
    generator = np.random.default_rng(seed + 1)
    return [torch.from_numpy(generator.uniform(-0.1, 0.1, length).astype(np.float32))
            for length in sample_counts(count, seed)]


def audio_seconds(lengths):
    return sum(lengths) / SAMPLE_RATE_HZ


def ccc_loss(predictions, labels):
    """1 − CCC over the batch, averaged over dimensions."""
    p, y = predictions - predictions.mean(0), labels - labels.mean(0)
    spread = (p * p).mean(0) + (y * y).mean(0) + (predictions.mean(0) - labels.mean(0)) ** 2
    return (1 - 2 * (p * y).mean(0) / spread).mean()


def step(network, optimiser, predictions, count):
    """Loss against random labels, backward, clipping, update."""
    loss = ccc_loss(predictions.float(), torch.randn(count, predictions.shape[1]))
    optimiser.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_([p for p in network.parameters() if p.requires_grad], 1.0)
    optimiser.step()


def batches(order, size):
    return [order[begin:begin + size] for begin in range(0, len(order), size)]


def options(description, **defaults):
    """A parser with what every peer takes."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--utterances", type=int, default=defaults.get("utterances", 24))
    parser.add_argument("--precision", choices=("float32", "bfloat16"), default="float32")
    parser.add_argument("--repeats", type=int, default=3, help="measured runs (default: %(default)s)")
    parser.add_argument("--serve", action="store_true", help="a run for each line on standard input, told as JSON")
    return parser


def autocast(precision):
    return torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16")


def offer(run, arguments, amount, unit="audio seconds"):
    """Runs as often as asked. `run` answers seconds; the model is built and warm, and `amount` is what a run handles."""
    versions = {"torch": torch.__version__}
    for name in ("transformers", "onnxruntime", "h5py"):
        if name in sys.modules:
            versions[name] = sys.modules[name].__version__
    if arguments.serve:
        print(json.dumps({"ready": True, "amount": amount, "unit": unit, "versions": versions}), flush=True)
        for _ in sys.stdin:
            seconds = run()
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
            print(json.dumps({"seconds": seconds, "peak_bytes": peak}), flush=True)
        return
    rates = [amount / run() for _ in range(arguments.repeats)]
    print(f"{min(rates):.4g} to {max(rates):.4g}, median {statistics.median(rates):.4g} {unit} per second")
