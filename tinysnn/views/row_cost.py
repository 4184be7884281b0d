"""What rows cost, in instructions: the one place of the numbers that their form is chosen by.

Straight lines through what `benchmarks/sparse.py` measures for a layer of 128 x 128 weights at 10
and 50 % activity (gcc -O2). They part what is faster from what is slower, and need not be exact.
"""

from __future__ import annotations

from dataclasses import dataclass

from tinysnn.pack import PackedLayer
from tinysnn.views.kernels import Family, family_of


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
SPARSE: dict[Family | None, SparseCost] = {
    "dsp": SparseCost(12.2, 9.5),
    "v6m": SparseCost(17.8, 12.0),
    None: SparseCost(10.9, 12.0),
}
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
    family, spec, events = family_of(core), layer.spec, events_of(layer)
    dense, sparse = DENSE[family][spec.bits], SPARSE[family]
    each = sparse.row * windows + sparse.word * words / spec.n_rows
    return events * each + dense.ahead * layer.n < events * dense.event * layer.n
