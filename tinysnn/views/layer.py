"""One layer for the templates."""

from __future__ import annotations

from dataclasses import dataclass

from tinysnn.pack import Pack, PackedLayer, Source
from tinysnn.views import helium
from tinysnn.views.cell import CellView, equation, view_cell
from tinysnn.views.dots import DotsKernel, DotsView
from tinysnn.views.fallback import FallbackView, totals_table, view_fallback
from tinysnn.views.graded import GradedKernel, choose_graded, view_graded
from tinysnn.views.kernels import choose
from tinysnn.views.learn import LayerLearnView, view_layer_learn
from tinysnn.views.maps import SettleKernel, view_maps
from tinysnn.views.neuron_kernels import NeuronsKernel
from tinysnn.views.past import NOT_LATE, LateView, view_late
from tinysnn.views.row_kernels import RowsKernel
from tinysnn.views.row_options import AUTO, RowOptions
from tinysnn.views.rows import RowsView, learned_rows, view_rows
from tinysnn.views.scatter import ScatterView
from tinysnn.views.sparse import SparseKernel, choose_sparse, view_sparse
from tinysnn.views.table import Tables, TableView

Kernel = (
    RowsKernel
    | helium.HeliumRows
    | SparseKernel
    | GradedKernel
    | SettleKernel
    | DotsKernel
    | NeuronsKernel
)
Kernels = tuple[Kernel, ...]


@dataclass(frozen=True)
class SourceView:
    """Where a block of a layer's rows gets its events from."""

    is_input: bool
    """From the list of this tick's input."""
    spikes: str
    """Where its spikes are, as C; empty for input and values."""
    n: int
    n_words: int
    first_row: int
    value: str
    """Value of its event number e, as C, in layers whose events have values."""
    late: LateView = NOT_LATE


@dataclass(frozen=True)
class LayerView:
    """A layer: what it is, its names in the state struct, its synapses and its neurons."""

    index: int
    prefix: str
    words: str
    n: int
    fires: bool
    has_current: bool
    may_skip: bool
    graded: bool
    spike_value: int
    n_rows: int
    takes_input: bool
    direct_input: bool
    sources: tuple[SourceView, ...]
    v: str
    i: str
    spikes: str
    spike_words: int
    idle: str
    hot: str
    rows: RowsView
    cell: CellView
    tables: tuple[TableView, ...]
    kernels: Kernels
    """Assembly that the layer calls."""
    maps: tuple[ScatterView, ...]
    """The sources of a layer with kernels; empty: it has rows."""
    settle: str
    """The assembly that brings their sums to state units; empty: none."""
    dots: DotsView | None
    """Products of windows of input values with kernels, in place of events; None: no such thing."""
    fallback: FallbackView | None
    """What is done in ticks in which most rows are active; None: nothing else."""
    learn: LayerLearnView | None = None
    """How the layer learns; None: it does not."""


def model_prefix(pack: Pack) -> str:
    """Prefix of everything a model defines in C."""
    return f"tsnn_{pack.name}"


def view_layer(pack: Pack, k: int, core: str, options: RowOptions = AUTO) -> LayerView:
    """Layer k of a pack, with its kernel chosen for a core."""
    layer = pack.layers[k]
    spec = layer.spec
    prefix = f"{model_prefix(pack)}_l{k}"
    graded = spec.reads_values(graded_input=pack.graded_input)
    late, late_tables = view_late(pack, k, prefix)
    sources = _sources(pack, layer, late)
    maps = None
    if spec.has_kernels:
        maps = view_maps(
            layer,
            prefix,
            core,
            equation(layer),
            graded=graded,
            graded_input=pack.graded_input,
            dots=options.dots,
        )
        rows, rows_tables = maps.rows, maps.tables
        multiply = maps.dots.kernel if maps.dots is not None else None
        called = (maps.settle, multiply, maps.neurons)
        kernels: Kernels = tuple(k for k in called if k is not None)
    else:
        rows, rows_tables, kernels = _rows(layer, prefix, core, options, graded=graded)
    neurons_kernel = next((k for k in kernels if isinstance(k, NeuronsKernel)), None)
    learn = view_layer_learn(pack, k, prefix)
    plain = not any(late) and learn is None and maps is None
    fallback = view_fallback(
        layer, core, rows, kernels, wanted=options.dense_fallback if plain else "never"
    )
    if fallback is not None:
        rows_tables += (totals_table(layer, rows, kernels, fallback),)
    tables = Tables(prefix, layer.n)
    cell = view_cell(layer, rows, tables, neurons_kernel)
    return LayerView(
        index=k,
        prefix=prefix,
        words=_words(pack, layer),
        n=layer.n,
        fires=spec.fires,
        has_current=spec.has_current,
        may_skip=spec.may_skip,
        graded=graded,
        spike_value=spec.spike_value,
        n_rows=spec.n_rows,
        takes_input=any(source.is_input for source in sources),
        direct_input=len(sources) == 1 and sources[0].is_input and maps is None,
        sources=sources,
        v=f"l{k}_v",
        i=f"l{k}_i",
        spikes=f"l{k}_spikes",
        spike_words=-(-layer.n // 32),
        idle=f"l{k}_idle",
        hot=f"l{k}_hot",
        rows=rows,
        cell=cell,
        tables=(*rows_tables, *late_tables, *tables.made, *(learn.tables if learn else ())),
        kernels=kernels,
        maps=() if maps is None else maps.sources,
        settle="" if maps is None or maps.settle is None else maps.settle.symbol,
        dots=None if maps is None else maps.dots,
        fallback=fallback,
        learn=learn,
    )


def _rows(
    layer: PackedLayer, prefix: str, core: str, options: RowOptions, *, graded: bool
) -> tuple[RowsView, tuple[TableView, ...], Kernels]:
    """The synapses, sparse or dense, their tables, and the assembly for them and the neurons."""
    words = equation(layer)
    if layer.spec.learn is not None:
        return learned_rows(layer, graded=graded), (), ()
    if graded:
        chosen = choose_graded(layer, core, words)
        rows, table = view_graded(layer, prefix, core, chosen[0] if chosen else None)
        only_neurons = helium.choose(layer, core, words, graded=True)
        return rows, (table,), chosen or tuple(k for k in only_neurons or () if k is not None)
    sparse = choose_sparse(layer, core, words, form=options.rows, graded=False)
    if sparse is not None:
        rows, tables = view_sparse(layer, prefix, sparse[0])
        return rows, tables, tuple(k for k in sparse if k is not None and k.template)
    dense: tuple[RowsKernel | helium.HeliumRows | None, NeuronsKernel | None]
    with_helium = helium.choose(layer, core, words, graded=False)
    dense = choose(layer, core, words, graded=False) if with_helium is None else with_helium
    rows, table = view_rows(layer, prefix, core, dense[0])
    return rows, (table,), tuple(k for k in dense if k is not None)


def _sources(
    pack: Pack, layer: PackedLayer, late: tuple[LateView | None, ...]
) -> tuple[SourceView, ...]:
    views, first_row = [], 0
    for source, past in zip(layer.spec.sources, late, strict=True):
        is_input = source.layer is None and past is None
        now = "" if source.layer is None else f"st->l{source.layer}_spikes"
        spikes, n_words = now if past is None else past.spikes, -(-source.n // 32)
        value = _value(pack, layer, source, first_row)
        view = SourceView(is_input, spikes, source.n, n_words, first_row, value, past or NOT_LATE)
        views.append(view)
        first_row += source.n
    return tuple(views)


def _value(pack: Pack, layer: PackedLayer, source: Source, first_row: int) -> str:
    """C of the value of a source's event number e."""
    if source.layer is None:
        return "in->value[e]" if pack.graded_input else "1"
    if source.most > 1:
        return f"st->l{source.layer}_counts[(uint32_t)events[e] - {first_row}u]"
    return str(layer.spec.spike_value)


def _words(pack: Pack, layer: PackedLayer) -> str:
    names = ["input" if s.layer is None else pack.layers[s.layer].name for s in layer.spec.sources]
    text = f'{layer.spec.op} "{layer.name}", {layer.n} neurons, from {", ".join(names)}'
    safe = "".join(c if c.isascii() and c.isprintable() else "?" for c in text)
    return safe.replace("*/", "* /").replace("/*", "/ *").replace("\\", "/")
