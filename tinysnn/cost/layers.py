"""What drives the cost of a layer's tick and of a whole step."""

from __future__ import annotations

import numpy as np

from tinysnn.cost.activity import Activity, LayerActivity
from tinysnn.cost.bill import Bill
from tinysnn.cost.maps import maps
from tinysnn.cost.neurons import neurons
from tinysnn.cost.synapses import events, rows
from tinysnn.pack import Pack, PackedLayer
from tinysnn.past import slots
from tinysnn.views.family import family_of
from tinysnn.views.layer import LayerView

STORED_WORDS = 7
"""Words that gcc clears by stores; more by a call of memset."""


def bill_layer(view: LayerView, layer: PackedLayer, core: str, activity: LayerActivity) -> Bill:
    """All terms of one layer, tick by tick."""
    bill = Bill(np.zeros(activity.weight.size), unknown=not_measured(view, layer))
    if not layer.spec.has_kernels:
        events(bill, view, activity, family_of(core) or "")
    whole = " in assembly" if view.rows.kernel and view.cell.neurons.kernel else ""
    bill.charge(f"layer{whole}", activity.ran)
    bill.charge("past.source", float(sum(bool(source.late.spikes) for source in view.sources)))
    if view.may_skip:
        bill.charge(f"may skip{whole}", activity.ran)
        bill.charge(f"skipped{whole}", 1 - activity.ran)
        _skip(bill, view, activity)
    if layer.spec.has_kernels:
        maps(bill, view, layer, activity, family_of(core) or "")
    else:
        rows(bill, view, layer, activity)
    neurons(bill, view, layer, activity)
    return bill


def not_measured(view: LayerView, layer: PackedLayer) -> str:
    """What the layer does that the model's costs were not measured with; empty: nothing."""
    if any(source.late.prepare or source.late.values for source in view.sources):
        return "delays by unit, or of values"
    if any(source.most > 1 for source in layer.spec.sources):
        return "numbers of spikes"
    if layer.spec.learn is not None:
        return "weights that learn"
    return "" if layer.is_plain else "special neurons"


def _skip(bill: Bill, view: LayerView, activity: LayerActivity) -> None:
    if view.fires:
        if view.spike_words > STORED_WORDS:
            bill.charge("skipped.clear", 1 - activity.ran)
            bill.charge_memset(view.spike_words, 1 - activity.ran)
        else:
            bill.charge("skipped.word", (1 - activity.ran) * view.spike_words)
    kind, late = view.cell.beta_kind, activity.idle > 0
    bill.charge(f"catch up, decay {kind}", late.astype(np.float64))
    if kind == "one":
        return
    ticks = np.rint(activity.idle).astype(np.int64)
    length = np.array([int(count).bit_length() for count in ticks], np.float64)
    ones = np.array([int(count).bit_count() for count in ticks], np.float64)
    leak = view.cell.leak.removeprefix("tsnn_leak")
    if kind == "each":
        bill.charge("catch up.neuron", late.astype(np.float64) * view.n)
        bill.charge("catch up.neuron.bit", length * view.n)
        bill.charge(f"catch up.neuron.decay {leak}", ones * view.n)
        return
    bill.charge("catch up.bit", length)
    bill.charge(f"catch up.decay {leak}", ones * view.n)


def bill_step(pack: Pack, activity: Activity) -> Bill:
    """The step around the layers: its call, and the output."""
    bill = Bill(np.zeros(activity.output.events.size))
    bill.charge("step", 1.0)
    for k in slots(pack.layers):
        n = pack.meta.n_in if k is None else pack.layers[k].n
        bill.charge("past.ring", 1.0)
        bill.charge("past.word", float(-(-n // 32)))
    if not pack.output_layer.spec.gives_values:
        words = -(-pack.n_out // 32)
        bill.charge("output.word", float(words))
        bill.charge("output.active word", activity.output.words)
        bill.charge("output.event", activity.output.events)
    else:
        bill.charge(f"output.values{pack.output_layer.spec.state_bits}", 1.0)
        bill.charge(f"output.value{pack.output_layer.spec.state_bits}", float(pack.n_out))
    return bill
