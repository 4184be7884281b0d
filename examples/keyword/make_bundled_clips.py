"""Make the keyword clips that come with the package: espeak-ng voices and made-up noise.

    python examples/keyword/make_bundled_clips.py

Needs the program espeak-ng. Four clips a class, each word by another voice, variant, speed and
pitch, in a low noise; nothing is recorded and nothing is chosen by what the network makes of it.
The clips are committed: run this only to make others.
"""

from __future__ import annotations

import argparse
import csv
import io
import shutil
import subprocess
import wave
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

from tinysnn.data.labels import KEYWORDS

RATE_HZ = 16_000
CLIP = 16_000
UNKNOWN = ("house", "seven", "bird", "happy")
VOICES = (
    *(("en-gb", 150, 50), ("en-us+f2", 140, 55), ("en-gb-x-rp+m3", 165, 45)),
    *(("en-gb-scotland", 145, 40), ("en-us+f4", 160, 60), ("en-029", 150, 50)),
    *(("en-us+m7", 135, 35), ("en-gb+f3", 155, 65)),
)
"""Voice, words a minute, pitch 0..99."""
CLIPS_PER_CLASS = 4
PEAK = 9000
NOISE_RMS = 1.0
SEED = 2
Floats = npt.NDArray[np.float64]


def spoken(word: str, voice: str, speed: int, pitch: int) -> Floats:
    """One word from espeak-ng at 16 kHz, at most a second, peak at PEAK."""
    command = ["espeak-ng", "-v", voice, "-s", str(speed), "-p", str(pitch), "--stdout", word]
    output = subprocess.run(command, capture_output=True, check=True).stdout
    with wave.open(io.BytesIO(output)) as file:
        rate = file.getframerate()
        data = file.readframes(file.getnframes())
    samples = np.frombuffer(data[: len(data) // 2 * 2], "<i2").astype(np.float64)
    loud = np.flatnonzero(np.abs(samples) > 100)
    voice_samples = resampled(samples[loud[0] : loud[-1] + 1], rate)[:CLIP]
    return np.asarray(voice_samples * (PEAK / np.abs(voice_samples).max()))


def resampled(samples: Floats, rate_hz: int) -> Floats:
    """To 16 kHz by cutting the spectrum."""
    n = round(len(samples) * RATE_HZ / rate_hz)
    spectrum = np.fft.rfft(samples)[: n // 2 + 1]
    return np.fft.irfft(spectrum, n) * (n / len(samples))


def quiet(kind: int, rng: np.random.Generator) -> Floats:
    """A clip without speech: nothing, white noise, brown noise, mains hum."""
    time = np.arange(CLIP) / RATE_HZ
    white = rng.standard_normal(CLIP)
    brown = np.cumsum(white)
    brown -= np.linspace(brown[0], brown[-1], CLIP)
    hum = np.sin(2 * np.pi * 50 * time) + 0.4 * np.sin(2 * np.pi * 150 * time)
    return (np.zeros(CLIP), 40 * white, 100 * brown / brown.std(), 60 * hum)[kind]


def clips_of(label: str, first_voice: int, rng: np.random.Generator) -> tuple[Floats, list[str]]:
    """CLIPS_PER_CLASS clips of a class and what each holds."""
    clips, names = [], []
    for number in range(CLIPS_PER_CLASS):
        if label == "_silence_":
            clip, name = quiet(number, rng), ("none", "white", "brown", "hum")[number]
        else:
            voice = VOICES[(first_voice + number) % len(VOICES)]
            word = UNKNOWN[number] if label == "_unknown_" else label
            sound, name = spoken(word, *voice), f"{word} by {voice[0]}"
            start = int(rng.integers(0, CLIP - len(sound) + 1))
            clip = NOISE_RMS * rng.standard_normal(CLIP)
            clip[start : start + len(sound)] += sound
        clips.append(clip)
        names.append(name)
    return np.rint(np.concatenate(clips)), names


def main() -> None:
    """Command line."""
    default = Path(__file__).resolve().parents[2] / "tinysnn" / "data" / "bundled"
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=default)
    out = parser.parse_args().out
    if shutil.which("espeak-ng") is None:
        parser.exit(3, "espeak-ng is not on this machine: apt-get install espeak-ng\n")
    out.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(SEED)
    rows = []
    for index, label in enumerate(KEYWORDS):
        samples, names = clips_of(label, 3 * index, rng)
        soundfile.write(out / f"{label}.flac", samples.astype(np.int16), RATE_HZ)
        rows += [(label, f"{label}.flac", k, "testing", name) for k, name in enumerate(names)]
    with (out / "index.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("label", "flac", "clip", "split", "made_of"))
        writer.writerows(rows)


if __name__ == "__main__":
    main()
