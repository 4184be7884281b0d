"""Assembly kernels for cores with Helium: which a layer can use, and the layout of their tables.

The row-adds give unbiased sums in the order of the neurons (docs/kernels-helium.md). Layers that
none of these suits use the kernels of `tinysnn.views.kernels`, one for the rows, one for neurons.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from tinysnn.pack import PackedLayer
from tinysnn.views.helium_neurons import HeliumNeurons, neurons_of, suits_neurons
from tinysnn.views.row_kernels import RowsKernel, rows_kernel

Kind = Literal["halves", "bytes", "fields"]
CORES = ("cortex-m55",)
CAP = {4: 16, 2: 16, 1: 15}
"""Events whose sums fit bytes, or nibbles of 1-bit weights."""
NARROW = {8: 8, 4: 16, 2: 32}
"""Neurons of a row of 8 bytes, which all sums in 16 bits suit best."""
NARROW_ROWS = 700
"""Rows up to which no sum of neighbouring fields of a narrow row leaves 16 bits."""
LEAST_FIELDS = 33
"""Neurons from which rows of 128 1-bit weights cost less than words of 32."""
GROUPS = (1, 2, 3)
"""Registers of weights that one loop can sum side by side."""
ROW, EACH = 2.5, 3
"""Instructions per event and block: the address, and for each register of weights."""
EVENT_FIELDS = 10.0
"""The same for 128 1-bit weights."""
FIELDS: dict[tuple[int, bool], tuple[int, ...]] = {
    (8, True): (0,),
    (8, False): (0, 8),
    (4, True): (0, 4),
    (4, False): (0, 4),
    (2, True): (0, 2, 4, 6),
    (2, False): (0, 2, 4, 6),
    (1, False): (0, 4, 2, 6, 1, 5, 3, 7),
}
"""Where the weights lie in a byte, or in two, by bits and whether rows are narrow."""


@dataclass(frozen=True)
class HeliumRows:
    """A row-add with Helium: weights of `bits`, sums times 2^shift."""

    template: str
    symbol: str
    bits: int
    shift: int
    cap: int
    """Events of a chunk."""
    kind: Kind
    """What sums are gathered in: halves, bytes, or fields of bytes."""
    narrow: bool
    """Rows are 8 bytes, else groups of 16."""
    groups: int
    fields: tuple[int, ...]
    starts: tuple[int, ...]
    """What the sums of the fields start from, times the number of events (kind `halves`)."""
    loads: tuple[str, ...]
    """Registers that the groups of weights are read to."""
    spare: str
    """One more, when all groups are added (not of narrow rows)."""
    vectors: int
    """Registers of eight sums that a block gives."""
    d_registers: int
    """Registers d0 and up that are used."""

    @property
    def neurons(self) -> int:
        """Neurons of a block."""
        return 8 * self.vectors

    @property
    def words(self) -> int:
        """Words of a block's row."""
        return 2 if self.narrow else 4 * self.groups


def choose(
    layer: PackedLayer, core: str, equation: str, *, graded: bool
) -> tuple[RowsKernel | HeliumRows | None, HeliumNeurons | None] | None:
    """The kernels of a layer on a core; None where this core or this layer has none of these."""
    if core not in CORES:
        return None
    if graded:  # rows are added in C, to sums of 32 bits
        return (None, neurons_of(layer, equation, wide=True)) if suits_neurons(layer) else None
    if not suits_neurons(layer) or (layer.spec.frac_bits < 0 and layer.spec.acc_bits != 16):
        only_rows = rows_of(layer, in_state_units=False)
        return None if only_rows is None else (only_rows, None)
    rows = rows_of(layer, in_state_units=True)
    if rows is not None:
        return rows, neurons_of(layer, equation)
    other = rows_kernel(layer, "dsp", in_state_units=True)
    return (
        None
        if other is None or layer.spec.frac_bits < 0
        else (other, neurons_of(layer, equation, biased=True))
    )


def rows_of(layer: PackedLayer, *, in_state_units: bool) -> HeliumRows | None:
    """The row-add for a layer, or None where another one costs less or its sums do not fit."""
    bits, n = layer.spec.bits, layer.n
    if not in_state_units and layer.spec.acc_bits != 16:
        return None
    shift = max(layer.spec.frac_bits, 0) if in_state_units else 0
    if bits == 1:
        return None if n < LEAST_FIELDS else _rows(1, shift, "fields", 1)
    if n <= NARROW[bits] and layer.spec.n_rows <= NARROW_ROWS:
        return _rows(bits, shift, "halves", 0)
    return _rows(bits, shift, "halves" if bits == 8 else "bytes", _groups(bits, n))


def event_cost(layer: PackedLayer, core: str) -> float | None:
    """Instructions of an event in the row-add of a layer; None where it is not one of these."""
    chosen = choose(layer, core, "", graded=False)
    if chosen is None or not isinstance(chosen[0], HeliumRows):
        return None
    kernel = chosen[0]
    blocks = -(-layer.n // kernel.neurons)
    if kernel.narrow:
        return blocks * (ROW + 1 + len(kernel.fields))
    each = {1: EVENT_FIELDS, 2: ROW + 2 * EACH}
    return blocks * each.get(kernel.bits, ROW + EACH * kernel.groups)


def _groups(bits: int, n: int) -> int:
    """Registers of weights side by side that cost least."""
    if bits == 2:
        return 1
    per_group = 128 // bits
    return min(GROUPS, key=lambda g: -(-n // (per_group * g)) * (ROW + EACH * g))


def _rows(bits: int, shift: int, kind: Kind, groups: int) -> HeliumRows:
    """The kernel; `groups` is 0 for narrow rows."""
    narrow = groups == 0
    fields, side_by_side = FIELDS[bits, narrow], max(groups, 1)
    sums = side_by_side * len(fields) if bits > 1 else 6
    wide_bytes = 1 if kind == "halves" else 2
    loads = tuple(f"q{sums + k % 2}" for k in range(side_by_side))
    registers = 8 if bits == 1 else sums + (1 if narrow else 2)
    return HeliumRows(
        template="ops/rows_helium.S.jinja",
        symbol=f"tsnn_rows{bits}_s{shift}_g{groups}_helium",
        bits=bits,
        shift=shift,
        cap=CAP.get(bits, 65535),
        kind=kind,
        narrow=narrow,
        groups=groups,
        fields=fields,
        starts=_starts(bits, fields) if kind == "halves" else (),
        loads=loads,
        spare=f"q{sums + 1}",
        vectors=side_by_side * len(fields) * wide_bytes,
        d_registers=max(8, 2 * registers),
    )


def _starts(bits: int, fields: tuple[int, ...]) -> tuple[int, ...]:
    """Per event, what makes up for the bias of all fields but the highest.

    The sum of field k is that of field k and up, less 2^step times that of field k + 1 and up.
    """
    found = [0]
    for low, high in zip(fields[-2::-1], fields[:0:-1], strict=True):
        found.append((found[-1] << (high - low)) - (1 << (bits - 1)))
    return tuple(found[::-1])


def pack_helium(rows: npt.NDArray[np.int8], kernel: HeliumRows) -> npt.NDArray[np.uint32]:
    """Weights [R, n] as words [blocks, R, words]; missing neurons have weight 0 (or -1 of 1 bit).

    Eight neurons that make a register of sums lie in every second byte (narrow: in every byte), so
    that each 16-bit lane holds one of them, or of its fields.
    """
    bits, (n_rows, n) = kernel.bits, rows.shape
    per_byte = 1 if kernel.narrow else 2
    shifts = kernel.fields if bits < 8 else (0,)
    blocks = -(-n // kernel.neurons)
    padded = np.zeros((n_rows, blocks * kernel.neurons), np.int64)
    padded[:, :n] = rows
    shape = (n_rows, blocks, max(kernel.groups, 1), len(shifts), per_byte, 8)
    codes = _codes(padded.reshape(shape), kernel)
    whole = (codes << np.array(shifts)[:, None, None]).sum(axis=3)
    data = np.ascontiguousarray(whole.swapaxes(3, 4).astype(np.uint8)).reshape(n_rows, blocks, -1)
    return np.ascontiguousarray(data.view("<u4").transpose(1, 0, 2))


def _codes(weights: npt.NDArray[np.int64], kernel: HeliumRows) -> npt.NDArray[np.int64]:
    """Weights [..., fields, bytes, 8] as they are stored: all but the highest field biased."""
    bits = kernel.bits
    if bits == 1:
        return np.asarray((weights + 1) // 2)
    biased = np.full(weights.shape[-3:], 1 << (bits - 1))
    if bits < 8:
        biased[-1] = 0
    else:
        biased[:, -1] = 0
    return np.asarray((weights + biased) & ((1 << bits) - 1))
