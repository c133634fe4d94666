"""What is measured, the same for Undertone and its peers: utterances as long as real ones, filled with noise."""

import json
import statistics

import numpy as np

SAMPLE_RATE_HZ = 16_000
FRAMES_PER_SECOND = 50


def durations_seconds(count, seed=0):
    """Beta(1.313, 2.185) on 1.90 to 11.95 s, fitted to MSP-Podcast's published durations (mean 5.7 s)."""
    return 1.90 + 10.05 * np.random.default_rng(seed).beta(1.313, 2.185, count)


def noise(count, seed=0):
    """`count` waveforms of white noise, float32: the time that a forward pass takes does not depend on what is said."""
    generator = np.random.default_rng(seed + 1)
    return [0.1 * generator.standard_normal(int(seconds * SAMPLE_RATE_HZ)).astype(np.float32)
            for seconds in durations_seconds(count, seed)]


def report(work, precision, variant, audio_seconds, runs, as_json):
    """Prints one measurement: for people, or as a line of JSON with every run."""
    rates = [audio_seconds / seconds for seconds in runs]
    if as_json:
        print(json.dumps({"work": work, "precision": precision, "variant": variant, "audio_seconds": audio_seconds,
                          "seconds": runs, "audio_seconds_per_second": max(rates)}), flush=True)
    else:
        spread = f"{min(rates):.2f} to {max(rates):.2f}, median {statistics.median(rates):.2f}"
        print(f"{work}  {precision:8}  {variant:8}  {spread} audio seconds per second", flush=True)
