"""Assembly kernels for cores with Helium: which a layer can use, and the layout of their tables.

The row-adds give unbiased sums in the order of the neurons (docs/kernels-helium.md). Layers that
none of these suits use the kernels of `tinysnn.views.kernels`, one for the rows, one for neurons.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from tinysnn.ops.fixed import ONE_Q16
from tinysnn.pack import PackedLayer
from tinysnn.views.kernels import HALF_Q16, NeuronsKernel, RowsKernel, rows_kernel, same

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
MIN16, MAX16 = -(1 << 15), (1 << 15) - 1


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


@dataclass(frozen=True)
class HeliumNeurons(NeuronsKernel):
    """An update of firing neurons with 16-bit membranes, eight at a time."""

    mixed: str
    """Decays below 1/2 and others: how one that is stored less 1 compares with 0, else empty."""


def choose(
    layer: PackedLayer, core: str, equation: str, *, graded: bool
) -> tuple[RowsKernel | HeliumRows, HeliumNeurons | None] | None:
    """The kernels of a layer on a core; None where this core or this layer has none of these."""
    if core not in CORES or graded:
        return None
    if not suits_neurons(layer):
        only_rows = rows_of(layer, in_state_units=False)
        return None if only_rows is None else (only_rows, None)
    rows = rows_of(layer, in_state_units=True)
    if rows is not None:
        return rows, neurons_of(layer, equation, biased=False)
    other = rows_kernel(layer, "dsp", in_state_units=True)
    return None if other is None else (other, neurons_of(layer, equation, biased=True))


# ---- synapses ----


def rows_of(layer: PackedLayer, *, in_state_units: bool) -> HeliumRows | None:
    """The row-add for a layer, or None where another one costs less or its sums do not fit."""
    bits, n = layer.spec.bits, layer.n
    if not in_state_units and layer.spec.acc_bits != 16:
        return None
    shift = layer.spec.frac_bits if in_state_units else 0
    if bits == 1:
        return None if n < LEAST_FIELDS else _rows(1, shift, "fields", 1)
    if n <= NARROW[bits] and layer.spec.n_rows <= NARROW_ROWS:
        return _rows(bits, shift, "halves", 0)
    return _rows(bits, shift, "halves" if bits == 8 else "bytes", _groups(bits, n))


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


# ---- neurons ----


def suits_neurons(layer: PackedLayer) -> bool:
    """Whether the update can be used for a layer."""
    spec, beta, theta = layer.spec, layer.wide("beta"), layer.wide("theta")
    lowest = 0 if spec.reset == "subtract" else MIN16
    return (
        spec.op == "lif"
        and spec.state_bits == 16
        and spec.frac_bits >= 0
        and spec.reset_timing == "same-tick"
        and _mixed(beta) is not None
        and bool((theta >= lowest).all() and (theta <= MAX16).all())
    )


def _mixed(beta: npt.NDArray[np.int64]) -> str | None:
    """`HeliumNeurons.mixed`; None if 0 and 1, which are both stored as 0, are there."""
    if (beta >= HALF_Q16).all() or (beta < HALF_Q16).all():
        return ""
    if not (beta == ONE_Q16).any():
        return "lt"
    return None if (beta == 0).any() else "le"


def _decay(beta: npt.NDArray[np.int64]) -> str:
    first = int(beta[0])
    if not same(beta):
        return "mul"
    if first in (0, ONE_Q16):
        return "zero" if first == 0 else "one"
    return "mul" if first % 2 else "half"


def neurons_of(layer: PackedLayer, equation: str, *, biased: bool) -> HeliumNeurons:
    """The update for a layer; `biased`: sums lack a multiple of the number of events."""
    spec, beta, bias = layer.spec, layer.wide("beta"), layer.wide("bias")
    decay = _decay(beta)
    whole = decay == "mul" and bool((beta >= HALF_Q16).all())
    tables = {
        "beta": not same(beta),
        "bias": not same(bias),
        "theta": not same(layer.wide("theta")),
        "reset": spec.reset == "zero" and not same(layer.wide("reset_to")),
    }
    constant = "pair" if biased or (bias.any() and not tables["bias"]) else "none"
    listed = "_".join(name for name, wanted in tables.items() if wanted)
    mixed = _mixed(beta) or ""
    kind = [decay + "w" * whole + mixed, str(spec.compare), str(spec.reset)]
    marks = [*kind, listed, "pair" * (constant == "pair"), "helium"]
    return HeliumNeurons(
        template="ops/lif_helium.S.jinja",
        symbol="tsnn_lif_" + "_".join(mark for mark in marks if mark),
        equation=equation,
        decay=decay,
        whole=whole,
        shift_places=0,
        shift_mask=0,
        shift_round=0,
        packed=False,
        compare=str(spec.compare),
        reset=str(spec.reset),
        reset_pair="",
        reset_high="",
        saturates=True,
        beta_table=tables["beta"],
        bias_table=tables["bias"],
        theta_table=tables["theta"],
        reset_table=tables["reset"],
        constant=constant,
        constant_register="",
        reset_register="",
        zero_register="",
        unroll=4,
        mixed=mixed,
    )


def stored_decay(layer: PackedLayer, kernel: HeliumNeurons) -> int:
    """The decay as the kernel wants it."""
    beta = int(layer.wide("beta")[0])
    return beta // 2 if kernel.decay == "half" else beta - ONE_Q16 * kernel.whole


def stream(layer: PackedLayer, kernel: HeliumNeurons) -> npt.NDArray[np.int64]:
    """The words of what differs from neuron to neuron: eight of each in turn, as it is needed."""
    values = {
        "bias": layer.wide("bias"),
        "beta": layer.wide("beta") - ONE_Q16 * kernel.whole,
        "theta": layer.wide("theta"),
        "reset": layer.wide("reset_to"),
    }
    here = [v for name, v in values.items() if getattr(kernel, f"{name}_table")]
    if not here:
        return np.zeros(0, np.int64)
    padded = np.zeros((len(here), -(-layer.n // 8) * 8), np.int64)
    padded[:, : layer.n] = here
    halves = padded.reshape(len(here), -1, 8).swapaxes(0, 1).reshape(-1, 2) & 65535
    return np.asarray(halves[:, 0] | halves[:, 1] << 16)
