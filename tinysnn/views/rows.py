"""The synapses of a layer as C: which kernel, how its table lies in flash, how sums leave lanes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinysnn.pack import PackedLayer
from tinysnn.views.table import TableView

DSP_CORES = ("cortex-m4", "cortex-m7", "cortex-m33")
CHUNK_EVENTS = 256
"""So many 8-bit weights always fit a 16-bit lane."""
SWAR_OFFSET = 128
"""Added to weights that are summed in unsigned lanes."""
LANE_ORDER = (0, 2, 1, 3)
"""Neuron of each byte of a row word: the even bytes and the odd bytes are added separately."""


@dataclass(frozen=True)
class Block:
    """A run of row words that one loop works through, some words at a time."""

    first: int
    end: int
    words: tuple[int, ...]


@dataclass(frozen=True)
class RowsView:
    """Everything ops/rows*.c.jinja needs."""

    template: str
    variant: str
    symbol: str
    row_words: int
    blocks: tuple[Block, ...]
    acc: str
    acc_type: str
    acc_length: int
    chunked: bool
    chunk_events: int
    offset: int
    spill_operator: str
    spill_lanes: tuple[tuple[int, str], ...]


def choose_variant(layer: PackedLayer, core: str, *, graded: bool) -> str:
    """The kernel for a layer on a core: graded8, dsp8 or swar8."""
    if graded:
        return "graded8"
    return "dsp8" if core in DSP_CORES else "swar8"


def view_rows(layer: PackedLayer, prefix: str, variant: str) -> tuple[RowsView, TableView]:
    """The kernel's view and its table."""
    symbol = f"{prefix}_rows"
    words = pack_rows(layer.rows, variant)
    bits = layer.spec.acc_bits
    chunked = variant != "graded8" and (
        layer.spec.n_rows > CHUNK_EVENTS if variant == "swar8" or bits == 32 else False
    )
    table = TableView(
        "uint32_t",
        symbol,
        tuple(int(word) for word in words.ravel()),
        f"weights, {layer.spec.n_rows} rows of {words.shape[1]} words of 4 neurons, {variant}",
        "hex",
    )
    view = RowsView(
        template="ops/rows_graded.c.jinja" if variant == "graded8" else "ops/rows.c.jinja",
        variant=variant,
        symbol=symbol,
        row_words=words.shape[1],
        blocks=_blocks(words.shape[1], 4 if variant == "dsp8" else 2),
        acc=f"work_sums{bits}",
        acc_type=f"int{bits}_t",
        acc_length=words.shape[1] * 4,
        chunked=chunked,
        chunk_events=min(CHUNK_EVENTS, layer.spec.n_rows) if chunked else layer.spec.n_rows,
        offset=SWAR_OFFSET if variant == "swar8" else 0,
        spill_operator="+=" if chunked else "=",
        spill_lanes=_spill_lanes(variant),
    )
    return view, table


def pack_rows(rows: npt.NDArray[np.int8], variant: str) -> npt.NDArray[np.uint32]:
    """Weights [R, n] as little-endian words [R, ceil(n / 4)] in the kernel's byte order."""
    n_rows, n = rows.shape
    padded = np.zeros((n_rows, -(-n // 4), 4), np.int16)
    padded.reshape(n_rows, -1)[:, :n] = rows
    if variant == "swar8":
        padded += SWAR_OFFSET
    if variant != "graded8":
        padded = padded[:, :, LANE_ORDER]
    return np.ascontiguousarray(padded.astype(np.uint8)).view("<u4").reshape(n_rows, -1)


def _blocks(row_words: int, width: int) -> tuple[Block, ...]:
    whole = row_words // width * width
    blocks = [Block(0, whole, tuple(range(width)))] if whole else []
    if row_words > whole:
        blocks.append(Block(whole, row_words, (0,)))
    return tuple(blocks)


def _spill_lanes(variant: str) -> tuple[tuple[int, str], ...]:
    lanes = ((0, "even", 0), (1, "even", 16), (2, "odd", 0), (3, "odd", 16))
    texts = []
    for neuron, word, shift in lanes:
        lane = f"({word} & 65535u)" if shift == 0 else f"({word} >> 16)"
        signed = f"((int32_t){lane} - excess)" if variant == "swar8" else lane
        texts.append((neuron, f"(int16_t){signed}"))
    return tuple(texts)
