"""Runs a discretised graph in float64: what the integer reference is measured against."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from tinysnn.delay_line import DelayLine
from tinysnn.errors import StimulusError
from tinysnn.graph import Connection, Floats, Graph, Layer, SpatialConnection
from tinysnn.stimulus import Stimulus

Spikes = npt.NDArray[np.uint8]
_BATCH = 32
_RECORDED = 1 << 24
"""Membranes that a batch may record at most, where one clip alone records fewer."""


@dataclass(frozen=True, eq=False)
class FloatTrace:
    """A run of one clip ([T, ...]) or of a batch ([B, T, ...]), in layer order."""

    spikes: list[Spikes | None]
    """Per layer [.., T, n] of 0 and 1 (counts where a layer has ``many_spikes``, at most 255); None
    for layers that do not fire."""
    membranes: list[Floats]
    """Per layer [.., T, n] after the tick, relative to the resting potential (add v_rest)."""
    currents: list[Floats | None]
    """Per layer [.., T, n], cuba layers only."""
    output: Floats
    """[.., T, n_out]: spikes of the output layer, or its membranes if it does not fire; of several
    Outputs one after the other."""


@dataclass
class _State:
    """One layer's state and record during a run; arrays [B, n] and [T, B, n]."""

    u: Floats
    i: Floats | None
    spikes: Floats
    a: Floats
    """Adaptation of the threshold."""
    wait: Floats
    """Ticks for which the neuron is refractory still."""
    record_u: Floats
    record_i: Floats | None = None
    record_s: Spikes | None = field(default=None)
    wires: list[_Wire] = field(default_factory=list)
    """One per connection."""


@dataclass(frozen=True, eq=False)
class _Wire:
    """The delay lines of one connection, before and behind its weights."""

    before: DelayLine | None
    behind: DelayLine | None


def simulate(graph: Graph, raster: npt.NDArray[Any]) -> FloatTrace:
    """Runs clips from a reset on.

    Parameters
    ----------
    raster
        [T, N] or [B, T, N]: 0 or 1, or, if the graph takes graded input, values in steps of
        ``input_scale`` (the weights from the input are multiplied by value * input_scale).

    A batch gives what its clips give alone, up to the order in which sums are rounded.

    Raises
    ------
    StimulusError
        The raster has another rank or width than the graph's input.
    """
    if raster.ndim not in (2, 3) or raster.shape[-1] != graph.n_in:
        raise StimulusError(
            f"raster of shape {list(raster.shape)} for a network with {graph.n_in} inputs",
            where=graph.name,
            fix=f"Give [T, {graph.n_in}] or [B, T, {graph.n_in}].",
        )
    batch = raster[None] if raster.ndim == 2 else raster
    scale = 1.0 if graph.input_scale is None else graph.input_scale
    events = np.ascontiguousarray(np.swapaxes(batch, 0, 1), dtype=np.float64) * scale
    states = [_start(layer, *events.shape[:2]) for layer in graph.layers]
    last = np.zeros_like(events[0]) if len(events) else events
    for tick, given in enumerate(events):
        before = _Events(last, [state.spikes for state in states])
        for layer, state in zip(graph.layers, states, strict=True):
            now = _Events(given, [other.spikes for other in states])
            _step(layer, state, _enter(layer, state, now, before), tick)
        last = given
    return _trace(graph, states, squeeze=raster.ndim == 2)


def layer_rates(graph: Graph, stimuli: Sequence[Stimulus]) -> list[float | None]:
    """Spikes per neuron and tick of every layer over some clips; None if it does not fire."""
    spikes = np.zeros(len(graph.layers))
    groups: dict[int, list[npt.NDArray[np.int8]]] = {}
    for stimulus in stimuli:
        groups.setdefault(stimulus.n_ticks, []).append(stimulus.raster)
    width = sum(layer.n for layer in graph.layers)
    for ticks, rasters in groups.items():
        batch = min(_BATCH, max(1, _RECORDED // max(1, ticks * width)))
        for first in range(0, len(rasters), batch):
            trace = simulate(graph, np.stack(rasters[first : first + batch]))
            spikes += [0 if fired is None else int(fired.sum()) for fired in trace.spikes]
    all_ticks = max(1, sum(stimulus.n_ticks for stimulus in stimuli))
    return [
        float(count) / (layer.n * all_ticks) if layer.fires else None
        for layer, count in zip(graph.layers, spikes, strict=True)
    ]


def _start(layer: Layer, n_ticks: int, n_clips: int) -> _State:
    shape = (n_ticks, n_clips, layer.n)
    cuba = layer.alpha is not None
    return _State(
        u=np.tile(layer.v_init, (n_clips, 1)),
        i=np.zeros((n_clips, layer.n)) if cuba else None,
        spikes=np.zeros((n_clips, layer.n)),
        a=np.zeros((n_clips, layer.n)),
        wait=np.zeros((n_clips, layer.n)),
        record_u=np.empty(shape),
        record_i=np.empty(shape) if cuba else None,
        record_s=np.empty(shape, dtype=np.uint8) if layer.fires else None,
        wires=[_wire(connection, n_clips) for connection in layer.connections],
    )


def _wire(connection: Connection | SpatialConnection, n_clips: int) -> _Wire:
    waiting = np.full(connection.n_source, max(connection.delay_ticks - 1, 0))
    if connection.source_delays is not None:
        waiting = waiting + connection.source_delays
    behind = connection.target_delays
    return _Wire(
        DelayLine(n_clips, waiting) if waiting.any() else None,
        None if behind is None else DelayLine(n_clips, behind),
    )


@dataclass(frozen=True, eq=False)
class _Events:
    """Events of one tick, [B, n] each."""

    given: Floats
    """Of the network's input."""
    layers: list[Floats]

    def of(self, source: int | None) -> Floats:
        """Of one source."""
        return self.given if source is None else self.layers[source]


def _enter(layer: Layer, state: _State, now: _Events, before: _Events) -> Floats:
    """Input x of one tick: events of the sources times weights, plus bias; [B, n].

    A delayed connection sees the events of the tick before through a line of one tick less, so
    that its source need not have run in this tick.
    """
    x: Floats = np.tile(layer.bias, (now.given.shape[0], 1))
    for connection, wire in zip(layer.connections, state.wires, strict=True):
        events = (before if connection.delay_ticks else now).of(connection.source)
        if wire.before is not None:
            events = wire.before.through(events)
        part = connection.apply(events)
        x += part if wire.behind is None else wire.behind.through(part)
    return x


def _step(layer: Layer, state: _State, x: Floats, tick: int) -> None:
    """One tick of one layer, in the order of SPEC.md 1.4; updates and records the state."""
    if layer.alpha is not None and state.i is not None:
        state.i = _leaked(layer, layer.alpha, state.i) + x
        x = state.i
        if state.record_i is not None:
            state.record_i[tick] = state.i
    u = _integrate(layer, state, x)
    if layer.fires:
        u = _spike(layer, state, u)
        if state.record_s is not None:
            state.record_s[tick] = np.minimum(state.spikes, 255)
    state.u = u if layer.v_min is None else np.maximum(u, layer.v_min)
    state.record_u[tick] = state.u


def _leaked(layer: Layer, decay: Floats, values: Floats) -> Floats:
    """Membranes or currents [B, n] after one tick's decay."""
    kept: Floats = decay * values
    if layer.leak_step is None:
        return kept
    cut: Floats = np.trunc(kept / layer.leak_step) * layer.leak_step
    return cut


def _integrate(layer: Layer, state: _State, x: Floats) -> Floats:
    """The membrane before it is compared, [B, n], with resets of the tick before."""
    late, fired, u = layer.reset_timing == "next-tick", state.spikes > 0, state.u
    lost = layer.reset_drops_input
    if late and layer.reset == "zero" and not lost:
        u = np.where(fired, layer.reset_to, u)
    elif late and layer.reset == "subtract" and layer.threshold is not None:
        x = x - state.spikes * layer.threshold
    u = _leaked(layer, layer.beta, u) + x
    if late and layer.reset == "zero" and lost:
        u = np.where(fired, layer.reset_to, u)
    return u if layer.refractory is None else np.where(state.wait > 0, state.u, u)


def _spike(layer: Layer, state: _State, u: Floats) -> Floats:
    """Sets the spikes, adaptation and waiting; the membrane after a same-tick reset, [B, n]."""
    threshold = np.zeros(layer.n) if layer.threshold is None else layer.threshold
    raised = threshold
    if layer.adapt_decay is not None:
        state.a = layer.adapt_decay * state.a
        raised = threshold + state.a
    spikes = _fire(layer, u, raised)
    if layer.refractory is not None:
        spikes = np.where(state.wait > 0, 0.0, spikes)
        state.wait = np.where(spikes > 0, layer.refractory, np.maximum(state.wait - 1, 0))
    if layer.adapt_step is not None:
        state.a = state.a + spikes * layer.adapt_step
    state.spikes = spikes
    if layer.reset_timing == "same-tick" and layer.reset == "zero":
        return np.where(spikes > 0, layer.reset_to, u)
    if layer.reset_timing == "same-tick" and layer.reset == "subtract":
        return u - spikes * (raised if layer.reset_raised else threshold)
    return u


def _fire(layer: Layer, u: Floats, threshold: Floats) -> Floats:
    """Spikes per neuron, [B, n]."""
    if layer.many_spikes:
        return np.clip(np.trunc(u / threshold), 0.0, layer.max_spikes)
    fired = u > threshold if layer.compare == "gt" else u >= threshold
    return fired.astype(np.float64)


def _trace(graph: Graph, states: list[_State], *, squeeze: bool) -> FloatTrace:
    def view(record: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return record[:, 0] if squeeze else np.swapaxes(record, 0, 1)

    spikes = [None if s.record_s is None else view(s.record_s) for s in states]
    membranes = [view(s.record_u) for s in states]
    currents = [None if s.record_i is None else view(s.record_i) for s in states]
    shown = []
    for index in graph.outputs or (graph.output,):
        fired = spikes[index]
        shown.append(membranes[index] if fired is None else fired.astype(np.float64))
    return FloatTrace(spikes, membranes, currents, np.concatenate(shown, axis=-1))
