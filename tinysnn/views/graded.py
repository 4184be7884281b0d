"""Synapses of a layer whose events have values: sums of value * weight, 32 bits and more.

Both forms keep weights as narrow as they are. In C two neurons share a word of sums for as many
events as it holds. The assembly multiplies two weights at once into 64 bits (docs/kernels.md).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinysnn import ranges
from tinysnn.pack import PackedLayer
from tinysnn.views.family import DSP_CORES
from tinysnn.views.neuron_kernels import NeuronsKernel, neurons_kernel
from tinysnn.views.rows import Block, RowsView, blocks_of, pack_rows
from tinysnn.views.table import TableView

NEURONS = 8
"""Neurons that the assembly adds up side by side."""
PASS_NEURONS = 8
"""Neurons whose sums the C keeps in registers, for weights below 8 bits."""


@dataclass(frozen=True)
class GradedKernel:
    """An assembly row-add that leaves x without bias, 16 bits in state units, in pairs."""

    template: str
    symbol: str
    bits: int
    frac_bits: int

    @property
    def apart(self) -> int:
        """Places from the lower of two sums in 64 bits to the upper one."""
        return 32 - self.bits

    @property
    def rounding(self) -> int:
        """Half of what a shift to the right leaves off."""
        return 1 << (-self.frac_bits - 1) if self.frac_bits < 0 else 0

    @property
    def top(self) -> int:
        """Where the upper sum begins once it is in state units."""
        return self.apart + max(-self.frac_bits, 0)


def choose_graded(
    layer: PackedLayer, core: str, equation: str
) -> tuple[GradedKernel, NeuronsKernel] | None:
    """The kernels of a layer with graded input on a core; None: C."""
    if core not in DSP_CORES:
        return None
    bits, f = layer.spec.bits, layer.spec.frac_bits
    kernel = GradedKernel(
        template="ops/rows_graded_dsp.S.jinja",
        symbol=f"tsnn_graded{bits}_{'m' if f < 0 else 's'}{abs(f)}_dsp",
        bits=bits,
        frac_bits=f,
    )
    sums = ranges.accumulator(layer, graded_input=True)
    half = 1 << (kernel.apart - 1)
    apart = sums.low.min() >= -half and sums.high.max() + kernel.rounding < half
    if not apart or not -(kernel.apart - 17) <= f <= 15:
        return None
    neurons = neurons_kernel(layer, "dsp", equation, biased=False, graded=True)
    return None if neurons is None else (kernel, neurons)


def view_graded(
    layer: PackedLayer, prefix: str, core: str, kernel: GradedKernel | None
) -> tuple[RowsView, TableView]:
    """The view of the C or the assembly that adds rows, and its table."""
    bits, n_rows = layer.spec.bits, layer.spec.n_rows
    signed = kernel is not None or bits == 8
    if kernel is not None:
        words, doc = pack_graded(layer.rows, bits), f"blocks of {n_rows} rows of {NEURONS} neurons"
    else:
        words = pack_rows(layer.rows, bits, signed=signed)
        doc = f"{n_rows} rows of {words.shape[1]} words of {32 // bits} neurons"
    table = TableView(
        "uint32_t",
        f"{prefix}_rows",
        tuple(words.ravel().tolist()),
        f"weights of {bits} bits, {doc}",
        "hex",
    )
    n_blocks = -(-layer.n // NEURONS)
    row_words = 0 if kernel else words.shape[1]
    view = RowsView(
        template="" if kernel else "ops/rows_graded.c.jinja",
        variant=kernel.symbol if kernel else f"graded{bits}",
        symbol=table.symbol,
        row_words=row_words,
        pairs_per_word=16 // bits,
        mask=f"0x{((1 << bits) - 1) * 0x10001:08X}u",
        half_mask="",
        blocks=() if kernel else _passes(row_words, bits, core),
        sums="work_pairs" if kernel else "work_sums32",
        sums_length=n_blocks * NEURONS // 2 if kernel else row_words * (32 // bits),
        wide=kernel is None,
        cap=0 if signed else 32767 // ((1 << bits) - 1),
        chunked=not signed,
        signed_lanes=signed,
        gain_log2=int(bits == 1 and not signed),
        offset=0 if signed else (1 << bits) // 2,
        kernel=kernel.symbol if kernel else "",
        block_bytes=n_rows * bits,
        n_blocks=n_blocks,
        graded=True,
    )
    return view, table


def _passes(row_words: int, bits: int, core: str) -> tuple[Block, ...]:
    """Loops over the events: for bytes one or two words side by side, else 8 neurons of a word."""
    if bits == 8:
        return blocks_of(row_words, 2 if core in DSP_CORES else 1, bits)
    return (Block(0, row_words * (32 // bits) // PASS_NEURONS, 1, (), ()),)


def pack_graded(rows: npt.NDArray[np.int8], bits: int) -> npt.NDArray[np.uint32]:
    """Weights [R, n] as blocks of 8 neurons of rows, `bits` bytes each.

    Neuron 2q is at bit `bits * (2q + 1)` of these bytes, plus 2^(bits-1), or (w + 1) / 2 for one
    bit; neuron 2q + 1 is below it, signed, or (w - 1) / 2. Turned so that the even neuron is at bit
    0, the odd one is at the top of a word.
    """
    n_rows, n = rows.shape
    n_blocks = -(-n // NEURONS)
    weights = np.zeros((n_rows, n_blocks * NEURONS), np.int64)
    weights[:, :n] = rows
    pairs = weights.reshape(n_rows, n_blocks, NEURONS // 2, 2)
    up = np.array([1 << bits >> 1, 0]) if bits > 1 else np.array([1, -1])
    fields = (((pairs + up) >> (bits == 1)) & ((1 << bits) - 1))[..., ::-1]
    places = np.arange(bits)
    each = (fields.reshape(n_rows, n_blocks, NEURONS, 1) >> places) & 1
    packed = np.packbits(
        each.reshape(n_rows, n_blocks, NEURONS * bits).astype(np.uint8), axis=2, bitorder="little"
    )
    stored = np.ascontiguousarray(packed.transpose(1, 0, 2)).ravel()
    padded = np.zeros(-(-stored.size // 4) * 4, np.uint8)
    padded[: stored.size] = stored
    return padded.view("<u4").astype(np.uint32)
