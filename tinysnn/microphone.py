"""Sound from a microphone of this machine, by the package sounddevice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import numpy as np
import numpy.typing as npt

from tinysnn.encode.log_mel import HOP, SAMPLE_RATE_HZ
from tinysnn.errors import DeviceError, ToolMissing

CHUNK = 5 * HOP
"""Samples that are read at once: 100 ms."""


def microphone(
    device: str | None = None,
    seconds: float | None = None,
    lost: Callable[[], None] = lambda: None,
) -> Iterator[npt.NDArray[np.int16]]:
    """Chunks of sound, int16 ``[n]`` at 16 kHz, until `seconds` are over (None: for ever).

    Parameters
    ----------
    device: number, or part of the name, of an input device; None: the system's.
    lost: called when samples were lost because nobody took them in time.

    Raises
    ------
    ToolMissing: sounddevice, or PortAudio which it needs, is not installed.
    DeviceError: there is no such microphone, or it cannot be opened or is gone.

    """
    sounddevice = _sounddevice()
    chosen: str | int | None = int(device) if device is not None and device.isdigit() else device
    left = None if seconds is None else round(seconds * SAMPLE_RATE_HZ)
    try:
        with sounddevice.RawInputStream(
            samplerate=SAMPLE_RATE_HZ, channels=1, dtype="int16", device=chosen
        ) as stream:
            while left is None or left > 0:
                data, overflowed = stream.read(CHUNK if left is None else min(CHUNK, left))
                if overflowed:
                    lost()
                chunk = np.frombuffer(bytes(data), np.int16)
                left = None if left is None else left - chunk.size
                yield chunk
    except (sounddevice.PortAudioError, ValueError) as error:
        raise DeviceError(
            f"the microphone cannot be used ({error})",
            where=device or "the system's microphone",
            fix="Look at `python -m sounddevice` for what there is, and name one with --device; or "
            "listen to a file with --wav.",
        ) from None


def _sounddevice() -> Any:
    try:
        return import_module("sounddevice")
    except (ImportError, OSError) as error:
        raise ToolMissing(
            f"listening to a microphone needs the package sounddevice ({error})",
            fix="pip install 'tinysnn[microphone]'; Debian, Ubuntu: apt install libportaudio2. Or "
            "listen to a file with --wav.",
        ) from None
