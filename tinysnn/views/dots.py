"""A convolution of input values as products of windows with kernels (SPEC.md 1.6).

Where most inputs have a value in every tick, going to each window once takes less than going from
each event to the windows that see it. The tick's values are laid out as a map of 16-bit numbers;
the window of each place is copied out of it, two values per word, and multiplied with the kernels
of all channels by instructions that do two products at once. The sums are the same numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinysnn.pack import PackedLayer
from tinysnn.source_map import SourceMap
from tinysnn.views.axis import spread
from tinysnn.views.kernels import family_of
from tinysnn.views.row_options import DotsForm
from tinysnn.views.table import TableView

QUAD = 8
"""Values, and weights, that the assembly loads with one instruction each."""
UNROLLED = 8
"""Most of these runs for which it has no loop."""
MOST_QUADS = 255
"""A window's bytes fit the instruction that goes back to its beginning."""
MOST_SHIFT = 15
COPIED_AT_ONCE = 8
"""Entries of a run that are copied without a loop."""
EVENT_COST, SUM_COST = 34, 6
"""Instructions for each event, and each sum it adds to, going by events in C."""


@dataclass(frozen=True)
class DotsKernel:
    """The assembly that multiplies one window with the kernels of all channels."""

    template: str
    symbol: str
    quads: int
    frac_bits: int
    loop: bool
    """Too long to be unrolled."""

    @property
    def right(self) -> int:
        """Places by which sums are shifted to the right."""
        return max(-self.frac_bits, 0)

    @property
    def rounding(self) -> int:
        """Half of what a shift to the right leaves off."""
        return 1 << (self.right - 1) if self.right else 0


@dataclass(frozen=True)
class DotsView:
    """What ops/dots.c.jinja needs."""

    kernel: DotsKernel
    table: TableView
    places: TableView | None
    """Where each unit's value goes, if the map has padding; else it goes where it lies."""
    unit: str
    guard: str
    """C condition of units that are not in the map; empty: all are."""
    words: bool
    """Everything is even, so that words are copied; else half words."""
    input_words: int
    """Of the map of values; the window comes behind it."""
    window_words: int
    rows: int
    columns: int
    row_step: int
    column_step: int
    """From one window to the next, in entries."""
    outer: int
    outer_step: int
    inner: int
    inner_step: int
    run: int
    """A window is `outer` times `inner` runs of so many entries."""
    n_pairs: int


@dataclass(frozen=True)
class _Geometry:
    """How a padded map of values lies in memory, in values."""

    size: int
    steps: tuple[int, int, int]
    """Of channel, row, column."""
    outer: tuple[int, int]
    """Number and step of the outer loop over a window's runs."""
    inner: tuple[int, int]
    run: int


def _geometry(source: SourceMap) -> _Geometry:
    channels, height, width = source.shape
    tall, wide = height + sum(source.padding[0]), width + sum(source.padding[1])
    down, right = source.kernel
    if source.channels_last:
        steps = (1, wide * channels, channels)
        outer, inner, run = (down, source.dilation[0] * steps[1]), (1, 0), right * channels
    else:
        steps = (tall * wide, wide, 1)
        outer, inner = (channels, steps[0]), (down, source.dilation[0] * wide)
        run = right
    return _Geometry(channels * tall * wide, steps, outer, inner, run)


def choose_dots(
    layer: PackedLayer, core: str, form: DotsForm, *, graded_input: bool
) -> DotsKernel | None:
    """The assembly for a layer with kernels whose input has values; None: it goes by events."""
    spec, found = layer.spec, layer.spec.sources[0].map
    if family_of(core) != "dsp" or form == "never" or len(spec.sources) > 1 or found is None:
        return None
    source = spec.sources[0]
    plain = found.groups == 1 and found.pool is None and found.dilation[1] == 1
    if source.layer is not None or source.delay_ticks or not graded_input or not plain:
        return None
    taps = found.shape[0] * found.kernel[0] * found.kernel[1]
    quads = -(-taps // QUAD)
    if found.out_channels % 2 or quads > MOST_QUADS or abs(spec.frac_bits) > MOST_SHIFT:
        return None
    if form == "auto" and not _pays(layer, found, quads):
        return None
    f = spec.frac_bits
    symbol = f"tsnn_dots{quads}_{'m' if f < 0 else 's'}{abs(f)}_dsp"
    return DotsKernel("ops/dots_dsp.S.jinja", symbol, quads, f, quads > UNROLLED)


def dots_cost(found: SourceMap, quads: int, events: float) -> float:
    """Instructions of all windows of a tick, roughly."""
    _, tall, wide = found.out_shape
    each = 11 * quads + 8
    return tall * wide * (found.out_channels // 2 * each + 8 * quads + 30) + 7 * events


def _pays(layer: PackedLayer, found: SourceMap, quads: int) -> bool:
    """Whether windows take fewer instructions, with the events of the calibration data."""
    report = layer.spec.report
    events = found.n / 2 if report.events_per_tick is None else report.events_per_tick
    by_events = events * (EVENT_COST + SUM_COST * spread(found))
    return dots_cost(found, quads, events) < by_events


def view_dots(layer: PackedLayer, prefix: str, kernel: DotsKernel) -> DotsView:
    """The view of a layer for the C around its assembly, with its table."""
    source = layer.spec.sources[0]
    found = source.map
    assert found is not None  # choose_dots sees to it
    geometry = _geometry(found)
    _, tall, wide = found.out_shape
    row_step = found.stride[0] * geometry.steps[1]
    column_step = found.stride[1] * geometry.steps[2]
    steps = (row_step, column_step, geometry.outer[1], geometry.inner[1], geometry.run)
    words = all(step % 2 == 0 for step in steps)
    unit = 2 if words else 1
    weights = _weights(layer.kernels[0], found, kernel.quads)
    doc = f"weights of 16 bits, two channels after the other by {QUAD} places of a window"
    return DotsView(
        kernel=kernel,
        table=TableView("uint32_t", f"{prefix}_kernel", tuple(weights.tolist()), doc, "hex"),
        places=_places(found, geometry, f"{prefix}_places"),
        unit=f"(uint32_t)events[e] - {found.first}u" if found.first else "events[e]",
        guard=f"unit >= {found.n}u" if found.n < source.n else "",
        words=words,
        input_words=-(-geometry.size // QUAD) * QUAD // 2,
        window_words=kernel.quads * QUAD // 2,
        rows=tall,
        columns=wide,
        row_step=row_step // unit,
        column_step=column_step // unit,
        outer=geometry.outer[0],
        outer_step=geometry.outer[1] // unit,
        inner=geometry.inner[0],
        inner_step=geometry.inner[1] // unit,
        run=geometry.run // unit,
        n_pairs=found.out_channels // 2,
    )


def _weights(
    kernel: npt.NDArray[np.int8], found: SourceMap, quads: int
) -> npt.NDArray[np.uint32]:
    """Kernels [C, down, right, O] as words of two weights, in the order the assembly reads them."""
    order = (3, 1, 2, 0) if found.channels_last else (3, 0, 1, 2)
    flat = kernel.transpose(order).reshape(found.out_channels, -1).astype("<i2")
    padded = np.zeros((found.out_channels, quads * QUAD), "<i2")
    padded[:, : flat.shape[1]] = flat
    pairs = padded.reshape(found.out_channels // 2, 2, quads, QUAD).transpose(0, 2, 1, 3)
    return np.ascontiguousarray(pairs).ravel().view("<u4").astype(np.uint32)


def _places(found: SourceMap, geometry: _Geometry, symbol: str) -> TableView | None:
    """Where the value of each unit goes in a map with padding."""
    if not any(sum(pads) for pads in found.padding):
        return None
    c, y, x = np.indices(found.shape)
    at = (c, y + found.padding[0][0], x + found.padding[1][0])
    where = sum(step * place for step, place in zip(geometry.steps, at, strict=True))
    order = np.asarray(where)
    if found.channels_last:
        order = order.transpose(1, 2, 0)
    doc = "entry of the padded map of values, by unit"
    return TableView("uint16_t", symbol, tuple(order.ravel().tolist()), doc)
