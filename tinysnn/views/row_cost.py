"""What rows cost, in instructions, to choose their form.

Rows in assembly: as the cost model says (`tinysnn.cost.rows`). Compiled C: straight lines through
what `benchmarks/sparse.py` measures for a layer of 128 x 128 weights at 10 and 50 % activity (gcc
-O2). They part what is faster from what is slower, and need not be exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import floor

from tinysnn.cost.rows import event_cost, measured, predict_rows, predict_sparse
from tinysnn.pack import PackedLayer
from tinysnn.views.family import Family, family_of
from tinysnn.views.kernels import choose


@dataclass(frozen=True)
class DenseCost:
    """Rows with all their weights."""

    event: float
    """Instructions of an event, by neurons."""
    ahead: float
    """What a tick with sparse rows costs more before the first event, by neurons."""


@dataclass(frozen=True)
class SparseCost:
    """Rows without the weights that are 0."""

    row: float
    """Instructions of an event in each window."""
    word: float
    """Instructions of each of its words of two weights."""


DENSE = {
    8: DenseCost(1.500, -0.59),
    4: DenseCost(0.921, 1.18),
    2: DenseCost(0.881, 0.31),
    1: DenseCost(0.502, 0.0),
}
"""Compiled C, by weight bits; weights of one bit are never 0, and so never sparse."""
SPARSE: dict[Family | None, SparseCost] = {
    "dsp": SparseCost(12.2, 9.5),
    "v6m": SparseCost(17.8, 12.0),
    None: SparseCost(10.9, 12.0),
}
UNMEASURED = ("cortex-m55",)
"""Cores whose dense kernels these numbers do not tell of: nothing is chosen for them by cost."""
TYPICAL_ACTIVITY = 0.1
"""Part of the rows that are active in a tick, where no calibration data told."""


def events_of(layer: PackedLayer) -> float:
    """Events of a tick that is not silent: as seen on the calibration data, else a guess."""
    report = layer.spec.report
    if not report.events_per_tick:
        return TYPICAL_ACTIVITY * layer.spec.n_rows
    return report.events_per_tick / max(1.0 - (report.quiet_ticks or 0.0), 1e-6)


def sparse_is_faster(layer: PackedLayer, core: str, *, words: int, windows: int) -> bool:
    """Whether sparse rows, of so many words in all, take fewer instructions than dense ones."""
    if core in UNMEASURED:
        return False
    sparse, dense = compare_sparse(layer, core, words=words, windows=windows)
    return sparse < dense


def compare_sparse(
    layer: PackedLayer, core: str, *, words: int, windows: int
) -> tuple[float, float]:
    """Instructions of a tick with sparse rows, of so many words in all, and with dense ones."""
    family, spec = family_of(core), layer.spec
    events, kernel = min(events_of(layer), spec.n_rows), choose(layer, core, "", graded=False)[0]
    each = words / spec.n_rows
    if family is not None and kernel is not None and measured(kernel.symbol, sparse=True):
        shifted, n = kernel.shift > 0, layer.n
        sparse = predict_sparse(
            n, family, events, words_per_row=each, windows=windows, shifted=shifted
        )
        return sparse, predict_rows(n, kernel.symbol, events, n_rows=spec.n_rows)
    line = DENSE[spec.bits]
    sparse = events * (SPARSE[family].row * windows + SPARSE[family].word * each)
    return sparse + line.ahead * layer.n, events * line.event * layer.n


@dataclass(frozen=True)
class SilentCost:
    """A tick in which the silent rows are added and subtracted, beside adding them.

    Listing the silent rows of a source costs `unit` for each of its units and `silent` for each
    that is silent.
    """

    input_unit: float
    input_silent: float
    spikes_unit: float
    spikes_silent: float
    neuron: float
    """Subtracting, by neurons."""


SILENT: dict[Family | None, SilentCost] = {
    "dsp": SilentCost(6.2, 0.0, 0.3, 9.5, 4.3),
    "v6m": SilentCost(7.2, 2.0, 0.5, 17.5, 2.4),
    None: SilentCost(6.3, 0.5, 0.5, 10.3, 5.3),
}
"""From `benchmarks/dense.py`, layers of 128 onto 128 and 32 neurons with 80 to 128 rows active."""


def threshold(layer: PackedLayer, core: str, *, windows: int) -> int:
    """Events beyond which adding the silent rows of a layer and subtracting is faster.

    `windows`: those of sparse rows, 0 if rows are dense. The result is at most the number of rows.
    """
    family, n_rows = family_of(core), layer.spec.n_rows
    cost, event = SILENT[family], _event(layer, core, windows=windows)
    units = silent = 0.0
    for source in layer.spec.sources:
        of_input = source.layer is None
        units += source.n * (cost.input_unit if of_input else cost.spikes_unit)
        silent += source.n * (cost.input_silent if of_input else cost.spikes_silent) / n_rows
    even = (units + cost.neuron * layer.n + n_rows * (event + silent)) / (2 * event + silent)
    return min(floor(even), n_rows)


def _event(layer: PackedLayer, core: str, *, windows: int) -> float:
    """Adding one row of a layer, on average."""
    if windows:
        sparse = SPARSE[family_of(core)]
        words = float(((layer.rows != 0).sum(axis=1) + 1).sum() // 2) / layer.spec.n_rows
        return sparse.row * windows + sparse.word * words
    kernel = choose(layer, core, "", graded=False)[0]
    if kernel is not None and measured(kernel.symbol):
        return event_cost(layer.n, kernel.symbol)
    return DENSE[layer.spec.bits].event * layer.n
