"""Reading one-second clips from FLAC and WAV files."""

from __future__ import annotations

import wave
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from tinysnn.errors import StimulusError, ToolMissing

Samples = npt.NDArray[np.int16]
SAMPLE_RATE_HZ = 16_000
CLIP_SAMPLES = 16_000
MAX_SECONDS = 3600
"""A file that claims to be longer than this is refused before it is decoded."""


def read_flac(path: Path, rate_hz: int = SAMPLE_RATE_HZ) -> Samples:
    """All samples of a mono file of `rate_hz` that libsndfile reads, int16 ``[n]``.

    Raises
    ------
    ToolMissing: the package ``soundfile`` cannot be imported.
    StimulusError: the file is missing, damaged, or not mono at this rate.
    """
    try:
        import soundfile
    except (ImportError, OSError) as error:
        raise ToolMissing(
            f"reading FLAC needs the package soundfile ({error})",
            fix="Install it: pip install soundfile (and libsndfile1 where the wheel lacks it).",
        ) from error
    try:
        with soundfile.SoundFile(str(path)) as file:
            _check_format(path, file.channels, file.samplerate, file.frames, rate_hz)
            samples: Samples = file.read(dtype="int16")
    except (soundfile.SoundFileError, RuntimeError, OSError) as error:
        raise StimulusError(
            f"cannot be read as audio ({error})", where=str(path), fix="Fetch the file again."
        ) from error
    return samples


def read_wav(file: BinaryIO, name: str, rate_hz: int = SAMPLE_RATE_HZ) -> Samples:
    """Samples of a mono 16-bit WAV file of `rate_hz`, int16 ``[n]``; `name` is for messages."""
    try:
        with wave.open(file) as wav:
            _check_format(
                Path(name), wav.getnchannels(), wav.getframerate(), wav.getnframes(), rate_hz
            )
            if wav.getsampwidth() != 2:
                raise StimulusError("is not 16-bit audio", where=name)
            data = wav.readframes(wav.getnframes())
    except (wave.Error, EOFError) as error:
        raise StimulusError(f"cannot be read as WAV ({error})", where=name) from error
    return np.frombuffer(data[: len(data) // 2 * 2], dtype="<i2").astype(np.int16)


def read_sound(path: Path) -> Samples:
    """All samples of a mono file at 16 kHz, int16 ``[n]``: 16-bit WAV, else as libsndfile reads it.

    Raises
    ------
    ToolMissing: it is no WAV file, and the package ``soundfile`` cannot be imported.
    StimulusError: the file is missing or damaged, or has another rate, width or more channels.
    """
    try:
        with path.open("rb") as file:
            if file.read(4) != b"RIFF":
                return read_flac(path)
            file.seek(0)
            return read_wav(file, str(path))
    except OSError as error:
        raise StimulusError(f"cannot be read ({error.strerror})", where=str(path)) from None


def one_second(samples: Samples) -> Samples:
    """Cut or zero-pad at the end to ``[16000]``."""
    clip = np.zeros(CLIP_SAMPLES, np.int16)
    kept = samples[:CLIP_SAMPLES]
    clip[: len(kept)] = kept
    return clip


def _check_format(
    path: Path, channels: int, rate_hz: int, frames: int, wanted_hz: int = SAMPLE_RATE_HZ
) -> None:
    if channels != 1 or rate_hz != wanted_hz:
        raise StimulusError(
            f"has {channels} channels at {rate_hz} Hz; mono at {wanted_hz} Hz is needed",
            where=str(path),
            fix=f"Convert it: ffmpeg -i FILE -ac 1 -ar {wanted_hz} -c:a pcm_s16le converted.wav",
        )
    if not 0 <= frames <= MAX_SECONDS * wanted_hz:
        raise StimulusError(f"claims {frames} samples", where=str(path), fix="It is damaged.")
