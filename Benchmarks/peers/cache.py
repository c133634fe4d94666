#!/usr/bin/env python3
"""The peer of stage one: the lower layers of wav2vec2-base on the CPU, with transformers and torch or with ONNX Runtime.

One utterance at a time (padding changes wav2vec2-base's output, and on a CPU it is slower, too), float16 rows into an
HDF5 file, which is part of the time; reading audio is not. Weights are random: speed does not depend on them.
"""

import os
import tempfile
import time

import h5py
import torch

from lower import Lower, through_onnxruntime
from support import audio_seconds, autocast, noise, offer, options


def once(forward, utterances, precision, path):
    """Seconds for all utterances, from samples in memory to rows in the file."""
    begin = time.perf_counter()
    with h5py.File(path, "w") as file, torch.inference_mode(), autocast(precision):
        for index, samples in enumerate(utterances):
            rows = forward(samples[None])[0]
            file.create_dataset(str(index), data=rows.to(torch.float16).numpy())
    return time.perf_counter() - begin


def main():
    parser = options(__doc__)
    parser.add_argument("--cut", type=int, default=9, help="layers to run (default: %(default)s)")
    parser.add_argument("--variant", choices=("eager", "compiled", "onnxruntime"), default="eager",
                        help="compiled: torch.compile with dynamic shapes; onnxruntime: float32 only")
    arguments = parser.parse_args()
    if arguments.variant == "onnxruntime" and arguments.precision != "float32":
        parser.error("ONNX Runtime runs the frozen part in float32")

    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    utterances = noise(arguments.utterances)
    with tempfile.TemporaryDirectory() as folder:
        if arguments.variant == "onnxruntime":
            forward = through_onnxruntime(arguments.cut, arguments.threads, folder)
        else:
            forward = Lower(arguments.cut).eval()
            if arguments.variant == "compiled":
                forward = torch.compile(forward, dynamic=True)
        path = os.path.join(folder, "rows.h5")
        # Compiles, and sees lengths enough for no shape to be compiled for itself later.
        once(forward, utterances if arguments.variant == "compiled" else utterances[:3], arguments.precision, path)
        offer(lambda: once(forward, utterances, arguments.precision, path), arguments,
              audio_seconds(len(samples) for samples in utterances))


if __name__ == "__main__":
    main()
