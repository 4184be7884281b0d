"""Neuron updates on two 16-bit membranes per word, for cores with the DSP extension."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinysnn.ops.fixed import ONE_Q16
from tinysnn.pack import PackedLayer
from tinysnn.views.rows import DSP_CORES, RowsView
from tinysnn.views.table import Tables, TableView

HALF_Q16 = ONE_Q16 // 2


@dataclass(frozen=True)
class Part:
    """A run of 32-neuron blocks that are worked through alike."""

    first_word: int
    end_word: int
    pairs: int
    unroll: int
    steps: tuple[int, ...]

    @property
    def n_words(self) -> int:
        """Number of blocks."""
        return self.end_word - self.first_word


@dataclass(frozen=True)
class PairsView:
    """What ops/lif_pairs.c.jinja needs; empty for layers updated one neuron at a time."""

    constant: str
    mask: str
    """Bits that a shifted sum keeps in each half; empty: no shift."""
    tables: tuple[str, ...]
    """Names of the tables of pairs that the statements walk through."""
    parts: tuple[Part, ...]
    lines: tuple[str, ...]


NO_PAIRS = PairsView("", "", (), (), ())


def suits_pairs(layer: PackedLayer, rows: RowsView, core: str) -> bool:
    """Whether a layer can be updated two neurons at a time with the same bits."""
    spec = layer.spec
    beta = layer.wide("beta")
    one_form = bool((beta >= HALF_Q16).all() or (beta < HALF_Q16).all())
    return (
        core in DSP_CORES
        and spec.op == "lif"
        and spec.state_bits == 16
        and spec.frac_bits >= 0
        and spec.reset_timing == "same-tick"
        and not rows.wide
        and layer.n % 2 == 0
        and one_form
        and bool((layer.wide("theta") >= 0).all())
    )


def view_pairs(layer: PackedLayer, rows: RowsView, tables: Tables, *, saturates: bool) -> PairsView:
    """The statements for one pair; @ stands for its number in the unrolled loop."""
    constant = (
        f"-((int32_t)n_events * {rows.offset << layer.spec.frac_bits})" if rows.offset else ""
    )
    shift = layer.spec.frac_bits + rows.gain_log2
    kept = 65535 >> shift << shift
    lines = [f"x@ = (x@ << {shift}) & kept;"] if shift else []
    if constant:
        lines.append("x@ = tsnn_add_pairs(x@, constant);")
    if layer.bias is not None:
        lines.append(f"x@ = tsnn_add_pairs(x@, {_pair_table(tables, 'bias', layer.bias)});")
    lines += _next_value(layer, tables, saturates=saturates)
    lines += _firing(layer, tables)
    mask = f"0x{kept << 16 | kept:08X}u" if shift else ""
    names = tuple(name for name in _TABLES if any(f"{name}[@]" in line for line in lines))
    return PairsView(constant, mask, names, _parts(layer.n), tuple(lines))


_TABLES = ("bias_pairs", "beta_pairs", "theta_pairs", "reset_to_pairs")


def _pair_table(tables: Tables, name: str, values: npt.NDArray[np.int32]) -> str:
    """C text of a pair of parameters: a literal, or an entry of a table of pairs."""
    low = values.astype(np.int64) & 65535
    if (low == low[0]).all():
        return f"0x{int(low[0]) << 16 | int(low[0]):08X}u"
    pairs = low[0::2] | low[1::2] << 16
    local = f"{name}_pairs"
    doc = f"{name} of two neurons per word, [{pairs.size}]"
    tables.made.append(
        TableView("uint32_t", f"{tables.prefix}_{local}", tuple(pairs.tolist()), doc, "hex")
    )
    return f"{local}[@]"


def _next_value(layer: PackedLayer, tables: Tables, *, saturates: bool) -> list[str]:
    add = "tsnn_add_pairs_sat" if saturates else "tsnn_add_pairs"
    beta = layer.wide("beta")
    if (beta == 0).all():
        return ["v@ = x@;"]
    if (beta == ONE_Q16).all():
        return [f"v@ = {add}(v@, x@);"]
    whole = bool((beta >= HALF_Q16).all())
    value = _pair_table(tables, "beta", (beta - ONE_Q16 * whole).astype(np.int32))
    return [
        f"v@ = tsnn_leak_pairs(v@, {value}, {int(whole)}u);",
        f"v@ = {add}(v@, x@);",
    ]


def _firing(layer: PackedLayer, tables: Tables) -> list[str]:
    spec = layer.spec
    theta = _pair_table(tables, "theta", layer.wide("theta").astype(np.int32))
    lines = [
        f"tsnn_fire_t fire = tsnn_fire_pairs_{spec.compare}(v@, {theta});",
        "fired = (fired >> 1) | fire.fired;",
    ]
    if spec.reset == "subtract":
        return [*lines, "v@ = fire.v;"]
    if spec.reset == "none":
        return lines
    reset = _pair_table(tables, "reset_to", layer.wide("reset_to").astype(np.int32))
    return [*lines, f"v@ = tsnn_reset_pairs(v@, fire.fired, {reset});"]


def _parts(n: int) -> tuple[Part, ...]:
    whole, rest = n // 32, n % 32 // 2
    parts = [Part(0, whole, 16, 2, (0, 1))] if whole else []
    if rest:
        unroll = next(u for u in (2, 1) if rest % u == 0)
        parts.append(Part(whole, whole + 1, rest, unroll, tuple(range(unroll))))
    return tuple(parts)
