"""The codes of front ends: levels, or raw samples, to events (SPEC.md 5.2 step 5).

All take levels int32 ``[..., ticks, channels]`` and give int8 ``[..., ticks, n_in]``.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tinysnn.encode.rotation import Ints
from tinysnn.front_end import LevelCode, Vibration

Events = npt.NDArray[np.int8]
_MOST = 127


def events(found: Ints, how: LevelCode) -> Events:
    """Events of levels in a code."""
    code = {
        "graded": graded,
        "delta": delta,
        "rate": rate,
        "latency": latency,
        "population": population,
    }[how.code]
    return code(found, how)


def graded(found: Ints, how: LevelCode) -> Events:
    """The level itself as the value of an event."""
    half = (1 << how.step_bits) >> 1
    return np.asarray(np.clip((found + half) >> how.step_bits, -128, _MOST), np.int8)


def delta(found: Ints, how: LevelCode) -> Events:
    """Send on delta: inputs 2j and 2j + 1 say by how many steps channel j has risen or fallen."""
    out = np.zeros((*found.shape[:-1], found.shape[-1], 2), np.int8)
    last = found[..., 0, :]
    for tick in range(found.shape[-2]):
        risen, fallen, last = _steps(found[..., tick, :], last, how.step_bits)
        out[..., tick, :, 0] = np.minimum(risen, _MOST)
        out[..., tick, :, 1] = np.minimum(fallen, _MOST)
    return out.reshape(*found.shape[:-1], -1)


def crossings(signal: Ints, ear: Vibration) -> Events:
    """Level crossing of raw samples ``[..., axes, n]``: steps added up over a tick."""
    ticks = signal.shape[-1] // ear.hop
    out = np.zeros((*signal.shape[:-2], ticks, ear.axes, 2), np.int64)
    last = signal[..., 0] if ticks else signal[..., :0]
    for n in range(signal.shape[-1]):
        risen, fallen, last = _steps(signal[..., n], last, ear.step_bits)
        out[..., n // ear.hop, :, 0] += risen
        out[..., n // ear.hop, :, 1] += fallen
    return np.minimum(out, _MOST).astype(np.int8).reshape(*signal.shape[:-2], ticks, -1)


def _steps(now: Ints, last: Ints, bits: int) -> tuple[Ints, Ints, Ints]:
    """Whole steps up and down from what was last said, and what is said now."""
    away = now - last
    risen = np.asarray(np.maximum(away, 0) >> bits, np.int32)
    fallen = np.asarray(np.maximum(-away, 0) >> bits, np.int32)
    return risen, fallen, np.asarray(last + ((risen - fallen) << bits), np.int32)


def rate(found: Ints, how: LevelCode) -> Events:
    """Spikes as often as the level is high: one in every tick from a whole step on."""
    step = 1 << how.step_bits
    whole = np.cumsum(np.clip(found, 0, step), axis=-2, dtype=np.int64) >> how.step_bits
    before = np.zeros_like(whole)
    before[..., 1:, :] = whole[..., :-1, :]
    return (whole - before).astype(np.int8)


def latency(found: Ints, how: LevelCode) -> Events:
    """Time to the first spike: the higher the level at the start of a frame, the earlier."""
    ticks = np.arange(found.shape[-2])
    within = ticks % how.frame_ticks
    start = found[..., ticks - within, :]
    wait = how.frame_ticks - np.clip(start >> how.step_bits, 0, how.frame_ticks)
    return np.asarray(wait == within[:, None], np.int8)


def population(found: Ints, how: LevelCode) -> Events:
    """An input for each threshold that the level has reached, `thresholds` for each channel."""
    reached = np.arange(1, how.thresholds + 1)
    spikes = (found[..., None] >> how.step_bits) >= reached
    return spikes.astype(np.int8).reshape(*found.shape[:-1], -1)
