"""What goes on in a network, tick by tick: the quantities that instructions depend on.

A run of the integer reference says it exactly, on clips or on random spikes of some density
(`of_clips`, `of_density`). `tinysnn.cost.report` makes up likely ticks from a pack's averages.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinysnn.pack import Pack, PackedLayer
from tinysnn.past import late_reads
from tinysnn.state import spike_words
from tinysnn.stimulus import Stimulus

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
WINDOWS = (64, 128, 256)
"""Neurons that sparse rows of one table can tell apart, by kernel."""
RANDOM_TICKS = 300
SEED = 20261121
USUAL_SIZE = 16
"""Mean size of a random value of graded input."""


@dataclass(frozen=True, eq=False)
class SourceActivity:
    """Events of one source of a layer; arrays [T], float64."""

    events: Floats
    words: Floats
    """Words of spikes, 32 neurons each, with an event."""
    evens: Floats
    """The same with an event of an even neuron,"""
    odds: Floats
    """and of an odd one."""


@dataclass(frozen=True, eq=False)
class LayerActivity:
    """Ticks of one layer, T of them, each with a weight; arrays [T], float64."""

    weight: Floats
    """How likely or how often; the sum is 1."""
    sources: tuple[SourceActivity, ...]
    ran: Floats
    """1: the tick was computed, 0: skipped (SPEC.md 1.3)."""
    idle: Floats
    """Skipped ticks that were made good first."""
    fired: Floats
    """Neurons that fired."""
    fired_pairs: Floats
    """Pairs of neighbours (2 j and 2 j + 1) of which one or both fired."""
    fired_before: Floats
    """Neurons that had fired in the tick before."""
    added: Floats
    """[3, 3, T] words of two weights that are not 0 in the rows of the events, whole runs of two
    such words and of four; for each width of `WINDOWS`."""
    sizes: Floats
    """Sizes of the values of the events, added up; 1 for each that has none."""

    @property
    def events(self) -> Floats:
        """Events of all sources, [T]."""
        return np.asarray(sum((s.events for s in self.sources), np.zeros(self.weight.size)))

    def mean(self, values: Floats | float) -> float:
        """Weighted mean of a quantity, [T] or one number."""
        return float((self.weight * values).sum())


@dataclass(frozen=True)
class Activity:
    """All layers of a network."""

    layers: tuple[LayerActivity, ...]
    output: SourceActivity
    """Spikes of the output layer; zeros if it does not fire."""
    words: str
    """Where it comes from, for people."""


def of_clips(pack: Pack, clips: Sequence[Stimulus], words: str = "clips") -> Activity:
    """What the integer reference does on some clips, each run from a reset.

    Raises
    ------
    StimulusError: a clip is not for this pack.

    """
    from tinysnn.reference import Simulation, check_stimulus

    logs: list[list[list[float]]] = [[] for _ in pack.layers]
    output: list[list[float]] = []
    stored = [sparse_words(layer) for layer in pack.layers]
    late = late_reads(pack.layers)
    for clip in clips:
        check_stimulus(pack, clip)
        simulation = Simulation(pack)
        before = [state.fired > 0 for state in simulation.layers]
        for inputs in clip.raster:
            idle = [state.idle for state in simulation.layers]
            simulation.tick(inputs)
            now = [state.fired > 0 for state in simulation.layers]
            for k, layer in enumerate(pack.layers):
                active: list[Bools] = []
                for source, delays in zip(layer.spec.sources, late[k], strict=True):
                    spikes = before if source.delay_ticks else now
                    if delays is not None:
                        active.append(simulation.rings[source.layer].read(delays) != 0)
                    else:
                        active.append(inputs != 0 if source.layer is None else spikes[source.layer])
                ran = float(simulation.layers[k].idle == 0)
                rows = stored[k][..., np.concatenate(active)].sum(axis=-1).ravel().tolist()
                counts = [now[k].sum(), _pairs(now[k]), before[k].sum()]
                own = [ran, idle[k] * ran, *counts, _size(layer, active, inputs), *rows]
                logs[k].append(own + [value for spikes in active for value in counts_of(spikes)])
            output.append(counts_of(now[pack.meta.output]))
            before = now
    layers = tuple(_logged(log) for log in logs)
    return Activity(layers, SourceActivity(*np.array(output, np.float64).T), words)


def sparse_words(layer: PackedLayer) -> npt.NDArray[np.int64]:
    """Words of two weights that are not 0, runs of two and of four of them, by row; [3, 3, R]."""
    if layer.spec.has_kernels:
        return np.zeros((3, len(WINDOWS), layer.spec.n_rows), np.int64)
    words = []
    for width in WINDOWS:
        starts = np.arange(0, layer.n, width)
        words.append((np.add.reduceat(layer.rows != 0, starts, axis=1, dtype=np.int64) + 1) // 2)
    return np.array([[(word // run).sum(axis=1) for word in words] for run in (1, 2, 4)])


def counts_of(spikes: Bools) -> list[float]:
    """A `SourceActivity` of one tick, from its spikes [n]: the four numbers in its order."""
    words = spike_words(spikes)
    parts = (words, words & 0xFFFF, words >> 16)
    return [float(spikes.sum()), *(float(np.count_nonzero(part)) for part in parts)]


def _size(layer: PackedLayer, active: Sequence[Bools], inputs: npt.NDArray[np.int8]) -> float:
    """Sizes of the values of a layer's events: those of the input, of spikes what one is worth."""
    given = np.abs(inputs.astype(np.int64)).sum()
    return float(
        sum(
            given if source.layer is None else layer.spec.spike_value * spikes.sum()
            for source, spikes in zip(layer.spec.sources, active, strict=True)
        )
    )


def _pairs(spikes: Bools) -> float:
    return float(np.add.reduceat(spikes, np.arange(0, spikes.size, 2)).astype(bool).sum())


def _logged(log: list[list[float]]) -> LayerActivity:
    columns = np.array(log, np.float64).T
    n_added = 3 * len(WINDOWS)
    ran, idle, fired, pairs, before, sizes = columns[:6]
    added, events = columns[6 : 6 + n_added].reshape(3, len(WINDOWS), -1), columns[6 + n_added :]
    sources = tuple(SourceActivity(*events[at : at + 4]) for at in range(0, len(events), 4))
    weight = np.full(len(log), 1 / len(log))
    return LayerActivity(weight, sources, ran, idle, fired, pairs, before, added, sizes)


def of_density(pack: Pack, density: float) -> Activity:
    """What the reference does with random input: each input is active with this chance per tick.

    Inputs, and values of graded input (1 to 31, of either sign), are drawn from a fixed seed.
    """
    rng = np.random.default_rng(SEED)
    shape = (RANDOM_TICKS, pack.meta.n_in)
    raster = (rng.random(shape) < density).astype(np.int8)
    if pack.graded_input:
        raster *= (rng.integers(1, 32, shape) * rng.choice([-1, 1], shape)).astype(np.int8)
    words = f"random input, {100 * density:.3g} % of the inputs active per tick"
    return of_clips(pack, [Stimulus(raster)], words)
