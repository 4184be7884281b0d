"""What drives the cost of a layer's neurons, in ticks that are not skipped."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tinysnn.cost.activity import LayerActivity
from tinysnn.cost.bill import Bill
from tinysnn.pack import PackedLayer
from tinysnn.views.layer import LayerView
from tinysnn.views.neuron_kernels import NeuronsKernel, same


def neurons(bill: Bill, view: LayerView, layer: PackedLayer, activity: LayerActivity) -> None:
    """Charge for the update, whoever does it."""
    kernel = next((k for k in view.kernels if isinstance(k, NeuronsKernel)), None)
    if kernel is None:
        compiled(bill, view, layer, activity)
        return
    bill.charge("neurons.kernel", activity.ran)
    family = kernel.symbol.rpartition("_")[2]
    if family == "dsp":
        _dsp(bill, kernel, layer.n, activity)
    elif kernel.packed:
        _v6m_packed(bill, kernel, layer.n, activity)
    else:
        _v6m_single(bill, kernel, layer.n, activity)
    if view.may_skip and view.cell.watch_fired:
        bill.charge("hot", activity.ran)
        bill.charge("hot.word", activity.ran * view.spike_words)


def _marked(bill: Bill, prefix: str, marks: Mapping[str, object], quantity: np.ndarray) -> None:
    bill.charge(prefix, quantity)
    for mark, applies in marks.items():
        if applies:
            bill.charge(f"{prefix}, {mark}", quantity)


def _dsp(bill: Bill, k: NeuronsKernel, n: int, activity: LayerActivity) -> None:
    """Nothing depends on values: what a pair takes, and a word, and a call."""
    pairs, whole = n // 2, n // 2 // 16
    multiplies = k.decay == "mul"
    setup = {
        "decay": multiplies and not k.beta_table,
        "multiplies": multiplies,
        "no thresholds": not k.theta_table,
        "tables": k.tables,
        "reset": k.reset_register not in ("", k.zero_register),
        "zero": k.zero_register,
        "constant": k.constant == "pair",
        "whole words": whole,
        "rest": pairs % 16,
        "tables repeat": k.period,
        "constant on the stack": k.keeps_constant,
        "two pairs after fours": k.unroll == 4 and pairs % 4 > 0,
    }
    _marked(bill, "dsp/lif", setup, activity.ran)
    bill.charge("dsp/lif.word", activity.ran * whole)
    if k.period:
        bill.charge("dsp/lif.word, tables repeat", activity.ran * -(-pairs // 16))
    each = {
        "one at a time": k.unroll == 1,
        "two at a time": k.unroll == 2,
        "four at a time, constant from the stack": k.keeps_constant,
        "four at a time, constant": k.keeps_constant and k.constant == "pair",
        "biases": k.bias_table and not k.both_halves,
        "biases beside decays": k.bias_table and k.both_halves,
        "constant": k.constant == "pair",
        "multiplies": multiplies,
        "decays": multiplies and k.beta_table,
        "decay from a half": multiplies and k.whole,
        "decays on both sides of a half": multiplies and k.both_halves,
        "thresholds": k.theta_table,
        "thresholds, one at a time": k.theta_table and k.unroll == 1,
        "gt": k.compare == "gt" and k.reset == "subtract",
        "resets": k.reset != "none",
        "resets to a table": k.reset_table,
        "no zero": not k.zero_register,
    }
    _marked(bill, "dsp/lif.pair", each, activity.ran * pairs)


def _v6m_words(bill: Bill, name: str, pairs: int, activity: LayerActivity) -> None:
    bill.charge(f"v6m/{name}.word", activity.ran * -(-pairs // 16))
    bill.charge(f"v6m/{name}.rest", activity.ran * (pairs % 16 > 0))


def _v6m_packed(bill: Bill, k: NeuronsKernel, n: int, activity: LayerActivity) -> None:
    """Two membranes in a word; pairs of which one fired take a side path."""
    decay = f"{k.decay}{' rounded' * (k.shift_round > 0)}"
    setup = {"shift": k.decay == "shift", "thresholds": k.theta_table}
    _marked(bill, "v6m/packed", setup, activity.ran)
    _v6m_words(bill, "packed", n // 2, activity)
    bill.charge(f"v6m/packed.pair {decay}", activity.ran * (n // 2))
    bill.charge("v6m/packed.pair, thresholds", activity.ran * (n // 2) * k.theta_table)
    side = {
        f"{k.reset}": k.reset != "none",
        "gt": k.compare == "gt" and k.reset == "subtract",
        "thresholds": k.theta_table,
        "shift": k.decay == "shift",
    }
    _marked(bill, "v6m/packed.fired pair", side, activity.fired_pairs * activity.ran)


def _v6m_single(bill: Bill, k: NeuronsKernel, n: int, activity: LayerActivity) -> None:
    """One membrane after the other; those that fire take a side path."""
    setup = {k.constant: True, "thresholds": k.theta_table}
    _marked(bill, "v6m/single", setup, activity.ran)
    _v6m_words(bill, "single", n // 2, activity)
    each = {
        "constant": k.constant == "pair",
        "saturates": k.saturates,
        "thresholds": k.theta_table,
    }
    _marked(bill, "v6m/single.pair", each, activity.ran * (n // 2))
    side = {
        f"{k.reset}": k.reset != "none",
        "gt": k.compare == "gt" and k.reset == "subtract",
        "thresholds": k.theta_table and k.reset == "subtract",
    }
    _marked(bill, "v6m/single.fired", side, activity.fired * activity.ran)


def compiled(bill: Bill, view: LayerView, layer: PackedLayer, activity: LayerActivity) -> None:
    """Charge for the loop over neurons in C."""
    spec, cell, width = layer.spec, view.cell, layer.spec.state_bits
    kind = "lif" if spec.fires else "li"
    ran, every = activity.ran, activity.ran * layer.n
    bill.charge(f"{kind}", ran)
    if spec.fires:
        bill.charge("lif.word", ran * view.spike_words)
    align = "up" if spec.frac_bits > 0 else "down" if spec.frac_bits < 0 else "as is"
    lanes = "wide" if view.rows.wide else "biased" if view.rows.offset else "signed"
    bill.charge(f"{kind}{width}.neuron, decay {cell.beta_kind}", every)
    bill.charge(f"neuron, sums {lanes} {align}", every)
    if spec.has_current:
        bill.charge(f"neuron, current{width} decay {_kind(layer.alpha)}", every)
        bill.charge(f"neuron, current{width} watched", every * cell.watch_active)
        bill.charge(f"neuron, current{width} before spikes", every * spec.fires)  # registers
    _parameters(bill, layer, every)
    if "tsnn_sat" in cell.next_value:
        bill.charge(f"neuron, saturates{width}", every)
    if cell.clip_high:
        bill.charge(f"neuron, clipped{width}, {spec.reset}", every)
    if cell.watch_membrane and not spec.has_current:
        bill.charge("neuron, membrane watched", every)
    if cell.next_tick_reset:
        bill.charge("neuron, late reset", every)
        bill.charge(f"fired before, {spec.reset}", activity.fired_before * ran)
    if spec.fires:
        if not cell.next_tick_reset:  # conditional instructions count whether or not it fires
            whole = " whole words" if layer.n % 32 == 0 else ""
            bill.charge(f"neuron, may reset: {spec.reset}{whole}", every)
        bill.charge("fired", activity.fired * ran)
        bill.charge(
            f"fired, {spec.reset} {'late' * bool(cell.next_tick_reset)}", activity.fired * ran
        )
        if "tsnn_sat" in cell.same_tick_reset:
            bill.charge("fired, saturates", activity.fired * ran)


def _parameters(bill: Bill, layer: PackedLayer, every: np.ndarray) -> None:
    """Tables of parameters take a load or two, constants other than 0 an addition."""
    if not same(layer.wide("bias")):
        bill.charge("neuron, biases", every)
    elif layer.wide("bias")[0]:
        bill.charge("neuron, bias", every)
    if layer.spec.fires and not same(layer.wide("theta")):
        bill.charge("neuron, thresholds", every)
    if layer.spec.reset == "zero" and not same(layer.wide("reset_to")):
        bill.charge("neuron, resets", every)
    named = ("beta", "alpha", "bias", "theta", "reset_to")
    tables = sum(not same(layer.wide(name)) for name in named)
    if tables > 1:  # registers run out
        bill.charge(f"neuron, {'two' if tables == 2 else 'more'} tables", every)


def _kind(decay: np.ndarray | None) -> str:
    from tinysnn.views.cell import decay_kind

    return "none" if decay is None else decay_kind(decay)
