"""What rows cost, in instructions per event: the one place of the numbers that kernels are chosen by.

Measured by `benchmarks/sparse.py` on bare kernels (gcc -O2 for those in C), and rounded.
"""

from __future__ import annotations

from dataclasses import dataclass

from tinysnn.pack import PackedLayer
from tinysnn.views.kernels import Family, family_of


@dataclass(frozen=True)
class DenseCost:
    """An event costs `row + neurons * neuron`."""

    row: float
    neuron: float


@dataclass(frozen=True)
class SparseCost:
    """An event costs `row` for each window, and `word` for each word of two weights."""

    row: float
    word: float


DENSE: dict[Family | None, dict[int, DenseCost]] = {
    "dsp": {8: DenseCost(0, 0.88), 4: DenseCost(0, 0.60), 2: DenseCost(0, 0.40)},
    "v6m": {8: DenseCost(0, 1.50), 4: DenseCost(0, 0.90), 2: DenseCost(0, 0.60)},
    None: {8: DenseCost(0, 1.50), 4: DenseCost(0, 0.90), 2: DenseCost(0, 0.60)},
}
SPARSE: dict[Family | None, SparseCost] = {
    "dsp": SparseCost(15, 9.5),
    "v6m": SparseCost(17, 12.0),
    None: SparseCost(15, 14.0),
}
TYPICAL_ACTIVITY = 0.1
"""Part of the rows that are active in a tick where no calibration data told."""


def sparse_is_faster(layer: PackedLayer, core: str, *, words: int) -> bool:
    """Whether sparse rows of so many words in all take fewer instructions than dense ones."""
    family, spec = family_of(core), layer.spec
    dense, sparse = DENSE[family][spec.bits], SPARSE[family]
    windows = -(-layer.n // 256)
    per_event = sparse.row * windows + sparse.word * words / spec.n_rows
    return per_event < dense.row + dense.neuron * layer.n
