"""What neurons remember beside membrane and current: refractory time, adaptation, spike counts.

NIR has no field for these; options do, per node (docs/dynamics.md).
"""

from __future__ import annotations

from typing import NoReturn, TypedDict

import numpy as np

from tinysnn.errors import OptionError
from tinysnn.graph import Floats, Ints
from tinysnn.network import Neuron, Threshold
from tinysnn.options import NodeOptions

MAX_SPIKES = 127
"""Spikes of a neuron in a tick that a pack can count: an event's value is int8."""
MAX_WAIT = 32767


class Slow(TypedDict):
    """Fields of ``neurons.NeuronUpdate``."""

    max_spikes: int
    adapt_decay: Floats | None
    adapt_step: Floats | None
    reset_raised: bool
    refractory: Ints | None


def slow(node: Neuron, own: NodeOptions, n: int, here: str) -> Slow:
    """What the options of a node say of it.

    Raises
    ------
    OptionError
        A value out of range, or options that do not go together.
    """
    _check_ranges(own, here)
    _check_node(node, own, here)
    _check_together(own, here)
    decay, step = own.adapt_decay, own.adapt_step
    return Slow(
        max_spikes=MAX_SPIKES if own.max_spikes is None else own.max_spikes,
        adapt_decay=None if decay is None else np.full(n, decay),
        adapt_step=None if step is None else np.full(n, step),
        reset_raised=own.adapt_reset == "raised",
        refractory=np.full(n, own.refractory) if own.refractory else None,
    )


def _check_ranges(own: NodeOptions, here: str) -> None:
    ranges = {
        "max_spikes": (own.max_spikes, 1, MAX_SPIKES),
        "refractory": (own.refractory, 0, MAX_WAIT),
        "adapt_decay": (own.adapt_decay, 0, 1),
        "adapt_step": (own.adapt_step, 0, 1e30),
    }
    for name, (value, low, high) in ranges.items():
        if value is not None and not low <= value <= high:
            _refuse(here, f"{name} is {value}", f"It is {low} to {high:g}.")


def _check_node(node: Neuron, own: NodeOptions, here: str) -> None:
    names = ("refractory", "adapt_decay", "adapt_step", "adapt_reset")
    used = [name for name in names if getattr(own, name) is not None]
    if used and (not node.fires or isinstance(node, Threshold)):
        what = f"{used[0]} of a {type(node).__name__}, which has no reset"
        _refuse(here, what, f"Remove {used[0]} for this node.")
    if (own.adapt_decay is None) != (own.adapt_step is None):
        _refuse(here, "adapt_decay or adapt_step without the other", "Give both, or none.")
    if own.adapt_reset is not None and own.adapt_decay is None:
        _refuse(here, "adapt_reset without adaptation", "Give adapt_decay and adapt_step too.")


def _check_together(own: NodeOptions, here: str) -> None:
    late = own.reset_timing == "next-tick" and own.reset != "none"
    if own.adapt_reset == "raised" and (late or own.reset != "subtract"):
        what = "adapt_reset = 'raised' with another reset than a same-tick subtraction"
        _refuse(here, what, "Use reset = 'subtract' and reset_timing = 'same-tick'.")
    if own.refractory and late:
        what = "a refractory period with a reset in the next tick, in which the membrane rests"
        _refuse(here, what, "Use reset_timing = 'same-tick'.")
    counts = own.spikes == "many" and own.max_spikes != 1
    if counts and (own.refractory or own.adapt_decay is not None):
        what = "several spikes per tick with a refractory period or adaptation"
        _refuse(here, what, "Use spikes = 'one'.")


def _refuse(here: str, what: str, fix: str) -> NoReturn:
    raise OptionError(what, where=here, fix=fix)
