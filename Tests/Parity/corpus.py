"""Recordings for a comparison: WAV files, a manifest, and the samples as a reader of those files sees them."""

import shutil
import wave
from pathlib import Path

import comparator  # noqa: F401  (makes `reference` importable)
import numpy as np

from reference import models

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


def make(folder, recordings, sample_counts=SAMPLE_COUNTS):
    """Audio and manifest under `folder`, the first eight of `recordings` or synthetic ones; answers id → waveform."""
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
        for index, count in enumerate(sample_counts):
            name = f"synthetic-{index}"
            waveforms[name] = write_wav(folder / f"{name}.wav", models.speech_like(count, seed=SEED * 1000 + index))
    lines = ["id,path,split,speaker,activation"]
    lines += [f"{name},{name}.wav,train,s{index},{index}" for index, name in enumerate(waveforms)]
    (folder / "manifest.csv").write_text("\n".join(lines) + "\n")
    return waveforms
