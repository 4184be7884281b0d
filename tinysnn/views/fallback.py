"""Ticks in which most rows are active: all sums less those of the silent rows.

The rows that are added are then those of the neurons that did not fire, and the sums of all rows,
a table, less what came out are the sums wanted (docs/adr/0008-dense-fallback.md).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import erfc, sqrt

import numpy as np
import numpy.typing as npt

from tinysnn.pack import PackedLayer
from tinysnn.views.neuron_kernels import NeuronsKernel
from tinysnn.views.row_cost import UNMEASURED, events_of, threshold
from tinysnn.views.row_kernels import RowsKernel
from tinysnn.views.row_options import Fallback
from tinysnn.views.rows import RowsView
from tinysnn.views.sparse import SparseKernel
from tinysnn.views.table import TableView

RELEVANT_SHARE = 0.05
"""Ticks above the threshold, of those with any event, from which the fall-back is generated."""


@dataclass(frozen=True)
class FallbackView:
    """How a layer does such a tick."""

    threshold: int
    """Events beyond which it is one."""
    totals: str
    """Sums of all rows, laid out as the kernel leaves sums."""
    n_words: int
    take: str
    """The function that subtracts: word by word, or halves apart."""
    cast: str


Kernels = Iterable[object]
"""The assembly that a layer calls."""


def view_fallback(
    layer: PackedLayer,
    core: str,
    rows: RowsView,
    kernels: Kernels,
    *,
    wanted: Fallback,
) -> FallbackView | None:
    """The view, or None where such ticks are rare, do not pay, or sums are laid out otherwise."""
    kernel, known = _adds_rows(kernels), (RowsKernel, SparseKernel, NeuronsKernel)
    unknown = rows.graded or not all(isinstance(k, known) for k in kernels)
    if wanted == "never" or unknown:
        return None
    limit = threshold(layer, core, windows=len(rows.windows))
    pays = core not in UNMEASURED and limit < layer.spec.n_rows and _often_above(layer, limit)
    if wanted == "auto" and not pays:
        return None
    words = _integers(kernel) or rows.wide
    return FallbackView(
        threshold=min(limit, layer.spec.n_rows // 2) if wanted == "always" else limit,
        totals=rows.symbol.removesuffix("rows") + "totals",
        n_words=layer.n if rows.wide else -(-layer.n // 2),
        take="tsnn_take_from_words" if words else "tsnn_take_from_pairs",
        cast="(uint32_t *)" if rows.wide else "",
    )


def _often_above(layer: PackedLayer, limit: int) -> bool:
    """Whether enough ticks have more events, if rows fire independently and as on calibration."""
    n_rows = layer.spec.n_rows
    if layer.spec.report.events_per_tick is None:
        return False
    mean = min(events_of(layer), n_rows)
    spread = sqrt(2 * mean * (1 - mean / n_rows)) or 1e-9
    return erfc((limit - mean) / spread) / 2 > RELEVANT_SHARE


def _adds_rows(kernels: Kernels) -> RowsKernel | SparseKernel | None:
    """The assembly that adds rows; None where C does."""
    return next((k for k in kernels if isinstance(k, RowsKernel | SparseKernel)), None)


def _integers(kernel: RowsKernel | SparseKernel | None) -> bool:
    """Whether a word of sums is one number, hi * 2^16 + lo, not two halves apart."""
    if isinstance(kernel, SparseKernel):
        return kernel.integers
    return kernel is not None and kernel.symbol.endswith("v6m")


def totals_table(
    layer: PackedLayer, rows: RowsView, kernels: Kernels, view: FallbackView
) -> TableView:
    """What adding every row of the layer would give."""
    kernel = _adds_rows(kernels)
    sums = layer.rows.sum(axis=0, dtype=np.int64)
    if not rows.wide:  # lanes hold weights as they are stored
        sums = (sums + rows.offset * layer.spec.n_rows) >> rows.gain_log2
    words = _words(sums << (kernel.shift if kernel is not None else 0), wide=rows.wide,
                   integers=_integers(kernel))  # fmt: skip
    doc = f"sums of all {layer.spec.n_rows} rows, as rows are added up"
    return TableView("uint32_t", view.totals, tuple(words.tolist()), doc, "hex")


def _words(sums: npt.NDArray[np.int64], *, wide: bool, integers: bool) -> npt.NDArray[np.int64]:
    if wide:
        return sums & 0xFFFFFFFF
    pairs = np.zeros((-(-sums.size // 2), 2), np.int64)
    pairs.reshape(-1)[: sums.size] = sums
    low = pairs[:, 0] if integers else pairs[:, 0] & 65535
    return np.asarray((low + (pairs[:, 1] << 16)) & 0xFFFFFFFF)
