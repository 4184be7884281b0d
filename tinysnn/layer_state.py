"""What one layer carries from tick to tick, and one tick of it (SPEC.md section 1)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import numpy.typing as npt

from tinysnn.ops import current, li, lif, rows, scatter
from tinysnn.ops.fixed import ONE_Q16, Ints, align, leak_nearest, leak_zero
from tinysnn.ops.idle import catch_up
from tinysnn.pack import PackedLayer
from tinysnn.state import spike_words

MAX_IDLE = (1 << 32) - 1
Adder = Callable[[npt.NDArray[np.intp], "npt.NDArray[np.int64] | None"], Ints]
"""Events of a tick, and their values, to what they add to each neuron."""


class LayerState:
    """What one layer carries from tick to tick."""

    def __init__(self, layer: PackedLayer) -> None:
        self.layer = layer
        self.rows = layer.rows
        self.bias = layer.wide("bias")
        self.sums: Ints = np.zeros(layer.n, np.int64)
        self.v: Ints = layer.wide("v_init").copy()
        self.i: Ints = np.zeros(layer.n, np.int64)
        self.fired: Ints = np.zeros(layer.n, np.int64)
        """Spikes of the last tick."""
        self.kept = lif.memory(layer, (layer.n,))
        self.idle = 0
        self.hot = bool(self.v.any())
        self.add: Adder | None = None
        """What a tick's events add, where a rule of learning says something else than rows."""

    def tick(self, index: npt.NDArray[np.intp], value: npt.NDArray[np.int64] | None) -> None:
        """One tick with the given active rows and their values."""
        layer, spec = self.layer, self.layer.spec
        if spec.may_skip and index.size == 0 and not self.hot:
            self.idle = min(self.idle + 1, MAX_IDLE)
            self.fired = np.zeros(layer.n, np.int64)
            return
        if self.idle:
            leak = leak_nearest if spec.fires else leak_zero
            self.v = catch_up(self.v, layer.wide("beta"), leak, self.idle)
            if self.kept.a is not None:
                self.kept.a = catch_up(self.kept.a, layer.wide("rho"), leak_zero, self.idle)
            self.idle = 0
        add = partial(synapses, layer, self.rows) if self.add is None else self.add
        self.sums = add(index, value)
        y = align(self.sums, spec.frac_bits) + self.bias
        if spec.has_current:
            self.i = y = current.step(self.i, y, layer.wide("alpha"), spec.state_bits)
        if spec.fires:
            self.v, self.fired = lif.step(layer, self.v, y, self.fired, self.kept)
            self.hot = bool(lif.hot(layer, self.v, self.fired, self.kept))
        else:
            self.v = li.step(layer, self.v, y)
            self.hot = bool(self.v.any()) and not bool((layer.wide("beta") == ONE_Q16).all())
        self.hot = self.hot or (spec.has_current and bool(self.i.any()))

    def field(self, name: str) -> npt.NDArray[np.int64]:
        """A state field by its name without the layer prefix."""
        if name == "spikes":
            return spike_words(self.fired > 0).astype(np.int64)
        if name == "counts":
            return self.fired
        if name in ("a", "wait"):
            return np.asarray(getattr(self.kept, name))
        if name in ("idle", "hot"):
            return np.array([int(getattr(self, name))], np.int64)
        return np.asarray(getattr(self, name))


def synapses(
    layer: PackedLayer,
    weights: npt.NDArray[np.int8],
    index: npt.NDArray[np.intp],
    value: npt.NDArray[np.int64] | None,
) -> Ints:
    """What a tick's events add to the neurons of a layer with these rows, or its kernels; [n]."""
    if not layer.spec.has_kernels:
        return rows.accumulate(weights, index, value)
    total = np.zeros(layer.n, np.int64)
    values = np.ones(index.size, np.int64) if value is None else value
    first = 0
    for source, kernel in zip(layer.spec.sources, layer.kernels, strict=True):
        assert source.map is not None  # the rules see to it
        own = (index >= first) & (index < first + source.n)
        total += scatter.accumulate(source.map, kernel, index[own] - first, values[own], layer.n)
        first += source.n
    return total
