"""The same few events in every format that is read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

Events = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
"""x, y, p, t."""


def some_events(n: int = 200, seed: int = 1, *, last_us: int = 30_000) -> Events:
    """n events of a 34 x 34 sensor with two polarities, in the order of time."""
    rng = np.random.default_rng(seed)
    x, y = rng.integers(0, 34, (2, n))
    return x, y, rng.integers(0, 2, n), np.sort(rng.integers(0, last_us, n))


def npy(path: Path, events: Events) -> Path:
    """As Tonic has it, with the fields in another order."""
    x, y, p, t = events
    table = np.zeros(x.size, [("t", "<i8"), ("p", "?"), ("x", "<i2"), ("y", ">u2")])
    table["x"], table["y"], table["p"], table["t"] = x, y, p, t
    np.save(path, table)
    return path


def npz_table(path: Path, events: Events) -> Path:
    npy(path.with_suffix(".npy"), events)
    np.savez(path, events=np.load(path.with_suffix(".npy")))
    path.with_suffix(".npy").unlink()
    return path


def npz_columns(path: Path, events: Events) -> Path:
    x, y, p, t = events
    np.savez_compressed(path, x=x, y=y, polarity=2 * p - 1, timestamp=t)
    return path


def npz_addresses(path: Path, events: Events) -> Path:
    """Two clips, times as differences; needs the option ``address=x=34,y=34,p=2``."""
    x, y, p, t = events
    half = x.size // 2
    steps = np.concatenate([np.diff(t[:half], prepend=0), np.diff(t[half:], prepend=0)])
    offset = np.array([0, half, x.size])
    np.savez(path, addr=x + 34 * y + 1156 * p, dt_us=steps, offset=offset, label=np.array([7, 3]))
    return path


def csv(path: Path, events: Events, *, head: str = "t,x,y,p\n", mark: str = ",") -> Path:
    x, y, p, t = events
    lines = [mark.join(map(str, row)) for row in zip(t, x, y, p, strict=True)]
    path.write_text(head + "\n".join(lines) + "\n")
    return path


def nmnist(path: Path, events: Events) -> Path:
    """Five bytes an event, straight from the format's description; times below 2^23."""
    data = bytearray()
    for x, y, p, t in zip(*(part.tolist() for part in events), strict=True):
        data += bytes([x, y, p << 7 | t >> 16, t >> 8 & 255, t & 255])
    path.write_bytes(bytes(data))
    return path


WRITERS: dict[str, Callable[[Path, Events], Path]] = {
    "a.npy": npy, "a.npz": npz_table, "b.npz": npz_columns, "a.csv": csv, "a.bin": nmnist,
}  # fmt: skip
"""Formats of one clip that need no option, by a file name."""
