#!/usr/bin/env python3
"""Makes the golden files in this folder with Hugging Face transformers, peft and torch; README.md says what each holds.

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

from reference import files, formats, models, operations, presets, setups, stage_one, stage_two, upper  # noqa: E402

HERE = Path(__file__).resolve().parent
SEED = 1
CHECK_TOLERANCE = 1e-5
TRAINING_TOLERANCE = 1e-3  # what steps of AdamW changed is the noisiest thing here


def stage_one_name(model):
    return "stage-one.safetensors" if model == "wav2vec2-tiny" else f"stage-one-{model}.safetensors"


def make(folder):
    """Writes every golden file under `folder`."""
    made = {name: models.make(preset, SEED) for name, preset in presets.TINY.items()}
    for name, model in made.items():
        directory = formats.save(model, presets.TINY[name], folder / name)
        formats.check_saved(model, directory)
        noise = stage_one.golden(name, SEED, folder / stage_one_name(name))
        print(f"{stage_one_name(name)}: float32 within {noise:.1e} of float64")
    for name, setup in setups.TINY.items():
        waveform = models.normalise(models.speech_like(5_333, SEED), presets.TINY[setup.model])
        upper.check(made[setup.model].base_model, setup.cut, waveform)
        told = stage_two.golden(made[setup.model], setup, SEED, folder / f"{name}.safetensors", setup.model)
        print(f"{name}.safetensors: float32 within {told}")
    print(f"operations: {operations.golden(folder / 'operations.safetensors')}")


def differences(made, committed):
    """Lines that say how a remade file differs from the committed one; none if they agree."""
    if not committed.exists():
        return ["not committed"]
    if made.suffix == ".json":
        return [] if made.read_text() == committed.read_text() else ["another text"]
    tolerance = TRAINING_TOLERANCE if made.name.startswith("stage-two") else CHECK_TOLERANCE
    return files.compare(made, committed, tolerance)


def check():
    """Remakes the goldens in a temporary folder; answers whether the committed ones still agree, and says where not."""
    agreed = True
    with tempfile.TemporaryDirectory() as temporary:
        make(Path(temporary))
        for path in sorted(path for path in Path(temporary).rglob("*") if path.is_file()):
            name = path.relative_to(temporary)
            lines = differences(path, HERE / name)
            agreed = agreed and not lines
            print(f"{name}: {'DIFFERS' if lines else 'as committed'}")
            for line in lines:
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
