"""The discretised network: what `lower` makes, `float_sim` runs and `quantise` turns to integers.

Everything is per tick; no time unit is left except `dt_s`, kept for reports. Membranes are relative
to the resting potential (`u = v - v_leak`), so that silence decays to 0; input gains are folded
into the weights.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import prod
from typing import Literal

import numpy as np
import numpy.typing as npt

from tinysnn.decision import DecisionOptions
from tinysnn.errors import ModelError
from tinysnn.front_end import FrontEnd
from tinysnn.spatial import Conv, Pool

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
MAX_DENSE = 1 << 20
"""Weights that a convolution may have at most when it is written out as a matrix."""
_CHUNK = 256
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
    """0: spikes of this tick; d: spikes of d ticks ago (1: recurrent and feedback)."""
    weight: Floats
    """Input-major, shape [n_source, n]; in membrane units per spike."""
    source_delays: Ints | None = None
    """[n_source], further ticks by source unit; None: none."""
    target_delays: Ints | None = None
    """[n], further ticks by neuron of the layer; None: none."""

    @property
    def n_source(self) -> int:
        """Number of source units."""
        return int(self.weight.shape[0])

    def apply(self, events: Floats) -> Floats:
        """What events ([B, n_source]) add to x, [B, n], delays aside."""
        x: Floats = events @ self.weight
        return x


@dataclass(frozen=True, eq=False)
class SpatialConnection:
    """Synapses with the structure of a feature map; as ``Connection`` otherwise.

    First the source's map is summed over the windows of ``pool`` (if any), then goes through
    ``conv`` or ``matrix``, or as it is. Kept in this form so that a device can scatter an event
    without a row for every source unit: docs/adr/0007-convolution-and-delay-in-the-graph.md.
    """

    source: int | None
    delay_ticks: int
    n_source: int
    """Number of units of the source; the map takes ``n_map`` of them from ``first`` on."""
    pool: Pool | None = None
    conv: Conv | None = None
    matrix: Floats | None = None
    """[n after the pool, n]."""
    first: int = 0
    source_delays: Ints | None = None
    target_delays: Ints | None = None
    source_order: Ints | None = None
    """[n_source], which unit of the map (channels first) is at each place of the source; None: as
    they come. Set by ``layout.channels_last``."""
    target_order: Ints | None = None
    """[n], which unit of what comes out (channels first) is at each place of the layer."""

    @property
    def overlaps(self) -> bool:
        """Whether weights come behind windows that overlap: an event is in several of them."""
        weights = self.conv is not None or self.matrix is not None
        return weights and self.pool is not None and not self.pool.disjoint

    @property
    def n_map(self) -> int:
        """Number of source units that the map takes."""
        if self.pool is not None:
            return prod(self.pool.in_shape)
        return prod(self.conv.in_shape) if self.conv is not None else self.n_source - self.first

    def apply(self, events: Floats) -> Floats:
        """What events ([B, n_source]) add to x, [B, n], delays aside."""
        x = events[:, self.first : self.first + self.n_map]
        if self.source_order is not None:
            x = x[:, np.argsort(self.source_order)]
        if self.pool is not None:
            x = self.pool.apply(x)
        if self.conv is not None:
            x = self.conv.apply(x)
        if self.matrix is not None:
            return x @ self.matrix
        return x if self.target_order is None else x[:, self.target_order]

    @property
    def weight(self) -> Floats:
        """The same as a matrix [n_source, n], for maps small enough to be stored so.

        Raises
        ------
        ModelError
            It would have more than ``MAX_DENSE`` weights.
        """
        n = int(self.apply(np.zeros((1, self.n_source))).size)
        if self.n_source * n > MAX_DENSE:
            raise ModelError(
                f"a convolution of {self.n_source} onto {n} units is too large to be stored as a "
                "matrix",
                fix=f"At most {MAX_DENSE} weights are; see docs/convolution.md.",
            )
        return dense_rows(self.apply, self.n_source)


def dense_rows(apply: Callable[[Floats], Floats], n: int) -> Floats:
    """The matrix [n, m] of a linear map given as a function on [B, n]."""
    parts = [apply(np.eye(min(_CHUNK, n - first), n, first)) for first in range(0, n, _CHUNK)]
    return np.concatenate(parts)


@dataclass(frozen=True, eq=False)
class Layer:
    """Synapses and neurons that are updated together.

    Per tick, with x = sum of weights of the active inputs + bias::

        cuba:   i = alpha i + x;  u = beta u + i          others:  u = beta u + x
        fires:  s = u > threshold (gt)  or  u >= threshold (ge)
        reset:  zero: u = reset_to;  subtract: u -= threshold;  none
        next-tick timing: the reset is applied in the following tick; ``zero`` before the
        decay, ``subtract`` as an undecayed term of u (SPEC.md 1.4).
        many_spikes: s = min(trunc(u / threshold), max_spikes) where that is positive;
        subtract: u -= s threshold.
        v_min: at the end u = max(u, v_min).
        adaptive: a = adapt_decay a; the threshold is threshold + a; then a += s adapt_step.
        refractory: after a spike u stays as it is, and s is 0, for so many ticks.
    """

    name: str
    """Name of the neuron node in the source file (unique, unchanged)."""
    op: Op
    """lif: IF, LIF, Threshold; li: I, LI and a bare linear readout (beta 0)."""
    n: int
    connections: tuple[Connection | SpatialConnection, ...]
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
    shape: tuple[int, ...] | None = None
    """The neurons' axes in the file ([channels, height, width]; flattened in that order)."""
    reset_drops_input: bool = False
    """Late `zero` reset comes after decay and input, so that u is reset_to in the whole tick."""
    leak_step: Floats | None = None
    """[n], decayed membranes and currents are cut towards zero to multiples of this; None: kept."""
    max_spikes: int = 127
    """Spikes of a neuron in one tick at most, where it may fire several times."""
    adapt_decay: Floats | None = None
    """[n], decay of the threshold's adaptation per tick, in [0, 1]; None: thresholds stay."""
    adapt_step: Floats | None = None
    """[n], what a spike adds to it, not below 0; None if adapt_decay is."""
    reset_raised: bool = False
    """Whether a `subtract` reset takes off the adapted threshold, not the one at rest."""
    refractory: Ints | None = None
    """[n], ticks after a spike in which the membrane rests; None: none."""

    @property
    def fires(self) -> bool:
        """Whether the layer emits spikes (li and cuba_li do not)."""
        return self.op in ("lif", "cuba_lif")


@dataclass(frozen=True)
class InputPort:
    """One of several Inputs: a run of the network's input units."""

    name: str
    shape: tuple[int, ...]
    first: int


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
    outputs: tuple[int, ...] = ()
    """Indices of the layers that feed the Outputs, where there are several; else empty."""
    front_end: FrontEnd | None = None
    """What makes the input of raw samples on a device; the graph itself takes its events."""
    decision: DecisionOptions | None = None
    """What a device decides from the outputs over time; the graph itself gives the outputs."""
    inputs: tuple[InputPort, ...] = ()
    """The Inputs, where there are several; else empty."""
    channels_last: bool = False
    """The neurons of every feature map lie [height, width, channels] (`layout.channels_last`)."""


def unpackable(graph: Graph) -> tuple[tuple[str, str], ...]:
    """(layer, what it does that a pack cannot hold yet), for every such layer."""
    found = []
    for layer in graph.layers:
        found += [(layer.name, what) for c in layer.connections for what in _unpackable(c)]
    for layer in (graph.layers[k] for k in graph.outputs):
        if not layer.fires or layer.many_spikes:
            found.append((layer.name, "one of several Outputs that gives values, not spikes,"))
    return tuple(found)


def require_packable(graph: Graph) -> None:
    """Raise ModelError if a pack cannot hold the network, with the first reason."""
    refused = unpackable(graph)
    if refused:
        name, what = refused[0]
        more = f" (and {len(refused) - 1} more)" if len(refused) > 1 else ""
        raise ModelError(
            f"{what} cannot be packed yet{more}",
            where=f"{graph.name}: node {name!r}",
            fix="tinysnn check shows every node; change the model or its options.",
        )


def _unpackable(connection: Connection | SpatialConnection) -> list[str]:
    if not isinstance(connection, SpatialConnection):
        return []
    if connection.overlaps or connection.target_delays is not None:
        n = int(connection.apply(np.zeros((1, connection.n_source))).size)
        if connection.n_source * n > MAX_DENSE:
            what = (
                "pooling with windows that overlap" if connection.overlaps else "delays by neuron"
            )
            return [f"{what} of a convolution too large to be stored as a matrix"]
    return []
