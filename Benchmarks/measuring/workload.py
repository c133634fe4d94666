"""What is measured, the same for Undertone and its peers: utterances as long as real ones, filled with noise.

The time that a pass takes depends neither on what is said nor on the weights.
"""

import random
import wave
from array import array
from pathlib import Path

SAMPLE_RATE_HZ = 16_000
FRAMES_PER_SECOND = 50
LONGEST_SECONDS = 12.0


def durations_seconds(count, seed=0):
    """Beta(1.313, 2.185) on 1.90 to 11.95 s, fitted to MSP-Podcast's published durations (mean 5.7 s)."""
    generator = random.Random(seed)
    return [1.90 + 10.05 * generator.betavariate(1.313, 2.185) for _ in range(count)]


def sample_counts(count, seed=0):
    return [int(seconds * SAMPLE_RATE_HZ) for seconds in durations_seconds(count, seed)]


def frame_count(samples):
    """Frames that the CNN of the Wav2Vec 2.0 family makes of so many samples."""
    for kernel, stride in zip((10, 3, 3, 3, 3, 2, 2), (5, 2, 2, 2, 2, 2, 2)):
        samples = (samples - kernel) // stride + 1
    return samples


def write_corpus(folder, training, development=()):
    """A manifest and 16-bit WAV files of the given lengths in samples; answers the manifest's path.

    What is there already is kept: the folder's name has to tell one corpus from another.
    """
    folder = Path(folder)
    manifest = folder / "manifest.csv"
    if manifest.exists():
        return manifest
    (folder / "audio").mkdir(parents=True, exist_ok=True)
    lengths = [*training, *development]
    noise = _noise(max(lengths) + 997 * len(lengths))
    generator = random.Random(7)
    lines = ["id,path,split,speaker,activation,valence"]
    for index, length in enumerate(lengths):
        name = f"u{index:03}"
        with wave.open(str(folder / "audio" / f"{name}.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(SAMPLE_RATE_HZ)
            # Each begins elsewhere in the same noise: no two recordings are alike.
            file.writeframes(noise[997 * index:997 * index + length].tobytes())
        split = "train" if index < len(training) else "development"
        lines.append(f"{name},audio/{name}.wav,{split},s{index},{generator.random():.4f},{generator.random():.4f}")
    manifest.write_text("\n".join(lines) + "\n")
    return manifest


def _noise(count):
    """Uniform between a tenth of full scale and its negative."""
    generator = random.Random(1)
    return array("h", (generator.randrange(-3276, 3277) for _ in range(count)))
