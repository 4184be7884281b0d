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
from tinysnn.views.family import DSP_CORES, SMALL_CORES
from tinysnn.views.helium import HeliumRows, pack_helium
from tinysnn.views.row_kernels import WORDS, RowsKernel
from tinysnn.views.table import TableView

Kernel = RowsKernel | HeliumRows
LANE_BITS = {8: 16, 4: 8, 2: 4, 1: 4}
"""Width of the lanes that weights are first summed in, by weight bits."""
BLOCK_WORDS = {8: 4, 4: 4, 2: 2, 1: 2}
"""Row words that one loop over the events sums side by side: eight registers of lanes."""
SMALL_BLOCK_WORDS = {8: 2, 4: 2, 2: 2, 1: 1}
"""The same for cores with eight easily reached registers."""
CHUNK_WIDE = 256
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
class WindowView:
    """Neurons whose sparse rows share a table: where its parts begin, and words of their sums."""

    first_word: int
    first_start: int
    first_sum: int
    n_words: int


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
    kernel: str
    """The assembly function that adds the rows; empty: C."""
    block_bytes: int = 0
    n_blocks: int = 0
    """Parts of the table of a kernel: neurons that it adds up together."""
    windows: tuple[WindowView, ...] = ()
    """Parts of sparse rows; empty: rows are dense."""
    graded: bool = False
    """Events have values."""
    lane_offset: int = 0
    """What sums in lanes are too large by, whatever the events."""
    cleared: str = "0u"
    """What words of sums begin with, where events add to them in memory."""


def view_rows(
    layer: PackedLayer, prefix: str, core: str, kernel: Kernel | None
) -> tuple[RowsView, TableView]:
    """The view of the C or the assembly that adds rows, and its table."""
    bits = layer.spec.bits
    helium = kernel if isinstance(kernel, HeliumRows) else None
    signed = helium is not None or (bits == 8 and kernel is not None and core in DSP_CORES)
    width = WORDS[bits] if kernel is None else kernel.words
    if helium is not None:
        words = pack_helium(layer.rows, helium)
    else:
        words = pack_rows(layer.rows, bits, signed=signed)
        words = words if kernel is None else in_blocks(words, width)
    n_rows, row_words = layer.spec.n_rows, words.size // layer.spec.n_rows
    wide = kernel is None and _overflows(layer)
    cap = CHUNK_WIDE if wide and bits == 8 else _cap(bits)
    table = TableView(
        "uint32_t",
        f"{prefix}_rows",
        tuple(int(word) for word in words.ravel()),
        _table_doc(bits, n_rows, row_words, width if kernel else 0),
        "hex",
    )
    view = RowsView(
        template="" if kernel else "ops/rows.c.jinja",
        variant=kernel.symbol if kernel else f"swar{bits}",
        symbol=table.symbol,
        row_words=row_words,
        pairs_per_word=16 // bits,
        mask=_mask(bits),
        half_mask=_HALF_MASK[bits],
        blocks=blocks_of(row_words, _block_words(bits, core), bits),
        sums="work_sums32" if wide else "work_pairs",
        sums_length=row_words * (16 // bits) * (2 if wide else 1),
        wide=wide,
        cap=cap,
        chunked=n_rows > cap,
        signed_lanes=signed,
        gain_log2=1 if bits == 1 and not signed else 0,
        offset=0 if signed else (1 if bits == 1 else 1 << (bits - 1)),
        kernel="" if kernel is None else kernel.symbol,
        block_bytes=n_rows * width * 4,
        n_blocks=row_words // width,
    )
    return view, table


def learned_rows(layer: PackedLayer, *, graded: bool) -> RowsView:
    """The view of rows that lie in RAM because they are learned: plain C, 32-bit sums."""
    return RowsView(
        template="learn/rows.c.jinja",
        variant="learned",
        symbol="",
        row_words=0,
        pairs_per_word=0,
        mask="",
        half_mask="",
        blocks=(),
        sums="work_sums32",
        sums_length=layer.n,
        wide=True,
        cap=0,
        chunked=False,
        signed_lanes=True,
        gain_log2=0,
        offset=0,
        kernel="",
        graded=graded,
    )


def _overflows(layer: PackedLayer) -> bool:
    """Whether biased sums may pass 16 bits, or the product that brings them to state units 32."""
    bits = layer.spec.bits
    top = layer.spec.n_rows * ((1 << bits) - 1)
    return top > 65535 or top << (max(layer.spec.frac_bits, 0) + (bits == 1)) >= 1 << 31


def _table_doc(bits: int, n_rows: int, row_words: int, width: int) -> str:
    if not width:
        return f"weights of {bits} bits, {n_rows} rows of {row_words} words of {32 // bits} neurons"
    return f"weights of {bits} bits, {row_words // width} blocks of {n_rows} rows of {width} words"


def _block_words(bits: int, core: str) -> int:
    """Row words that one C loop works through side by side."""
    return (SMALL_BLOCK_WORDS if core in SMALL_CORES else BLOCK_WORDS)[bits]


def _cap(bits: int) -> int:
    """Events that a lane can hold."""
    return ((1 << LANE_BITS[bits]) - 1) // ((1 << bits) - 1)


def in_blocks(words: npt.NDArray[np.uint32], width: int) -> npt.NDArray[np.uint32]:
    """Row words [R, W] as blocks [ceil(W / width), R, width]; missing words are 0."""
    n_rows, n_words = words.shape
    padded = np.zeros((n_rows, -(-n_words // width) * width), np.uint32)
    padded[:, :n_words] = words
    return np.ascontiguousarray(padded.reshape(n_rows, -1, width).transpose(1, 0, 2))


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


def blocks_of(row_words: int, width: int, bits: int) -> tuple[Block, ...]:
    """Loops over all words of a row: of `width` words side by side, then of half as many."""
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
