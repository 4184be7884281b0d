"""Which variant a layer runs, and why, in words."""

from __future__ import annotations

import numpy as np

from tinysnn.pack import PackedLayer
from tinysnn.views import obstacles
from tinysnn.views.dots import compare_dots
from tinysnn.views.family import Family, family_of
from tinysnn.views.layer import LayerView
from tinysnn.views.neuron_kernels import NeuronsKernel
from tinysnn.views.row_cost import compare_sparse, events_of
from tinysnn.views.row_kernels import CHUNK, shift_of

INSTRUCTION_SETS = {"dsp": "DSP instructions", "v6m": "ARMv6-M", "helium": "Helium"}


def rows_words(view: LayerView, layer: PackedLayer, core: str) -> str:
    """Who adds the rows of a layer on a core, and why."""
    fallback = ""
    if view.fallback is not None:
        fallback = f"; silent rows beyond {view.fallback.threshold} events"
    if view.dots is not None:
        return f"windows of values, {_by(view.dots.kernel.symbol)}: {_not_by_events(layer)}"
    if view.maps:
        matrix = layer.spec.n_rows * layer.n
        return f"kernels, in C: {layer.n_weights:,} weights; as a matrix {matrix:,}"
    if view.rows.windows:
        return f"sparse, {_by(view.rows.kernel)}: {_zeros(view, layer, core)}{fallback}"
    if view.rows.kernel:
        return f"{_by(view.rows.kernel)}{_not_sparse(view, layer, core)}{fallback}"
    return f"C: {_why_no_rows(view, layer, core)}{fallback}"


def neurons_words(view: LayerView, layer: PackedLayer, core: str) -> str:
    """Who updates the neurons of a layer on a core, and why."""
    kernel = next((k for k in view.kernels if isinstance(k, NeuronsKernel)), None)
    if kernel is not None:
        return f"{_by(kernel.symbol)}{_slower(kernel)}"
    family = family_of(core)
    if family is None:
        return f"C: no assembly for {core}"
    if view.graded:
        return f"C: {_why_no_graded(layer, family)}"
    obstacle = obstacles.of_neurons(layer, family)
    if view.maps and not obstacle:
        return "C: " + ("sums of 32 bits" if view.rows.wide else "an odd number of channels")
    if obstacle:
        return f"C: {obstacle}"
    return f"C: its rows run in C: {_rows_obstacle(layer, family, scaled=True)}"


def _by(symbol: str) -> str:
    """The kind of code that a function's name tells."""
    family = symbol.rpartition("_")[2]
    return f"assembly, {INSTRUCTION_SETS[family]}" if family in INSTRUCTION_SETS else "C"


def _slower(kernel: NeuronsKernel) -> str:
    """What keeps the ARMv6-M update from doing two neurons at once."""
    if not kernel.symbol.endswith("_v6m"):
        return ""
    if kernel.packed:
        return ", two neurons at once"
    why = (
        "a membrane may saturate"
        if kernel.saturates
        else "the decay is not 1 - 2^-k or ranges are wide"
    )
    return f", one neuron at a time: {why}"


def _rows_obstacle(layer: PackedLayer, family: Family, *, scaled: bool) -> str:
    shift = shift_of(layer) if scaled else 0
    return obstacles.of_rows(
        layer, family, in_state_units=scaled, shift=shift, chunk=CHUNK[layer.spec.bits]
    )


def _why_no_rows(view: LayerView, layer: PackedLayer, core: str) -> str:
    family = family_of(core)
    if family is None:
        return f"no assembly for {core}"
    if view.graded:
        return _why_no_graded(layer, family)
    return _rows_obstacle(layer, family, scaled=False)


def _why_no_graded(layer: PackedLayer, family: Family) -> str:
    """Why no assembly runs a layer whose events have values: it does rows and neurons, or none."""
    if family == "v6m":
        return "graded input"
    obstacle = obstacles.of_neurons(layer, family, graded=True)
    return f"graded input, {obstacle or 'sums too wide for two in 64 bits'}"


def _not_by_events(layer: PackedLayer) -> str:
    """What made windows of values the choice."""
    windows, by_events = compare_dots(layer)
    return f"about {windows:,.0f} < {by_events:,.0f} instructions by events, in C"


def _zeros(view: LayerView, layer: PackedLayer, core: str) -> str:
    share = 100 * float((layer.rows == 0).mean())
    sparse, dense = _compared(view, layer, core)
    return (
        f"{share:.0f} % zeros, about {sparse:,.0f} < {dense:,.0f} instructions for"
        f" {events_of(layer):.3g} events"
    )


def _not_sparse(view: LayerView, layer: PackedLayer, core: str) -> str:
    """Why the zeros of a layer with many are kept; empty for others."""
    share = float((layer.rows == 0).mean())
    if share < 0.5 or layer.spec.bits == 1 or core not in _COMPARED:
        return ""
    sparse, dense = _compared(view, layer, core)
    return f"; {100 * share:.0f} % zeros, but sparse takes about {sparse:,.0f} > {dense:,.0f}"


_COMPARED = ("cortex-m0", "cortex-m0plus", "cortex-m3", "cortex-m4", "cortex-m7", "cortex-m33")


def _compared(view: LayerView, layer: PackedLayer, core: str) -> tuple[float, float]:
    """Instructions of sparse and of dense rows, as the choice took them."""
    windows = max(1, len(view.rows.windows), -(-layer.n // 256))
    words = int(((np.count_nonzero(layer.rows, axis=1) + 1) // 2).sum())
    return compare_sparse(layer, core, words=words, windows=windows)
