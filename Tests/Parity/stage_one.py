#!/usr/bin/env python3
"""Stage one at full size: what `undertone-cache` stores at every cut, against transformers' hidden states.

For each family: makes a seeded random model of the published size with lively weights and a few WAV files, caches them
with Undertone in float32 and in bfloat16, and compares each cut of each utterance; where published checkpoints come as
`pytorch_model.bin`, also in float32 from that alone. Of the large models a few cuts stand for all. Exits with 1 if
anything is too far off.
"""

import argparse
import gc
import shutil
import subprocess
import sys
from pathlib import Path

from comparator import BFLOAT16, FLOAT32, ROOT, SAME_WEIGHTS, TINY_BFLOAT16, nearness, worst

import torch

from reference import formats, models, presets
from reference import stage_one as reference

import cache
import corpus

LARGE_CUTS = ("cnn", "0", "1", "12", "21", "24")
BEYOND_THE_LAST_BUCKET = 272_000
"""Samples of 849 frames: WavLM's distances of 800 and more share a bucket."""


def run_undertone(program, manifest, model, compute, cuts, out):
    """One run of `undertone-cache`, all cuts, stored in float32."""
    command = [str(program), "--corpus", str(manifest), "--model", str(model), "--out", str(out),
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


def expectations(encoder, preset, waveforms, cuts):
    """Hidden states of each utterance at `cuts`: in float32, and under torch's own bfloat16 autocast."""
    exact, rounded = {}, {}
    for name, waveform in waveforms.items():
        normalised = models.normalise(waveform, preset)
        found = reference.cuts(encoder, normalised)
        exact[name] = {cut: found[cut].numpy() for cut in cuts}
        with torch.autocast("cpu", torch.bfloat16):
            found = reference.cuts(encoder, normalised)
        rounded[name] = {cut: found[cut].float().numpy() for cut in cuts}
    return exact, rounded


def agrees(family, preset, arguments):
    """Compares one family in all its forms, leaves nothing of it on the disk, answers whether it agrees."""
    work = arguments.work / family
    print(f"\n== {family}", flush=True)
    model = models.make(preset, corpus.SEED)
    layer_count = model.base_model.config.num_hidden_layers
    cuts = LARGE_CUTS if layer_count == 24 else reference.cut_names(layer_count)
    directories = {form: formats.save(model, preset, work / form, forms=(form,)) for form in preset.forms}
    extra = (BEYOND_THE_LAST_BUCKET,) if "wavlm" in family and not arguments.tiny else ()
    waveforms = corpus.make(work / "corpus", arguments.recordings, corpus.SAMPLE_COUNTS + extra)
    exact, rounded = expectations(model.base_model, preset, waveforms, cuts)
    del model
    gc.collect()  # a large model's gigabyte, before Undertone takes as much

    def stored(form, compute):
        out = work / f"cache-{form}-{compute}"
        run_undertone(arguments.undertone, work / "corpus" / "manifest.csv", directories[form], compute, cuts, out)
        return cache.read(out, cuts, list(waveforms))

    first, *others = preset.forms
    plain = stored(first, "float32")
    agreed = compare(f"{family}, float32", plain, exact, cuts, FLOAT32)
    agreed &= compare(f"{family}, bfloat16", stored(first, "bfloat16"), exact, cuts,
                      TINY_BFLOAT16 if arguments.tiny else BFLOAT16, yardstick=rounded)
    for form in others:
        again = stored(form, "float32")
        # The same weights from another file: nothing but where they lie in memory may differ.
        apart = worst(nearness(again[name][cut], plain[name][cut]) for name in waveforms for cut in cuts)
        alike = apart.within(SAME_WEIGHTS)
        print(f"\n{family}: {first} and {form} differ by {apart.deviation:.1e}{'' if alike else '  TOO FAR'}")
        agreed &= alike
    shutil.rmtree(work)
    return agreed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--undertone", type=Path, default=ROOT / ".build/release/undertone-cache", metavar="PROGRAM")
    parser.add_argument("--work", type=Path, default=ROOT / "build/parity/stage-one", metavar="FOLDER",
                        help="emptied, then filled (default: %(default)s)")
    parser.add_argument("--recordings", metavar="FOLDER", help="16-bit mono 16 kHz .wav files; the first eight")
    parser.add_argument("--family", action="append", metavar="NAME",
                        help=f"one of {', '.join(presets.FULL)}; may be repeated (default: all of them)")
    parser.add_argument("--tiny", action="store_true",
                        help=f"the goldens' toy shapes, to try this script out: {', '.join(presets.TINY)}")
    arguments = parser.parse_args()
    known = presets.TINY if arguments.tiny else presets.FULL
    families = arguments.family or list(known)
    for family in families:
        if family not in known:
            parser.error(f"--family {family}: expected one of {', '.join(known)}")
    if not arguments.undertone.exists():
        raise SystemExit(f"{arguments.undertone}: not built; run: swift build -c release")
    shutil.rmtree(arguments.work, ignore_errors=True)
    apart = [family for family in families if not agrees(family, known[family], arguments)]
    if apart:
        print(f"parity: stage one does NOT agree with transformers for {', '.join(apart)}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    try:
        main()
    except cache.CacheError as error:
        raise SystemExit(f"error: {error}") from None
