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
from tinysnn.views.family import family_of
from tinysnn.views.row_options import DotsForm
from tinysnn.views.table import TableView

QUAD = 8
"""Values, and weights, that the assembly loads with one instruction each."""
UNROLLED = 8
"""Most of these runs for which it has no loop."""
MOST_QUADS = 255
"""A window's bytes fit the instruction that goes back to its beginning."""
MOST_SHIFT = 15
MOST_VALUES = 4096
"""Of a map with its padding: it takes two bytes of RAM for each."""
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
    """Where each unit's value goes, if not where it lies."""
    unit: str
    guard: str
    """C condition of units that are not in the map; empty: all are."""
    copied: bool
    """Windows are not in one piece, or begin in the middle of a word: they are copied."""
    input_words: int
    """Of the map of values; a copied window comes behind it."""
    window_words: int
    rows: int
    columns: int
    row_step: int
    column_step: int
    """From one window to the next, in words, or values if windows are copied."""
    runs: int
    run: int
    run_step: int
    """A copied window is so many runs of values, so far apart."""
    n_pairs: int


def choose_dots(
    layer: PackedLayer, core: str, form: DotsForm, *, graded_input: bool
) -> DotsKernel | None:
    """The assembly for a layer with kernels whose input has values; None: it goes by events."""
    spec, found = layer.spec, layer.spec.sources[0].map
    if family_of(core) != "dsp" or form == "never" or len(spec.sources) > 1 or found is None:
        return None
    source, quads = spec.sources[0], _quads(found)
    plain = found.groups == 1 and found.pool is None and found.dilation[1] == 1
    now = source.layer is None and not source.delay_ticks and layer.delays is None
    if not (graded_input and now and plain) or found.out_channels % 4:
        return None
    if quads > MOST_QUADS or abs(spec.frac_bits) > MOST_SHIFT or _padded(found) > MOST_VALUES:
        return None
    if form == "auto":
        windows, by_events = compare_dots(layer)
        if windows >= by_events:
            return None
    f = spec.frac_bits
    symbol = f"tsnn_dots{quads}_{'m' if f < 0 else 's'}{abs(f)}_dsp"
    return DotsKernel("ops/dots_dsp.S.jinja", symbol, quads, f, quads > UNROLLED)


def compare_dots(layer: PackedLayer) -> tuple[float, float]:
    """Instructions of a tick, roughly: by windows, by events of the calibration data."""
    found = layer.spec.sources[0].map
    assert found is not None  # choose_dots sees to it
    report = layer.spec.report
    events = found.n / 2 if report.events_per_tick is None else report.events_per_tick
    _, tall, wide = found.out_shape
    place = found.out_channels // 2 * (11 * _quads(found) + 5) + 20
    windows = tall * wide * place + found.n + 7 * events
    return windows, events * (EVENT_COST + SUM_COST * spread(found))


def _padded(found: SourceMap) -> int:
    """Values of the map with its padding."""
    channels, height, width = found.shape
    return channels * (height + sum(found.padding[0])) * (width + sum(found.padding[1]))


def _quads(found: SourceMap) -> int:
    """Runs of 8 values in a window."""
    return -(-found.shape[0] * found.kernel[0] * found.kernel[1] // QUAD)


def view_dots(layer: PackedLayer, prefix: str, kernel: DotsKernel) -> DotsView:
    """The view of a layer for the C around its assembly, with its tables.

    In the map of values channels come last, so that a row of a window is one run of values.
    """
    source = layer.spec.sources[0]
    found = source.map
    assert found is not None  # choose_dots sees to it
    channels, height, width = found.shape
    line = (width + sum(found.padding[1])) * channels
    size = (height + sum(found.padding[0])) * line
    row_step, column_step = found.stride[0] * line, found.stride[1] * channels
    copied = found.kernel[0] > 1 or row_step % 2 > 0 or column_step % 2 > 0
    unit = 1 if copied else 2
    taken = size if copied else max(size, _reach(found, kernel, row_step, column_step))
    _, tall, wide = found.out_shape
    weights = _weights(layer.kernels[0], found, kernel.quads)
    doc = f"weights of 16 bits, two channels after the other by {QUAD} places of a window"
    return DotsView(
        kernel=kernel,
        table=TableView("uint32_t", f"{prefix}_kernel", tuple(weights.tolist()), doc, "hex"),
        places=_places(found, line, f"{prefix}_places"),
        unit=f"(uint32_t)events[e] - {found.first}u" if found.first else "events[e]",
        guard=f"unit >= {found.n}u" if found.n < source.n else "",
        copied=copied,
        input_words=-(-taken // QUAD) * QUAD // 2,
        window_words=kernel.quads * QUAD // 2 if copied else 0,
        rows=tall,
        columns=wide,
        row_step=row_step // unit,
        column_step=column_step // unit,
        runs=found.kernel[0],
        run=found.kernel[1] * channels,
        run_step=found.dilation[0] * line,
        n_pairs=found.out_channels // 2,
    )


def _reach(found: SourceMap, kernel: DotsKernel, row_step: int, column_step: int) -> int:
    """Values up to the end of the last window, with what the assembly reads beyond it."""
    _, tall, wide = found.out_shape
    return (tall - 1) * row_step + (wide - 1) * column_step + kernel.quads * QUAD


def _weights(kernel: npt.NDArray[np.int8], found: SourceMap, quads: int) -> npt.NDArray[np.uint32]:
    """Kernels [C, down, right, O] as words of two weights, in the order the assembly reads them.

    It goes forward over a window for the even pairs of channels, and back for the odd ones.
    """
    flat = kernel.transpose(3, 1, 2, 0).reshape(found.out_channels, -1).astype("<i2")
    padded = np.zeros((found.out_channels, quads * QUAD), "<i2")
    padded[:, : flat.shape[1]] = flat
    pairs = padded.reshape(found.out_channels // 2, 2, quads, QUAD).transpose(0, 2, 1, 3)
    turned = np.array(pairs)
    turned[1::2] = pairs[1::2, ::-1]
    return turned.ravel().view("<u4").astype(np.uint32)


def _places(found: SourceMap, line: int, symbol: str) -> TableView | None:
    """Where the value of each unit goes in the map of values; None: where it lies."""
    channels = found.shape[0]
    c, y, x = np.indices(found.shape)
    where = (y + found.padding[0][0]) * line + (x + found.padding[1][0]) * channels + c
    order = np.asarray(where.transpose(1, 2, 0) if found.channels_last else where).ravel()
    if np.array_equal(order, np.arange(order.size)):
        return None
    doc = "place of each unit in the map of values"
    return TableView("uint16_t", symbol, tuple(order.tolist()), doc)
