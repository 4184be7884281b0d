"""What keeps a layer from running in assembly, in words: empty where nothing does.

`tinysnn.views.kernels` chooses by this, and `tinysnn inspect` shows it.
"""

from __future__ import annotations

from typing import Literal

from tinysnn.ops.fixed import ONE_Q16, STATE_RANGE
from tinysnn.pack import PackedLayer

Family = Literal["dsp", "v6m"]


def of_neurons(layer: PackedLayer, family: Family, *, graded: bool = False) -> str:
    """Why no assembly updates these neurons; `graded`: the row-add shifts and rounds its sums."""
    spec = layer.spec
    if not layer.is_plain:
        return _special(layer)
    if spec.op != "lif":
        return "a synaptic current" if spec.has_current else "neurons that do not fire"
    if spec.state_bits != 16:
        return "32-bit membranes"
    if spec.frac_bits < 0 and not graded:
        return "sums are rounded"
    if spec.reset_timing != "same-tick":
        return "reset in the next tick"
    if layer.n % 2:
        return "an odd number of neurons"
    beta, theta = layer.wide("beta"), layer.wide("theta")
    mixed = not bool((2 * beta >= ONE_Q16).all() or (2 * beta < ONE_Q16).all())
    if mixed and family == "v6m":
        return "decays on both sides of 1/2"
    if mixed and bool((beta == ONE_Q16).any()):
        return "decays of 1 and below 1/2"
    if not bool((theta >= 0).all() and (theta < STATE_RANGE[16][1]).all()):
        return "a threshold below 0 or at the end of the range"
    return _differs(layer) if family == "v6m" else ""


def _special(layer: PackedLayer) -> str:
    """What its neurons do that assembly does not know."""
    spec = layer.spec
    found = {
        "spikes that are counted": spec.counts,
        "an adaptive threshold": layer.rho is not None,
        "a refractory period": layer.refractory is not None,
        "a lower bound of the membrane": layer.v_min is not None,
        "a reset that drops input": spec.reset_drops_input,
    }
    return next(words for words, is_so in found.items() if is_so)


def _differs(layer: PackedLayer) -> str:
    """What differs from neuron to neuron and must not on small cores."""
    for name, words in (("beta", "decays"), ("bias", "biases"), ("reset_to", "reset values")):
        values = layer.wide(name)
        if bool((values != values[0]).any()) and (name != "reset_to" or layer.spec.reset == "zero"):
            return f"{words} that differ"
    return ""


def of_rows(
    layer: PackedLayer, family: Family, *, in_state_units: bool, shift: int, chunk: int
) -> str:
    """Why no assembly adds these rows; `chunk`: events that fields of sums hold."""
    bits, top = layer.spec.bits, (1 << layer.spec.bits) - 1
    if not in_state_units:
        if family == "v6m":
            return "its neurons run in C"
        if bits < 8 and layer.spec.n_rows * top > 65535:
            return "sums with their bias may pass 16 bits"
        if bits == 8 and layer.spec.acc_bits != 16:
            return "sums may pass 16 bits"
    if family == "v6m" and bits < 8 and chunk * top << shift > 65535:
        return "a chunk of sums, shifted, may pass 16 bits"
    return ""
