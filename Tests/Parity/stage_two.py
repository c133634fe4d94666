#!/usr/bin/env python3
"""Stage two at full size: makes the goldens that Swift's suite reads where UNDERTONE_PARITY_DIR names their folder.

The same file formats and names as in Tests/Goldens, each model in a folder beside them: wav2vec2-base (`stage-two`),
wavlm-base (`stage-two-top-wavlm`) and wav2vec2-large-robust (`stage-two-top-wav2vec2-large`), the top three layers, five
utterances of 60 to 200 frames.
"""

import argparse
import shutil
from pathlib import Path

from comparator import ROOT

from reference import formats, models, presets, setups
from reference import stage_two as reference

SEED = 1


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=ROOT / "build/parity/stage-two", metavar="FOLDER",
                        help="emptied, then filled (default: %(default)s)")
    parser.add_argument("--golden", action="append", choices=list(setups.FULL), metavar="NAME",
                        help=f"one of {', '.join(setups.FULL)}; may be repeated (default: all of them)")
    arguments = parser.parse_args()
    work = arguments.work
    shutil.rmtree(work, ignore_errors=True)
    for name in arguments.golden or setups.FULL:
        setup = setups.FULL[name]
        preset = presets.FULL[setup.model]
        model = models.make(preset, SEED)
        formats.save(model, preset, work / setup.model, forms=("safetensors",))
        told = reference.golden(model, setup, SEED, work / f"{name}.safetensors", setup.model)
        print(f"{work / name}.safetensors: float32 within {told}", flush=True)


if __name__ == "__main__":
    main()
