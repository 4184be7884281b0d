"""What drives the cost of the synapses of feature maps: by events, or by windows of values."""

from __future__ import annotations

import numpy as np

from tinysnn.cost.activity import LayerActivity, SourceActivity
from tinysnn.cost.bill import Bill, Floats
from tinysnn.cost.synapses import list_spikes
from tinysnn.pack import PackedLayer
from tinysnn.views.dots import DotsView
from tinysnn.views.layer import LayerView
from tinysnn.views.scatter import AxisTable, ScatterView

FILLED = 4
"""Words that are cleared side by side."""
SETTLED = 8
"""Words of sums that the assembly brings to state units side by side."""


def maps(
    bill: Bill, view: LayerView, layer: PackedLayer, activity: LayerActivity, family: str
) -> None:
    """Charge for events and sums; `family`: the assembly that lists who fired, empty for C.

    Events are taken to be spread evenly over a map: at its edges they meet fewer windows.
    """
    some = activity.ran * np.minimum(activity.events, 1.0)
    bill.charge("maps", activity.ran)
    if view.dots is not None:
        _windows(bill, view.dots, activity, some)
        bill.charge("maps.clear", (activity.ran - some) * view.rows.sums_length / FILLED)
        return
    for scattered in view.maps:
        source, active = view.sources[scattered.index], activity.sources[scattered.index]
        if not source.is_input:
            bill.charge("maps.list", float(-(-source.n_words // scattered.list_words)))
            list_spikes(bill, active, source.n_words, family)
        _scatter(bill, scattered, layer.spec.bits, active)
    bill.charge("maps.clear", activity.ran * view.rows.sums_length / FILLED)
    if view.settle:
        settle = f"{view.settle.rpartition('_')[2]}/settle"
        bill.charge(f"{settle}.call", some)
        bill.charge(f"{settle}.words", some * view.rows.sums_length / SETTLED)
    elif not view.cell.neurons.kernel:
        _tables(bill, view, layer, activity.ran * layer.n)


def _tables(bill: Bill, view: LayerView, layer: PackedLayer, every: Floats) -> None:
    """Neurons in C find their channel by a mask, or by a product where it is no power of two."""
    bill.charge(f"maps.neuron {view.rows.variant}", every)
    tables = [t for t in (layer.beta, layer.theta, layer.bias) if t is not None and t.size > 1]
    if tables:
        bill.charge("maps.neuron, tables", every)
        bill.charge("maps.neuron, tables by product", every * (tables[0].size.bit_count() > 1))


def _scatter(bill: Bill, s: ScatterView, bits: int, active: SourceActivity) -> None:
    """One source: each event goes to the lines and places of windows that cover it."""
    loop = s.form == "pairs" and (s.place_weights != s.whole or s.place_weights > FILLED)
    name = f"maps.{s.form}{' loop' * loop}{' valued' * s.valued}"
    lines = active.events * _mean(s.down)
    places = lines * _mean(s.right)
    bill.charge(name, np.minimum(active.events, 1.0))
    bill.charge(f"{name}.event", active.events)
    for found, text in (("channel", s.channel), ("line", s.y)):
        if text != "0u":  # a shift or a mask, or division by a product
            bill.charge(f"maps.event, {found}", active.events)
            bill.charge(f"maps.event, {found} by product", active.events * ("*" in text))
    bill.charge(f"{name}.line", lines)
    bill.charge(f"{name}.place", places)
    if s.form == "pairs":
        bill.charge(f"{name}.add {bits}", places * -(-s.channels // 2))
    else:
        bill.charge(f"{name}.add", places * s.channels)


def _mean(axis: AxisTable) -> float:
    """Windows that cover a place of an axis."""
    return sum(count for _, _, count in axis.entries) / axis.length


def _windows(bill: Bill, d: DotsView, activity: LayerActivity, some: Floats) -> None:
    """Values are laid out, then every window is multiplied, whatever is in it."""
    calls = some * (d.rows * d.columns)
    bill.charge("windows", some)
    bill.charge(f"windows.event{', places' * (d.places is not None)}", activity.events * some)
    bill.charge("windows.clear", some * d.input_words / FILLED)
    bill.charge("windows.row", some * d.rows)
    bill.charge("windows.place", calls)
    if d.copied:
        bill.charge("windows.copy", calls)
        bill.charge("windows.copy.run", calls * d.runs)
        bill.charge("windows.copy.value", calls * (d.runs * d.run))
    loop = ", in a loop" * d.kernel.loop
    bill.charge(f"dsp/dots.call{loop}", calls)
    bill.charge(f"dsp/dots.pair{loop}", calls * d.n_pairs)
    bill.charge("dsp/dots.pair, shifted", calls * d.n_pairs * (d.kernel.frac_bits != 0))
    bill.charge(f"dsp/dots.quad{loop}", calls * (d.n_pairs * d.kernel.quads))
