"""What rows cost, in instructions: the one place of the numbers that their form is chosen by.

Straight lines through what `benchmarks/sparse.py` measures for a layer of 128 x 128 weights at 10
and 50 % activity (gcc -O2). They part what is faster from what is slower, and need not be exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import floor

from tinysnn.pack import PackedLayer
from tinysnn.views.kernels import Family, family_of
from tinysnn.views.rows import RowsView


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


DENSE: dict[Family | None, dict[int, DenseCost]] = {
    "dsp": {8: DenseCost(0.875, 0.35), 4: DenseCost(0.725, 2.11), 2: DenseCost(0.398, -0.12)},
    "v6m": {8: DenseCost(1.469, -0.37), 4: DenseCost(1.156, 3.21), 2: DenseCost(0.626, -1.72)},
    None: {8: DenseCost(1.500, -0.59), 4: DenseCost(0.921, 1.18), 2: DenseCost(0.881, 0.31)},
}
ONE_BIT: dict[Family | None, DenseCost] = {
    "dsp": DenseCost(0.25, 0.0),
    "v6m": DenseCost(0.40, 0.0),
    None: DenseCost(0.60, 0.0),
}
"""Weights of one bit, which are never sparse."""
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
    family, spec, events = family_of(core), layer.spec, events_of(layer)
    dense, sparse = DENSE[family][spec.bits], SPARSE[family]
    each = sparse.row * windows + sparse.word * words / spec.n_rows
    return events * each + dense.ahead * layer.n, events * dense.event * layer.n


@dataclass(frozen=True)
class SilentCost:
    """A tick in which the silent rows are added and subtracted."""

    unit: float
    """Instructions of making their list, by rows of the layer."""
    silent: float
    """More for each silent row."""
    neuron: float
    """Subtracting, by neurons."""


SILENT: dict[Family | None, SilentCost] = {
    "dsp": SilentCost(1.0, 9.0, 3.0),
    "v6m": SilentCost(1.0, 13.0, 3.5),
    None: SilentCost(1.0, 9.0, 4.0),
}


def threshold(layer: PackedLayer, core: str, rows: RowsView) -> int:
    """Events beyond which it is faster to add the silent rows of a layer and subtract."""
    family, spec = family_of(core), layer.spec
    silent = SILENT[family]
    event = DENSE[family].get(spec.bits, ONE_BIT[family]).event * layer.n
    if rows.windows:
        words = sum(-(-int(count) // 2) for count in (layer.rows != 0).sum(axis=1))
        event = SPARSE[family].row * len(rows.windows) + SPARSE[family].word * words / spec.n_rows
    fixed = silent.unit * spec.n_rows + silent.neuron * layer.n
    even = (fixed + spec.n_rows * (event + silent.silent)) / (2 * event + silent.silent)
    return min(floor(even), spec.n_rows)
