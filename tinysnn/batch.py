"""Runs many clips of a pack at once: the integers of the reference, fast enough to calibrate on.

A test holds it to `tinysnn.reference`, clip by clip, skipped ticks included. Nothing is verified
against this module: the oracle is the reference.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from tinysnn import past
from tinysnn.ops import current, li, lif
from tinysnn.ops.fixed import ONE_Q16, STATE_RANGE, Ints, align, leak_nearest, leak_zero
from tinysnn.ops.idle import catch_up
from tinysnn.ops.past import Ring
from tinysnn.pack import Pack, PackedLayer
from tinysnn.packed_maps import synapses
from tinysnn.stimulus import Stimulus

Bools = npt.NDArray[np.bool_]
Rasters = npt.NDArray[np.int8]
BATCH = 64
"""Clips run side by side: enough to fill matrix products, few enough for the caches."""


@dataclass(frozen=True, eq=False)
class BatchTrace:
    """What B clips of T ticks did."""

    spikes: list[npt.NDArray[np.uint8] | None]
    """Per layer [B, T, n] of 0 and 1; None for layers that do not fire."""
    output: npt.NDArray[np.int64]
    """[B, T, n_out]: spikes, or membranes of a readout that does not fire."""
    saturated: npt.NDArray[np.int64]
    """[layers] membranes that stood at an end of the state range after a tick."""
    events: npt.NDArray[np.int64]
    """[layers] events that entered the layer."""
    quiet: npt.NDArray[np.int64]
    """[layers] ticks in which no event entered the layer."""


class _Layer:
    """State of one layer in every clip; arrays [B, n], flags [B]."""

    def __init__(self, layer: PackedLayer, n_clips: int) -> None:
        self.layer = layer
        self.add = synapses(layer)
        self.v: Ints = np.tile(layer.wide("v_init"), (n_clips, 1))
        self.i: Ints = np.zeros((n_clips, layer.n), np.int64)
        self.fired: Ints = np.zeros((n_clips, layer.n), np.int64)
        self.kept = lif.memory(layer, (n_clips, layer.n))
        self.idle = np.zeros(n_clips, np.int64)
        self.hot: Bools = np.any(self.v, axis=1)

    def tick(self, values: npt.NDArray[np.float64], busy: Bools) -> None:
        """One tick; values [B, R] of all sources, busy: clips in which any is not 0."""
        layer, spec = self.layer, self.layer.spec
        skip = ~(busy | self.hot) if spec.may_skip else np.zeros_like(busy)
        if skip.all():
            self.idle += 1
            self.fired = np.zeros_like(self.fired)
            return
        self._wake(skip)
        old = (self.v, self.i, self.hot, replace(self.kept))
        sums = self.add(values).astype(np.int64)  # far below 2^53: exact
        y = align(sums, spec.frac_bits) + layer.wide("bias")
        if spec.has_current:
            self.i = y = current.step(self.i, y, layer.wide("alpha"), spec.state_bits)
        if spec.fires:
            self.v, self.fired = lif.step(layer, self.v, y, self.fired, self.kept)
            self.hot = lif.hot(layer, self.v, self.fired, self.kept)
        else:
            self.v = li.step(layer, self.v, y)
            keeps = bool((layer.wide("beta") == ONE_Q16).all())
            self.hot = np.zeros_like(skip) if keeps else np.any(self.v, axis=1)
        if spec.has_current:
            self.hot = self.hot | np.any(self.i, axis=1)
        if skip.any():
            self._undo(skip, old)

    def _wake(self, skip: Bools) -> None:
        """Make good the skipped ticks of clips that go on."""
        due = ~skip & (self.idle > 0)
        leak = leak_nearest if self.layer.spec.fires else leak_zero
        for idle in np.unique(self.idle[due]):
            which = due & (self.idle == idle)
            self.v[which] = catch_up(self.v[which], self.layer.wide("beta"), leak, int(idle))
            if self.kept.a is not None:
                rho = self.layer.wide("rho")
                self.kept.a[which] = catch_up(self.kept.a[which], rho, leak_zero, int(idle))
        self.idle[due] = 0

    def _undo(self, skip: Bools, old: tuple[Ints, Ints, Bools, lif.Memory]) -> None:
        held = skip[:, None]
        self.v, self.i = np.where(held, old[0], self.v), np.where(held, old[1], self.i)
        self.fired = np.where(held, 0, self.fired)
        self.hot = np.where(skip, old[2], self.hot)
        for name, now in vars(self.kept).items():
            if now is not None:
                setattr(self.kept, name, np.where(held, getattr(old[3], name), now))
        self.idle += skip


def simulate(pack: Pack, rasters: Rasters) -> BatchTrace:
    """Run clips from a reset on.

    Parameters
    ----------
    pack: the pack.
    rasters: int8 [B, T, n_in], as `Stimulus.raster`; checked by the caller.

    """
    n_clips, n_ticks, _ = rasters.shape
    states = [_Layer(layer, n_clips) for layer in pack.layers]
    spikes = [
        np.zeros((n_clips, n_ticks, s.layer.n), np.uint8) if s.layer.spec.fires else None
        for s in states
    ]
    output = np.zeros((n_clips, n_ticks, pack.n_out), np.int64)
    counts = np.zeros((3, len(states)), np.int64)
    rings, late = _rings(pack, n_clips), past.late_reads(pack.layers)
    for t in range(n_ticks):
        for ring in rings.values():
            ring.turn()
        if None in rings:
            rings[None].put(rasters[:, t])
        for k, state in enumerate(states):
            values = _entering(state, late[k], rasters[:, t], states, rings)
            active = np.count_nonzero(values, axis=1)
            state.tick(values, active > 0)
            counts[:, k] += (_at_ends(state), active.sum(), (active == 0).sum())
            if k in rings:
                rings[k].put(state.fired)
            record = spikes[k]
            if record is not None:
                record[:, t] = state.fired
        out = states[pack.meta.output]
        output[:, t] = out.fired if out.layer.spec.fires else out.v
    return BatchTrace(spikes, output, *counts)


def _rings(pack: Pack, n_clips: int) -> dict[int | None, Ring]:
    """Past ticks of the sources that are read late."""
    return {
        source: Ring(kept, (n_clips, pack.meta.n_in if source is None else pack.layers[source].n))
        for source, kept in past.slots(pack.layers).items()
    }


def _entering(
    state: _Layer,
    late: tuple[Ints | None, ...],
    given: Rasters,
    states: list[_Layer],
    rings: dict[int | None, Ring],
) -> npt.NDArray[np.float64]:
    """Values of all rows of a layer, [B, R]; see `reference.Simulation._events` on delays."""
    layer, blocks = state.layer, []
    for source, delays in zip(layer.spec.sources, late, strict=True):
        found: npt.NDArray[Any] = given
        if delays is not None:
            found = rings[source.layer].read(delays)
        elif source.layer is not None:
            found = states[source.layer].fired
        worth = 1 if source.layer is None else layer.spec.spike_value
        blocks.append(found.astype(np.float64) * worth)
    return blocks[0] if len(blocks) == 1 else np.concatenate(blocks, axis=1)


def _at_ends(state: _Layer) -> int:
    low, high = STATE_RANGE[state.layer.spec.state_bits]
    return int(np.count_nonzero((state.v <= low) | (state.v >= high)))


def batches(stimuli: Sequence[Stimulus], size: int = BATCH) -> Iterator[Rasters]:
    """Clips as arrays [B, T, n_in] of equal length T; the order of equal ones is kept."""
    groups: dict[int, list[Rasters]] = {}
    for stimulus in stimuli:
        groups.setdefault(stimulus.n_ticks, []).append(stimulus.raster)
    for rasters in groups.values():
        for first in range(0, len(rasters), size):
            yield np.stack(rasters[first : first + size])
