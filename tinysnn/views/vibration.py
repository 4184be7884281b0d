"""What the templates of the vibration front end see: its constants and tables."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tinysnn.encode import log_mel
from tinysnn.encode.vibration import mean_factor
from tinysnn.front_end import Rotation, Vibration
from tinysnn.views.codes import CODE_WORDS, HELD_WORDS
from tinysnn.views.table import TableView, smallest_type


@dataclass(frozen=True)
class FiltersView:
    """A const table of band filters."""

    symbol: str
    doc: str
    entries: tuple[tuple[int, int, int, int], ...]
    """Factors of the real and of the imaginary part, shifts up and down."""


@dataclass(frozen=True)
class VibrationView:
    """The front end of one model."""

    prefix: str
    words: str
    code_words: str
    held_words: str
    tables: tuple[TableView, ...]
    filters: tuple[FiltersView, ...]
    code: str
    code_template: str
    source: str
    relative: bool
    graded: bool
    shaped: bool
    axes: int
    samples: int
    hop: int
    dc_shift: int
    dc_unit: int
    carriers: int
    decimate: int
    steps: int
    envelope_dc_shift: int
    envelope_dc_unit: int
    bands: int
    group: int
    signals: int
    channels: int
    inputs: int
    floor: int
    mean_factor: int
    step_bits: int
    step: int
    half_step: int
    frame_ticks: int
    thresholds: int
    template: str = "encode/vibration.c.jinja"
    rotates: bool = True
    header_template: str = "encode/vibration.h.jinja"


def view_vibration(prefix: str, ear: Vibration, *, graded: bool) -> VibrationView:
    """View of the front end whose C names begin with `prefix`; `graded`: events have values."""
    group = ear.channels if ear.relative == "all" else max(1, len(ear.bands))
    step = 1 << ear.step_bits
    envelope_dc_shift = ear.envelope_dc_shift if ear.source == "envelope" else 0
    return VibrationView(
        prefix=prefix,
        words=_words(ear),
        code_words=CODE_WORDS[ear.code],
        held_words=HELD_WORDS.get(ear.code, ""),
        tables=_tables(prefix, ear),
        filters=_filters(prefix, ear),
        code=ear.code,
        code_template=f"encode/codes/{ear.code}.c.jinja",
        source=ear.source,
        relative=ear.relative != "none",
        graded=graded,
        shaped=any(ear.shape),
        axes=ear.axes,
        samples=ear.samples_per_tick,
        hop=ear.hop,
        dc_shift=ear.dc_shift,
        dc_unit=1 << ear.dc_shift,
        carriers=len(ear.carriers),
        decimate=ear.decimate,
        steps=ear.hop // ear.decimate,
        envelope_dc_shift=envelope_dc_shift,
        envelope_dc_unit=1 << envelope_dc_shift,
        bands=len(ear.bands),
        group=group,
        signals=ear.signals,
        channels=ear.channels,
        inputs=ear.n_in,
        floor=ear.floor,
        mean_factor=mean_factor(group),
        step_bits=ear.step_bits,
        step=step,
        half_step=step >> 1,
        frame_ticks=ear.frame_ticks,
        thresholds=ear.thresholds,
    )


def _words(ear: Vibration) -> str:
    what = {
        "raw": "level crossings",
        "bands": f"{len(ear.bands)} bands",
        "envelope": f"{len(ear.bands)} bands of the envelopes of {len(ear.carriers)} carriers",
    }[ear.source]
    return f"{what}, axes: {ear.axes}, samples of each in a tick: {ear.hop}"


def _tables(prefix: str, ear: Vibration) -> tuple[TableView, ...]:
    if ear.source == "raw":
        return ()
    named = [("log", log_mel.log_table(), "256 log2(1 + (k + 1/2) / 256), [256]")]
    if any(ear.shape):
        shape = np.array(ear.shape, np.int64)
        named.append(("shape", shape, f"taken off each level, 1/256 octave, [{shape.size}]"))
    return tuple(
        TableView(smallest_type(values), f"{prefix}_{name}", tuple(values.tolist()), doc)
        for name, values, doc in named
    )


def _filters(prefix: str, ear: Vibration) -> tuple[FiltersView, ...]:
    named = (
        ("carriers", ear.carriers, "bands whose envelope is taken"),
        ("filters", ear.bands, "bands that have levels"),
    )
    return tuple(
        FiltersView(f"{prefix}_{name}", doc, tuple(map(_entry, filters)))
        for name, filters, doc in named
        if filters
    )


def _entry(band: Rotation) -> tuple[int, int, int, int]:
    return _pair(band.cos, -band.sin), _pair(band.sin, band.cos), band.up, band.down


def _pair(low: int, high: int) -> int:
    return (low & 0xFFFF) | ((high & 0xFFFF) << 16)
