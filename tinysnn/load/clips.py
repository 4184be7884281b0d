"""Checks arrays of input events and cuts them into clips, whatever file they come from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tinysnn.errors import StimulusError
from tinysnn.stimulus import Stimulus

MAX_VALUES = 1 << 28


@dataclass(frozen=True)
class Wanted:
    """What the network takes, and where the data come from."""

    where: str
    """The file, for messages."""
    n_in: int
    graded: bool
    key: str | None
    dt_s: float | None
    shape: tuple[int, ...] | None = None
    """Shape of the network's input; None: one axis."""

    def refuse(self, what: str, fix: str) -> StimulusError:
        """An error about this file."""
        return StimulusError(what, where=self.where, fix=fix)


@dataclass(frozen=True)
class Events:
    """Events of several clips; all arrays [E]."""

    clip: npt.NDArray[np.int64]
    tick: npt.NDArray[np.int64]
    index: npt.NDArray[np.int64]
    value: npt.NDArray[np.int64]
    n_ticks: tuple[int, ...]
    """Per clip."""


def clips_from_raster(raster: npt.NDArray[Any], wanted: Wanted) -> list[npt.NDArray[np.int8]]:
    """Rasters [T, N] of a checked array [T, N] or [B, T, N] of whole numbers."""
    if raster.ndim not in (2, 3) or 0 in raster.shape:
        raise wanted.refuse(
            f"raster of shape {list(raster.shape)}",
            f"Give [T, {wanted.n_in}] or [B, T, {wanted.n_in}], none of them 0.",
        )
    _check_width(int(raster.shape[-1]), wanted)
    _check_size(raster.size, wanted)
    values = check_values(raster, wanted)
    return list(values[None] if values.ndim == 2 else values)


def clips_from_events(events: Events, wanted: Wanted) -> list[npt.NDArray[np.int8]]:
    """Rasters [T, N] out of events, at most one per clip, tick and input."""
    if not events.n_ticks or min(events.n_ticks) < 1:
        raise wanted.refuse("a clip without ticks", "Give n_ticks of at least 1 per clip.")
    _check_size(sum(events.n_ticks) * wanted.n_in, wanted)
    lengths = np.asarray(events.n_ticks, dtype=np.int64)
    _check_range("clip", events.clip, np.int64(lengths.size), wanted)
    _check_range("tick", events.tick, lengths[events.clip], wanted)
    _check_range("index", events.index, np.int64(wanted.n_in), wanted)
    values = check_values(events.value, wanted)
    starts = np.concatenate([[0], np.cumsum(lengths)])
    places = (starts[events.clip] + events.tick) * wanted.n_in + events.index
    repeated = places.size - np.unique(places).size
    if repeated:
        raise wanted.refuse(
            f"{repeated} events share clip, tick and input with another one",
            "An input has one event per tick: use shorter ticks, or add the events up.",
        )
    flat = np.zeros(int(starts[-1]) * wanted.n_in, dtype=np.int8)
    flat[places] = values
    return np.split(flat.reshape(-1, wanted.n_in), starts[1:-1])


def check_values(values: npt.NDArray[Any], wanted: Wanted) -> npt.NDArray[np.int8]:
    """The values as int8; refused unless whole and in the range the network takes."""
    if values.dtype.kind not in "biuf":
        raise wanted.refuse(f"values of type {values.dtype}", "Give whole numbers.")
    with np.errstate(invalid="ignore"):
        whole = values.dtype.kind != "f" or bool((values == np.floor(values)).all())
    if not whole:
        raise wanted.refuse("values that are not whole numbers", "Quantise them to int8 first.")
    low, high = (-128, 127) if wanted.graded else (0, 1)
    least, most = (values.min(), values.max()) if values.size else (0, 0)
    if least < low or most > high:
        kind = "takes int8 values" if wanted.graded else "takes spikes, 0 or 1"
        raise wanted.refuse(
            f"values from {least} to {most}, but the network {kind}",
            "Scale the values, or pack the network with an input scale for graded input."
            if not wanted.graded
            else "Scale the values into -128..127.",
        )
    return values.astype(np.int8)


def stimuli(
    clips: Sequence[npt.NDArray[np.int8]],
    stem: str,
    wanted: Wanted,
    *,
    names: npt.NDArray[Any] | None = None,
    labels: npt.NDArray[Any] | None = None,
) -> list[Stimulus]:
    """Clips with names (``stem``, or ``stem[k]`` if there are several) and labels, if given."""
    for what, given in (("names", names), ("labels", labels)):
        if given is not None and given.shape != (len(clips),):
            raise wanted.refuse(
                f"{what} of shape {list(given.shape)} for {len(clips)} clips",
                f"Give one of {what} per clip.",
            )
    if labels is not None and labels.dtype.kind not in "biu":
        raise wanted.refuse(f"labels of type {labels.dtype}", "Give whole numbers.")
    if names is None:
        texts = [stem] if len(clips) == 1 else [f"{stem}[{k}]" for k in range(len(clips))]
    else:
        texts = [str(name) for name in names]
    return [
        Stimulus(clip, text, None if labels is None else int(labels[k]))
        for k, (clip, text) in enumerate(zip(clips, texts, strict=True))
    ]


def _check_width(width: int, wanted: Wanted) -> None:
    if width != wanted.n_in:
        raise wanted.refuse(
            f"{width} inputs wide, but the network has {wanted.n_in} inputs",
            "Give the input this network was trained on.",
        )


def _check_size(size: int, wanted: Wanted) -> None:
    if size > MAX_VALUES:
        raise wanted.refuse(
            f"{size} values (ticks times inputs)", f"At most {MAX_VALUES} fit: give fewer clips."
        )


def _check_range(
    what: str,
    values: npt.NDArray[np.int64],
    limit: npt.NDArray[np.int64] | np.int64,
    wanted: Wanted,
) -> None:
    bad = (values < 0) | (values >= limit)
    if bad.any():
        first = int(np.argmax(bad))
        top = int(np.broadcast_to(limit, values.shape)[first])
        raise wanted.refuse(
            f"event {first} has {what} {int(values[first])}, allowed is 0 to {top - 1}",
            "Correct the events, or use the network they were made for.",
        )
