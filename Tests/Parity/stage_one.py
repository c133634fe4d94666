#!/usr/bin/env python3
"""Stage one at full size: what `undertone-cache` stores at every cut, against transformers' hidden states.

Makes a seeded random wav2vec2-base with lively weights and a few WAV files, caches them with Undertone in float32, in
bfloat16, and in float32 from `pytorch_model.bin` alone, and compares each cut of each utterance. Exits with 1 if
anything is too far off.
"""

import argparse
import shutil
import subprocess
import sys
import wave
from pathlib import Path

from comparator import BFLOAT16, FLOAT32, ROOT, SAME_WEIGHTS, TINY_BFLOAT16, nearness, worst

import numpy as np
import torch

from reference import models
from reference import stage_one as reference

import cache

SEED = 1
SAMPLE_COUNTS = (400, 5_333, 48_017, 96_000)


def write_wav(path, waveform):
    """16-bit mono at 16 kHz; answers the samples as a reader sees them, in float32 within ±1."""
    samples = np.clip(np.round(waveform * 32768), -32768, 32767).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(models.SAMPLE_RATE_HZ)
        file.writeframes(samples.tobytes())
    return samples.astype(np.float32) / 32768


def read_wav(path):
    """The samples of a 16-bit mono WAV file at 16 kHz; resampling and mixing are not this comparison's business."""
    with wave.open(str(path), "rb") as file:
        found = (file.getnchannels(), file.getsampwidth(), file.getframerate())
        if found != (1, 2, models.SAMPLE_RATE_HZ):
            raise SystemExit(f"{path}: {found[0]} channels of {8 * found[1]} bits at {found[2]} Hz, expected 1 of 16 "
                             f"bits at 16000 Hz; convert it: ffmpeg -i in.flac -ac 1 -ar 16000 -c:a pcm_s16le out.wav")
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float32) / 32768


def make_corpus(folder, recordings):
    """Audio and manifest under `folder`; answers id → waveform."""
    folder.mkdir(parents=True)
    waveforms = {}
    if recordings:
        paths = sorted(Path(recordings).glob("*.wav"))[:8]
        if not paths:
            raise SystemExit(f"{recordings}: no .wav file")
        for path in paths:
            waveforms[path.stem] = read_wav(path)
            shutil.copyfile(path, folder / path.name)
    else:
        for index, count in enumerate(SAMPLE_COUNTS):
            name = f"synthetic-{index}"
            waveforms[name] = write_wav(folder / f"{name}.wav", models.speech_like(count, seed=SEED * 1000 + index))
    lines = ["id,path,split,speaker,activation"]
    lines += [f"{name},{name}.wav,train,s{index},{index}" for index, name in enumerate(waveforms)]
    (folder / "manifest.csv").write_text("\n".join(lines) + "\n")
    return waveforms


def run_undertone(program, corpus, model, compute, cuts, out):
    """One run of `undertone-cache`, all cuts, stored in float32; answers what it stored, id → cut → rows."""
    command = [str(program), "--corpus", str(corpus / "manifest.csv"), "--model", str(model), "--out", str(out),
               "--store", "float32", "--compute", compute, "--progress", "none"]
    for cut in cuts:
        command += ["--cut", cut]
    print("  " + " ".join(command), flush=True)
    result = subprocess.run(command, stdout=subprocess.DEVNULL, check=False)
    if result.returncode != 0:
        raise SystemExit(f"undertone-cache ended with {result.returncode}, expected 0")


def compare(title, stored, expected, cuts, limits, yardstick=None):
    """Prints a line per cut; answers whether all utterances are within `limits` at all cuts."""
    print(f"\n{title}: deviation ≤ {limits.deviation:.0e} of the largest magnitude, cosine ≥ {limits.cosine}")
    print(f"  {'cut':>4}  {'deviation':>10}  {'1 − cosine':>10}" + ("  torch's own" if yardstick else ""))
    agreed = True
    for cut in cuts:
        found = worst(nearness(stored[name][cut], expected[name][cut]) for name in expected)
        fine = found.within(limits)
        agreed = agreed and fine
        note = f"  {worst(nearness(yardstick[n][cut], expected[n][cut]) for n in expected).deviation:11.1e}" \
            if yardstick else ""
        print(f"  {cut:>4}  {found.deviation:10.1e}  {1 - found.cosine:10.1e}{note}{'' if fine else '  TOO FAR'}")
    return agreed


def expectations(model, waveforms):
    """Hidden states of each utterance at each cut: in float32, and under torch's own bfloat16 autocast."""
    exact, rounded = {}, {}
    for name, waveform in waveforms.items():
        normalised = reference.normalise(waveform)
        exact[name] = {cut: states.numpy() for cut, states in reference.cuts(model.wav2vec2, normalised).items()}
        with torch.autocast("cpu", torch.bfloat16):
            cuts = reference.cuts(model.wav2vec2, normalised)
        rounded[name] = {cut: states.float().numpy() for cut, states in cuts.items()}
    return exact, rounded


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--undertone", type=Path, default=ROOT / ".build/release/undertone-cache", metavar="PROGRAM")
    parser.add_argument("--work", type=Path, default=ROOT / "build/parity/stage-one", metavar="FOLDER",
                        help="emptied, then filled (default: %(default)s)")
    parser.add_argument("--recordings", metavar="FOLDER", help="16-bit mono 16 kHz .wav files; the first eight")
    parser.add_argument("--tiny", action="store_true", help="the goldens' toy shape, to try this script out")
    arguments = parser.parse_args()
    if not arguments.undertone.exists():
        raise SystemExit(f"{arguments.undertone}: not built; run: swift build -c release")
    shutil.rmtree(arguments.work, ignore_errors=True)

    model = models.make(models.TINY if arguments.tiny else models.BASE, SEED)
    directory = models.save(model, arguments.work / "model", formats=("safetensors",))
    archive = models.save(model, arguments.work / "model-bin", formats=("bin",))
    waveforms = make_corpus(arguments.work / "corpus", arguments.recordings)
    exact, rounded = expectations(model, waveforms)
    cuts = reference.cut_names(model.config.num_hidden_layers)

    stored = {}
    for title, folder, compute in (("float32", directory, "float32"), ("bfloat16", directory, "bfloat16"),
                                   ("pytorch_model.bin", archive, "float32")):
        out = arguments.work / f"cache-{title}"
        run_undertone(arguments.undertone, arguments.work / "corpus", folder, compute, cuts, out)
        stored[title] = cache.read(out, cuts, list(waveforms))

    loose = TINY_BFLOAT16 if arguments.tiny else BFLOAT16
    agreed = [compare("float32", stored["float32"], exact, cuts, FLOAT32),
              compare("bfloat16", stored["bfloat16"], exact, cuts, loose, yardstick=rounded),
              compare("float32 from pytorch_model.bin", stored["pytorch_model.bin"], exact, cuts, FLOAT32)]
    # The same weights from another file: nothing but where they lie in memory may differ.
    apart = worst(nearness(stored["pytorch_model.bin"][name][cut], stored["float32"][name][cut])
                  for name in waveforms for cut in cuts)
    alike = apart.within(SAME_WEIGHTS)
    print(f"\nmodel.safetensors and pytorch_model.bin differ by {apart.deviation:.1e}{'' if alike else '  TOO FAR'}")
    if not (all(agreed) and alike):
        print("parity: stage one does NOT agree with transformers", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    try:
        main()
    except cache.CacheError as error:
        raise SystemExit(f"error: {error}") from None
