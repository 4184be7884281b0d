"""The synapses of a layer as C: which kernel, how its table lies in flash, how sums leave lanes.

A row word holds 32 / bits weights: even neurons in the low half, odd ones in the high half, so that
masking the word at some shift leaves the weights of neuron pairs in separate lanes. Lanes are as
wide as `LANE_BITS` says and hold `CAP` events before they are widened to 16 bits (docs/kernels.md).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinysnn.pack import PackedLayer
from tinysnn.views.table import TableView

DSP_CORES = ("cortex-m4", "cortex-m7", "cortex-m33", "cortex-m55")
SMALL_CORES = ("cortex-m0", "cortex-m0plus")

LANE_BITS = {8: 16, 4: 8, 2: 4, 1: 4}
"""Width of the lanes that weights are first summed in, by weight bits."""
BLOCK_WORDS = {8: 4, 4: 4, 2: 2, 1: 2}
"""Row words that one loop over the events sums side by side: eight registers of lanes."""
SMALL_BLOCK_WORDS = {8: 2, 4: 2, 2: 2, 1: 1}
"""The same for cores with eight easily reached registers."""
WIDE_CHUNK = 256
"""Events between two moves of 16-bit lanes to 32-bit sums."""


@dataclass(frozen=True)
class Lane:
    """One register of lanes of a row word: the weights at `shift` under the mask."""

    word: int
    shift: int
    name: str
    sum: int
    """Neuron of the block in the low half of the register; the next one is in the high half."""


@dataclass(frozen=True)
class Pair:
    """Sums of two neurons, taken from a lane register: where they go and how to get them."""

    index: int
    text: str


@dataclass(frozen=True)
class Block:
    """A run of row words that one loop works through, some words at a time."""

    first: int
    end: int
    width: int
    lanes: tuple[Lane, ...]
    pairs: tuple[Pair, ...]


@dataclass(frozen=True)
class RowsView:
    """Everything ops/rows*.c.jinja needs."""

    template: str
    variant: str
    symbol: str
    row_words: int
    pairs_per_word: int
    mask: str
    half_mask: str
    """Bits that are left of lanes when they are widened to 16 bits; empty: all."""
    blocks: tuple[Block, ...]
    sums: str
    sums_length: int
    wide: bool
    cap: int
    chunked: bool
    signed_lanes: bool
    gain_log2: int
    offset: int
    """A weight w is stored as u with w = u * 2^gain_log2 - offset (0 and 0 if signed)."""


def choose_variant(layer: PackedLayer, core: str, *, graded: bool) -> str:
    """The kernel for a layer on a core: graded8, dsp8, or swar and the weight bits."""
    if graded:
        return "graded8"
    signed = layer.spec.bits == 8 and layer.spec.acc_bits == 16 and core in DSP_CORES
    return "dsp8" if signed else f"swar{layer.spec.bits}"


def view_rows(
    layer: PackedLayer, prefix: str, variant: str, core: str
) -> tuple[RowsView, TableView]:
    """The kernel's view and its table."""
    bits = 8 if variant == "graded8" else layer.spec.bits
    words = pack_rows(layer.rows, bits, signed=variant in ("dsp8", "graded8"))
    n_rows, row_words = words.shape
    per_word = 16 // bits
    biased_top = n_rows * ((1 << bits) - 1)
    product_bits = max(layer.spec.frac_bits, 0) + (bits == 1)
    overflows = biased_top > 65535 or biased_top << product_bits >= 1 << 31
    wide = variant == "graded8" or (variant != "dsp8" and overflows)
    cap = _cap(bits, n_rows, variant, wide=wide)
    width = (SMALL_BLOCK_WORDS if core in SMALL_CORES else BLOCK_WORDS)[bits]
    if variant == "graded8":
        width = 2 if core in DSP_CORES else 1
    table = TableView(
        "uint32_t",
        f"{prefix}_rows",
        tuple(int(word) for word in words.ravel()),
        f"weights of {bits} bits, {n_rows} rows of {row_words} words of {32 // bits} neurons",
        "hex",
    )
    signed = variant == "dsp8"
    view = RowsView(
        template="ops/rows_graded.c.jinja" if variant == "graded8" else "ops/rows.c.jinja",
        variant=variant,
        symbol=table.symbol,
        row_words=row_words,
        pairs_per_word=per_word,
        mask=_mask(bits),
        half_mask=_HALF_MASK[bits],
        blocks=_blocks(row_words, width, bits),
        sums="work_sums32" if wide else "work_pairs",
        sums_length=row_words * per_word * (2 if wide else 1),
        wide=wide,
        cap=cap,
        chunked=n_rows > cap,
        signed_lanes=signed,
        gain_log2=1 if bits == 1 else 0,
        offset=0 if signed or variant == "graded8" else (1 if bits == 1 else 1 << (bits - 1)),
    )
    return view, table


def _cap(bits: int, n_rows: int, variant: str, *, wide: bool) -> int:
    """Events that a lane can hold."""
    if variant == "dsp8":
        return n_rows  # 16-bit lanes wrap as the proof allows
    if bits == 8:
        return WIDE_CHUNK if wide else n_rows
    return ((1 << LANE_BITS[bits]) - 1) // ((1 << bits) - 1)


def pack_rows(rows: npt.NDArray[np.int8], bits: int, *, signed: bool) -> npt.NDArray[np.uint32]:
    """Weights [R, n] as words [R, ceil(n bits / 32)]; pair q of a word at bit q * bits.

    Unsigned tables hold w + 2^(bits-1), or (w + 1) / 2 for one bit; missing neurons are weight 0
    (-1 for one bit).
    """
    n_rows, n = rows.shape
    per_word = 32 // bits
    stored = np.zeros((n_rows, -(-n // per_word) * per_word), np.int64)
    stored[:, :n] = rows
    if bits == 1:
        stored = (stored + 1) // 2
    elif not signed:
        stored += 1 << (bits - 1)
    fields = (stored & ((1 << bits) - 1)).reshape(n_rows, -1, per_word // 2, 2)
    shifts = np.arange(per_word // 2)[:, None] * bits + np.array([0, 16])
    return np.asarray((fields << shifts).sum(axis=(2, 3)).astype(np.uint32))


_HALF_MASK = {8: "", 4: "0x00FF00FFu", 2: "0x000F000Fu", 1: "0x000F000Fu"}


def _shifts(bits: int) -> tuple[int, ...]:
    return tuple(range(0, LANE_BITS[bits], bits))


def _mask(bits: int) -> str:
    step = LANE_BITS[bits]
    return f"0x{sum(((1 << bits) - 1) << at for at in range(0, 32, step)):08X}u"


def _blocks(row_words: int, width: int, bits: int) -> tuple[Block, ...]:
    blocks, first = [], 0
    while width:
        whole = (row_words - first) // width * width
        if whole:
            blocks.append(_block(first, first + whole, width, bits))
        first += whole
        width //= 2
    return tuple(blocks)


def _block(first: int, end: int, width: int, bits: int) -> Block:
    lanes = tuple(
        Lane(word, shift, f"lanes{word}_{shift}", (word * 16 + shift) // bits * 2)
        for word in range(width)
        for shift in _shifts(bits)
    )
    pairs = []
    for lane in lanes:
        for at in range(0, 16, LANE_BITS[bits]):
            index = lane.word * (16 // bits) + (lane.shift + at) // bits
            shifted = f"({lane.name} >> {at})" if at else lane.name
            pairs.append(Pair(index, f"{shifted} & half" if _HALF_MASK[bits] else shifted))
    return Block(first, end, width, lanes, tuple(sorted(pairs, key=lambda pair: pair.index)))
