"""Assembly kernels: which a layer uses on a core.

A kernel is a function with everything fixed that changes its instructions; layers alike share one,
and models too (the functions are weak). Layers that fit none run the C of ops/*.c.jinja.
"""

from __future__ import annotations

from tinysnn.pack import PackedLayer
from tinysnn.views.family import family_of
from tinysnn.views.neuron_kernels import NeuronsKernel, neurons_kernel
from tinysnn.views.row_kernels import RowsKernel, rows_kernel


def choose(
    layer: PackedLayer, core: str, equation: str, *, graded: bool
) -> tuple[RowsKernel | None, NeuronsKernel | None]:
    """The kernels of a layer on a core; None where C does it."""
    family = family_of(core)
    if family is None or graded:
        return None, None
    biased = layer.spec.bits < 8 or family == "v6m"
    neurons = neurons_kernel(layer, family, equation, biased=biased)
    if neurons is not None:
        rows = rows_kernel(layer, family, in_state_units=True)
        if rows is not None:
            return rows, neurons
    return rows_kernel(layer, family, in_state_units=False), None
