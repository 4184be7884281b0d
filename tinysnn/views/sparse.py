"""Sparse rows: weights that are 0 are neither stored nor added (docs/adr/0010-sparse-rows.md).

A row is a run of words of two weights; a weight is a byte and its neuron another. A byte numbers
256 places, so wider layers are cut into windows of neurons, each with a table of its own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinysnn.pack import PackedLayer
from tinysnn.views import helium
from tinysnn.views.family import Family, family_of
from tinysnn.views.helium_neurons import neurons_of
from tinysnn.views.neuron_kernels import NeuronsKernel, neurons_kernel
from tinysnn.views.row_cost import SPARSE, sparse_is_faster
from tinysnn.views.row_options import RowsForm
from tinysnn.views.rows import RowsView, WindowView
from tinysnn.views.table import TableView

MAX_WORDS = 65535
"""Words of a window: where rows start is a u16."""
PLACES = 256


@dataclass(frozen=True)
class SparseKernel:
    """A function that adds sparse rows; in C if it has no template."""

    template: str
    symbol: str
    shift: int
    mask: int
    """What a pair of sums keeps once shifted."""
    wide: bool
    """Sums of 32 bits; else two of 16 bits per word."""
    integers: bool
    """A word is the number hi * 2^16 + lo of two signed sums; else its halves are apart."""
    place_step: int
    """Distance of neighbouring neurons in bytes of place."""

    @property
    def window(self) -> int:
        """Neurons that places can tell apart."""
        return PLACES // self.place_step


def choose_sparse(
    layer: PackedLayer, core: str, equation: str, *, form: RowsForm, graded: bool
) -> tuple[SparseKernel, NeuronsKernel | None] | None:
    """The kernels of a layer with sparse rows; None where rows shall be dense.

    Graded input multiplies, and weights of one bit are never 0: both are always dense.
    """
    if form == "dense" or graded or layer.spec.bits == 1:
        return None
    family = family_of(core)
    neurons = None if family is None else neurons_kernel(layer, family, equation, biased=False)
    kernel = _kernel(layer, family, in_state_units=neurons is not None)
    words = _row_words(layer.rows, kernel.window)
    if words.sum(axis=0).max() > MAX_WORDS:
        return None
    total, windows = int(words.sum()), words.shape[1]
    if form == "auto" and not _is_faster(layer, core, words=total, windows=windows):
        return None
    if neurons is not None and core in helium.CORES:
        neurons = neurons_of(layer, equation)
    return kernel, neurons


def _is_faster(layer: PackedLayer, core: str, *, words: int, windows: int) -> bool:
    dense = helium.event_cost(layer, core)
    if dense is None:
        return sparse_is_faster(layer, core, words=words, windows=windows)
    cost = SPARSE["dsp"]
    return cost.row * windows + cost.word * words / layer.spec.n_rows < dense


def _kernel(layer: PackedLayer, family: Family | None, *, in_state_units: bool) -> SparseKernel:
    shift = layer.spec.frac_bits if in_state_units else 0
    wide = not in_state_units and layer.spec.acc_bits == 32
    integers = in_state_units and family == "v6m"
    kept = (65535 << shift) & 65535
    sums = "wide" if wide else f"s{shift}" if in_state_units else "lanes"
    size = 4 if wide else 2
    return SparseKernel(
        template="" if family is None else f"ops/rows_sparse_{family}.S.jinja",
        symbol=f"tsnn_add_sparse_{sums}" + (f"_{family}" if family else ""),
        shift=shift,
        mask=kept << 16 | kept,
        wide=wide,
        integers=integers,
        place_step=size if family == "v6m" else 1,
    )


def _row_words(rows: npt.NDArray[np.int8], window: int) -> npt.NDArray[np.int64]:
    """Words that each row takes in each window, [R, windows]."""
    starts = np.arange(0, rows.shape[1], window)
    return np.asarray((np.add.reduceat(rows != 0, starts, axis=1, dtype=np.int64) + 1) // 2)


def view_sparse(
    layer: PackedLayer, prefix: str, kernel: SparseKernel
) -> tuple[RowsView, tuple[TableView, ...]]:
    """The view of sparse rows, and their two tables."""
    neurons_per_word = 1 if kernel.wide else 2
    words: list[npt.NDArray[np.uint32]] = []
    starts: list[npt.NDArray[np.int64]] = []
    windows: list[WindowView] = []
    for first in range(0, layer.n, kernel.window):
        columns = layer.rows[:, first : first + kernel.window]
        table, begins = pack_sparse(columns, kernel.place_step)
        windows.append(
            WindowView(
                first_word=sum(part.size for part in words),
                first_start=sum(part.size for part in starts),
                first_sum=first // neurons_per_word,
                n_words=-(-columns.shape[1] // (4 * neurons_per_word)) * 4,
            )
        )
        words.append(table)
        starts.append(begins)
    weights = np.concatenate(words)
    doc = f"weights that are not 0, {layer.spec.n_rows} rows of pairs of place and weight"
    tables = (
        TableView("uint32_t", f"{prefix}_rows", _or_one(weights), doc, "hex"),
        TableView(
            "uint16_t",
            f"{prefix}_starts",
            tuple(np.concatenate(starts).tolist()),
            "where each row starts, in words",
        ),
    )
    return _view(prefix, kernel, tuple(windows)), tables


def _or_one(weights: npt.NDArray[np.uint32]) -> tuple[int, ...]:
    """The words; C has no empty arrays."""
    return tuple(weights.tolist()) or (0,)


def _view(prefix: str, kernel: SparseKernel, windows: tuple[WindowView, ...]) -> RowsView:
    return RowsView(
        template="",
        variant=kernel.symbol,
        symbol=f"{prefix}_rows",
        row_words=0,
        pairs_per_word=0,
        mask="",
        half_mask="",
        blocks=(),
        sums="work_sums32" if kernel.wide else "work_pairs",
        sums_length=windows[-1].first_sum + windows[-1].n_words,
        wide=kernel.wide,
        cap=0,
        chunked=False,
        signed_lanes=True,
        gain_log2=0,
        offset=0,
        kernel=kernel.symbol,
        windows=windows,
    )


def pack_sparse(
    rows: npt.NDArray[np.int8], place_step: int
) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.int64]]:
    """Weights [R, n] that are not 0 as words, and the words before each row and the end, [R + 1].

    A row with an odd number of weights gets one more of 0, at the place of its first.
    """
    of, neuron = np.nonzero(rows)
    counts = np.bincount(of, minlength=rows.shape[0])
    starts = np.concatenate([[0], np.cumsum((counts + 1) // 2)])
    number = np.arange(of.size) - np.repeat(np.cumsum(counts) - counts, counts)
    entries = np.zeros(2 * starts[-1], np.int64)
    stored = (neuron * place_step) | (rows[of, neuron].astype(np.int64) & 255) << 8
    entries[2 * starts[of] + number] = stored
    odd = np.flatnonzero(counts % 2)
    entries[2 * starts[odd + 1] - 1] = entries[2 * starts[odd]] & 255
    return (entries[0::2] | entries[1::2] << 16).astype(np.uint32), starts
