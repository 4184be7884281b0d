"""What a pack costs on a core: instructions by layer, and why each layer runs as it does."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tinysnn.boards import Core
from tinysnn.cost.activity import Activity, LayerActivity
from tinysnn.cost.coefficients import coefficients
from tinysnn.cost.layers import bill_layer, bill_step
from tinysnn.cost.reasons import neurons_words, rows_words
from tinysnn.pack import Pack, PackedLayer
from tinysnn.state import state_layout
from tinysnn.views.axis import spread
from tinysnn.views.layer import LayerView, view_layer
from tinysnn.views.scatter import WINDOWS_BYTES


@dataclass(frozen=True)
class LayerCost:
    """One layer on a core."""

    name: str
    rows: str
    """Who adds its rows, and why."""
    neurons: str
    """Who updates its neurons, and why."""
    instructions_per_tick: float | None
    """None: the cost model knows nothing of this core, or of something that the layer does."""
    synaptic_operations_per_tick: float
    """Weights of the rows of all events, whether 0 or not."""
    events_per_tick: float
    skipped_ticks: float
    """Part of the ticks, 0..1."""
    flash_bytes: int
    """Its tables."""
    ram_bytes: int
    """Its state; the work area is shared by all layers."""


@dataclass(frozen=True)
class Prediction:
    """A pack on a core."""

    core: str
    activity: str
    """What the numbers of events and spikes come from."""
    layers: tuple[LayerCost, ...]
    step_instructions: float | None
    """Per tick: the call of the step, and its output."""
    instructions_per_tick: float | None

    def per_second(self, dt_s: float | None) -> float | None:
        """Instructions per second of a network in real time; None without a time step."""
        return (
            None
            if not dt_s or self.instructions_per_tick is None
            else self.instructions_per_tick / dt_s
        )


def knows(core: str) -> bool:
    """Whether this core was measured."""
    return core in coefficients().c


def predict(pack: Pack, core: Core, activity: Activity) -> Prediction:
    """Mean instructions of a tick, gcc -O2, with some activity."""
    views = [view_layer(pack, k, core) for k in range(len(pack.layers))]
    layers = tuple(_layer(pack, view, core, activity) for view in views)
    last = activity.layers[pack.meta.output]
    step = None
    if knows(core):
        step = last.mean(bill_step(pack, activity).total(coefficients(), core))
    known = [c.instructions_per_tick for c in layers if c.instructions_per_tick is not None]
    total = None if step is None or len(known) < len(layers) else step + sum(known)
    return Prediction(core, activity.words, layers, step, total)


def _layer(pack: Pack, view: LayerView, core: Core, activity: Activity) -> LayerCost:
    layer, ticks = pack.layers[view.index], activity.layers[view.index]
    instructions = None
    if knows(core):
        bill = bill_layer(view, layer, core, ticks)
        instructions = None if bill.unknown else ticks.mean(bill.total(coefficients(), core))
    events = ticks.mean(ticks.events)
    return LayerCost(
        name=layer.name,
        rows=rows_words(view, layer, core),
        neurons=neurons_words(view, layer, core),
        instructions_per_tick=instructions,
        synaptic_operations_per_tick=_operations(layer, ticks),
        events_per_tick=events,
        skipped_ticks=ticks.mean(1 - ticks.ran),
        flash_bytes=sum(_table_bytes(t.ctype) * t.length for t in view.tables)
        + sum(WINDOWS_BYTES * (s.down.length + s.right.length) for s in view.maps),
        ram_bytes=sum(f.n_bytes for f in state_layout(pack) if f.layer == view.index),
    )


def _operations(layer: PackedLayer, ticks: LayerActivity) -> float:
    """Sums that the events of a tick add to."""
    if not layer.spec.has_kernels:
        return ticks.mean(ticks.events) * layer.n
    return sum(
        ticks.mean(active.events) * spread(source.map)
        for active, source in zip(ticks.sources, layer.spec.sources, strict=True)
        if source.map is not None
    )


def _table_bytes(ctype: str) -> int:
    return int(np.dtype(ctype.removesuffix("_t")).itemsize)
