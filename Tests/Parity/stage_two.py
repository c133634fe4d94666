#!/usr/bin/env python3
"""Stage two at full size: makes the golden that Swift's suite reads where UNDERTONE_PARITY_DIR names its folder.

The same file format as Tests/Goldens/stage-two.safetensors, in wav2vec2-base's shape: the top three of twelve layers
of 768, five utterances of 60 to 200 frames; the model beside it in `model/`.
"""

import argparse
import shutil
from pathlib import Path

from comparator import ROOT

from reference import models
from reference import stage_two as reference

SEED = 1


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=ROOT / "build/parity/stage-two", metavar="FOLDER",
                        help="emptied, then filled (default: %(default)s)")
    work = parser.parse_args().work
    shutil.rmtree(work, ignore_errors=True)
    model = models.make(models.BASE, SEED)
    models.save(model, work / "model", formats=("safetensors",))
    told = reference.golden(model, reference.FULL_FRAME_COUNTS, SEED, work / "stage-two.safetensors", "model",
                            rates=reference.FULL_RATES)
    print(f"{work / 'stage-two.safetensors'}: float32 within {told}")


if __name__ == "__main__":
    main()
