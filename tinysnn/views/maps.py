"""A layer of feature maps as C and assembly: its sources, its sums, and who updates its neurons."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import lcm

import numpy as np

from tinysnn.pack import PackedLayer
from tinysnn.views.dots import DotsView, choose_dots, view_dots
from tinysnn.views.family import Family, family_of
from tinysnn.views.neuron_kernels import NeuronsKernel, neurons_kernel
from tinysnn.views.row_options import DotsForm
from tinysnn.views.rows import RowsView
from tinysnn.views.scatter import Form, ScatterView, sums_form, view_scatter
from tinysnn.views.table import TableView

LANE_OFFSET = 1 << 15
"""What a sum of a pair begins with, so that it is never negative and pairs are added as one
number. Small cores keep pairs with a sign instead: as one number, borrows between them included."""
SPIKES = 32
"""Neurons whose spikes are in a word."""
MOST_WORDS = 1000
"""Of tables that repeat: their size fits an instruction."""
BLOCK = 8
"""Words of sums are handled so many at a time."""


@dataclass(frozen=True)
class SettleKernel:
    """Brings sums of pairs to state units, as the assembly of the neurons takes them."""

    template: str
    symbol: str
    shift: int
    mask: int
    """What a pair keeps once shifted."""


@dataclass(frozen=True)
class MapsView:
    """The synapses of a layer with kernels."""

    sources: tuple[ScatterView, ...]
    rows: RowsView
    tables: tuple[TableView, ...]
    neurons: NeuronsKernel | None
    settle: SettleKernel | None
    """Runs ahead of the assembly of the neurons."""
    dots: DotsView | None = None
    """Windows of input values are multiplied; there are no sources to go by events then."""


def view_maps(
    layer: PackedLayer,
    prefix: str,
    core: str,
    equation: str,
    *,
    graded: bool,
    graded_input: bool,
    dots: DotsForm = "auto",
) -> MapsView:
    """The synapses of a layer with kernels, and the assembly that suits them on a core.

    Parameters
    ----------
    graded: events of some source have values.
    graded_input: those of the network's input do.

    """
    found = _dots(layer, prefix, core, equation, dots, graded_input=graded_input)
    if found is not None:
        return found
    form, family = sums_form(layer, graded=graded), family_of(core)
    neurons = settle = None
    if form == "pairs" and family is not None:
        neurons = neurons_kernel(layer, family, equation, biased=False)
        neurons = None if neurons is None else _periodic(layer, neurons, family)
        settle = _settle(layer, family) if neurons is not None else None
    signed = neurons is not None and family == "v6m"
    sources = tuple(
        view_scatter(layer, s, prefix, graded=graded, graded_input=graded_input)
        for s in range(len(layer.spec.sources))
    )
    rows = _sums(layer, form, graded=graded, signed=signed)
    tables = tuple(source.kernel for source in sources)
    return MapsView(sources, rows, tables, neurons, settle)


def _dots(
    layer: PackedLayer, prefix: str, core: str, equation: str, form: DotsForm, *, graded_input: bool
) -> MapsView | None:
    """Windows of input values, where both these and the neurons have assembly."""
    kernel = choose_dots(layer, core, form, graded_input=graded_input)
    neurons = None
    if kernel is not None:
        neurons = neurons_kernel(layer, "dsp", equation, biased=False, graded=True)
    if kernel is None or neurons is None:
        return None
    view = view_dots(layer, prefix, kernel)
    rows = _sums(layer, "pairs", graded=True, signed=True, variant=kernel.symbol)
    tables = (view.table,) if view.places is None else (view.table, view.places)
    return MapsView((), rows, tables, _periodic(layer, neurons, "dsp"), None, view)


def _periodic(layer: PackedLayer, kernel: NeuronsKernel, family: Family) -> NeuronsKernel:
    """The kernel with tables of as many neurons as repeat by channel and fill words of spikes."""
    count = lcm(layer.spec.channels, SPIKES)
    named = ("beta", "bias", "theta", "reset")
    tables = [name for name in named if getattr(kernel, f"{name}_table")]
    words = count // 2 * (len(tables) + kernel.both_halves)
    if not tables or count >= layer.n or words > MOST_WORDS:
        return kernel
    for name in tables:
        values = layer.wide("reset_to" if name == "reset" else name)
        if not np.array_equal(values, np.resize(values[:count], layer.n)):
            return kernel
    symbol = f"{kernel.symbol.removesuffix(family)}p{words}_{family}"
    return replace(kernel, symbol=symbol, period=words)


def _settle(layer: PackedLayer, family: Family) -> SettleKernel:
    shift = layer.spec.frac_bits
    kept = (0xFFFF << shift) & 0xFFFF
    return SettleKernel(
        f"ops/settle_{family}.S.jinja", f"tsnn_settle{shift}_{family}", shift, kept * 0x10001
    )


def _sums(
    layer: PackedLayer, form: Form, *, graded: bool, signed: bool, variant: str = ""
) -> RowsView:
    """How sums are kept; there are no rows."""
    offset = LANE_OFFSET if form == "pairs" and not signed else 0
    entries = layer.n if form == "wide" else (layer.n + 1) // 2
    return RowsView(
        template="",
        variant=variant or f"scatter_{form}",
        symbol="",
        row_words=0,
        pairs_per_word=0,
        mask="",
        half_mask="",
        blocks=(),
        sums="work_sums32" if form == "wide" else "work_pairs",
        sums_length=-(-entries // BLOCK) * BLOCK,
        wide=form == "wide",
        cap=0,
        chunked=False,
        signed_lanes=form == "lanes",
        gain_log2=0,
        offset=0,
        kernel="",
        graded=graded,
        lane_offset=offset,
        cleared=f"0x{offset * 0x10001:08X}u" if offset else "0u",
    )
