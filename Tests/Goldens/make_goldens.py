#!/usr/bin/env python3
"""Makes the golden files in this folder with Hugging Face transformers and torch; README.md says what each holds.

    python make_goldens.py            writes them anew
    python make_goldens.py --check    remakes them elsewhere and compares: the committed are what the libraries give

Deterministic: the same versions on the same kind of processor give the same bytes. On another one the last bits of
computed tensors may differ, so `--check` compares those within 1e-5 of each tensor's scale (weights and inputs are
drawn, not computed, and hardly move). Needs what requirements.txt pins.
"""

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import torch  # noqa: E402

from reference import files, models, operations, stage_one, stage_two  # noqa: E402

HERE = Path(__file__).resolve().parent
SEED = 1
MODEL = "wav2vec2-tiny"
CHECKED = (f"{MODEL}/model.safetensors", "stage-one.safetensors", "stage-two.safetensors", "operations.safetensors")
CHECK_TOLERANCE = {"stage-two.safetensors": 1e-3}  # what ten steps of AdamW changed is the noisiest thing here


def make(folder):
    """Writes every golden file under `folder`."""
    model = models.make(models.TINY, SEED)
    models.save(model, folder / MODEL)
    models.check_saved(model, folder / MODEL)
    noise = stage_one.golden(models.TINY, SEED, stage_one.TINY_SAMPLE_COUNTS, folder / "stage-one.safetensors")
    print(f"stage one: float32 within {noise:.1e} of float64")
    told = stage_two.golden(model, stage_two.TINY_FRAME_COUNTS, SEED, folder / "stage-two.safetensors", MODEL)
    print(f"stage two: float32 within {told}")
    print(f"operations: {operations.golden(folder / 'operations.safetensors')}")


def check():
    """Remakes the goldens in a temporary folder; answers whether the committed ones still agree, and says where not."""
    agreed = True
    with tempfile.TemporaryDirectory() as temporary:
        make(Path(temporary))
        for name in CHECKED:
            tolerance = CHECK_TOLERANCE.get(name, 1e-5)
            differences = files.compare(Path(temporary) / name, HERE / name, tolerance)
            agreed = agreed and not differences
            print(f"{name}: {'as committed' if not differences else 'DIFFERS'}")
            for line in differences:
                print(f"  {line}")
    return agreed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare with the committed files instead of writing them")
    arguments = parser.parse_args()
    # One thread, so that sums are taken in one order.
    torch.set_num_threads(1)
    if arguments.check:
        sys.exit(0 if check() else 1)
    make(HERE)


if __name__ == "__main__":
    main()
