"""The discretised network: what `lower` makes, `float_sim` runs and `quantise` turns to integers.

Everything is per tick; no time unit is left except `dt_s`, kept for reports. Membranes are relative
to the resting potential (`u = v - v_leak`), so that silence decays to 0; input gains are folded
into the weights.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Op = Literal["lif", "li", "cuba_lif", "cuba_li"]
Reset = Literal["zero", "subtract", "none"]
ResetTiming = Literal["same-tick", "next-tick"]
Compare = Literal["gt", "ge"]
Decay = Literal["euler", "exact"]


@dataclass(frozen=True, eq=False)
class Connection:
    """All-to-all synapses from one source onto a layer."""

    source: int | None
    """Index of the presynaptic layer, None for the network's input."""
    delay_ticks: int
    """0: spikes of this tick; 1: spikes of the previous tick (recurrent and feedback)."""
    weight: Floats
    """Input-major, shape [n_source, n]; in membrane units per spike."""


@dataclass(frozen=True, eq=False)
class Layer:
    """Synapses and neurons that are updated together.

    Per tick, with x = sum of weights of the active inputs + bias::

        cuba:   i = alpha i + x;  u = beta u + i          others:  u = beta u + x
        fires:  s = u > threshold (gt)  or  u >= threshold (ge)
        reset:  zero: u = reset_to;  subtract: u -= threshold;  none
        next-tick timing: the reset is applied in the following tick; ``zero`` before the
        decay, ``subtract`` as an undecayed term of u (SPEC.md 1.4).
        many_spikes: s = trunc(u / threshold) where that is positive; subtract: u -= s threshold.
        v_min: at the end u = max(u, v_min).
    """

    name: str
    """Name of the neuron node in the source file (unique, unchanged)."""
    op: Op
    """lif: IF, LIF, Threshold; li: I, LI and a bare linear readout (beta 0)."""
    n: int
    connections: tuple[Connection, ...]
    beta: Floats
    """Membrane decay per tick, [n], in [0, 1]."""
    alpha: Floats | None
    """Synaptic-current decay per tick, [n], in [0, 1]; cuba only."""
    bias: Floats
    """Added to x every tick, [n]."""
    threshold: Floats | None
    """[n], relative to the resting potential; firing layers only."""
    reset: Reset | None
    reset_timing: ResetTiming | None
    compare: Compare | None
    reset_to: Floats
    """[n], membrane after a `zero` reset, relative to the resting potential."""
    v_init: Floats
    """[n], membrane before the first tick, relative to the resting potential."""
    v_rest: Floats
    """[n], resting potential: what to add to get the source framework's membrane."""
    many_spikes: bool = False
    """Whether a neuron may fire several times in a tick (then spikes are counts)."""
    v_min: Floats | None = None
    """[n], lowest membrane, relative to the resting potential; None: unbounded."""
    reset_drops_input: bool = False
    """Late `zero` reset comes after decay and input, so that u is reset_to in the whole tick."""

    @property
    def fires(self) -> bool:
        """Whether the layer emits spikes (li and cuba_li do not)."""
        return self.op in ("lif", "cuba_lif")


@dataclass(frozen=True)
class Approximation:
    """Something the graph does only nearly as the file says."""

    node: str
    what: str
    """In plain words, with the unit of ``error``."""
    error: float
    """How far it is off at most."""


@dataclass(frozen=True, eq=False)
class Graph:
    """A discretised network, layers in schedule order."""

    name: str
    n_in: int
    input_shape: tuple[int, ...]
    input_scale: float | None
    """Real value of one unit of a graded int8 input event; None: input events are spikes."""
    layers: tuple[Layer, ...]
    output: int
    """Index of the layer whose spikes or membranes are the network's output."""
    dt_s: float | None
    notes: tuple[str, ...] = field(default=())
    """Plain-word remarks of load and lower (what was folded, flattened, assumed)."""
    approximations: tuple[Approximation, ...] = ()


def unpackable(graph: Graph) -> tuple[tuple[str, str], ...]:
    """(layer, what it does that a pack cannot hold yet), for every such layer."""
    found = []
    for layer in graph.layers:
        if layer.many_spikes:
            found.append((layer.name, "several spikes per tick"))
        if layer.v_min is not None:
            found.append((layer.name, "a lower bound of the membrane (v_min)"))
        if layer.reset_drops_input:
            found.append((layer.name, "a late reset to zero that loses the tick's input"))
    return tuple(found)
