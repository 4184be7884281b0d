"""The oracle: runs a pack in integers, as SPEC.md section 1 says. Shares no code with `emit`."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tinysnn import past
from tinysnn.errors import StimulusError
from tinysnn.ops import current, li, lif, rows, scatter
from tinysnn.ops.fixed import ONE_Q16, STATE_RANGE, Ints, align, leak_nearest, leak_zero
from tinysnn.ops.idle import catch_up
from tinysnn.ops.past import Ring
from tinysnn.pack import Pack, PackedLayer
from tinysnn.state import StateField, spike_words, state_bytes, state_layout
from tinysnn.stimulus import Stimulus
from tinysnn.trace import Trace

if TYPE_CHECKING:
    from tinysnn.learn.learner import Learner

MAX_IDLE = (1 << 32) - 1


class LayerState:
    """What one layer carries from tick to tick."""

    def __init__(self, layer: PackedLayer) -> None:
        self.layer = layer
        self.rows = layer.rows
        self.bias = layer.wide("bias")
        self.sums: Ints = np.zeros(layer.n, np.int64)
        self.v: Ints = layer.wide("v_init").copy()
        self.i: Ints = np.zeros(layer.n, np.int64)
        self.fired: Ints = np.zeros(layer.n, np.int64)
        """Spikes of the last tick."""
        self.kept = lif.memory(layer, (layer.n,))
        self.idle = 0
        self.hot = bool(self.v.any())

    def tick(self, index: npt.NDArray[np.intp], value: npt.NDArray[np.int64] | None) -> None:
        """One tick with the given active rows and their values."""
        layer, spec = self.layer, self.layer.spec
        if spec.may_skip and index.size == 0 and not self.hot:
            self.idle = min(self.idle + 1, MAX_IDLE)
            self.fired = np.zeros(layer.n, np.int64)
            return
        if self.idle:
            leak = leak_nearest if spec.fires else leak_zero
            self.v = catch_up(self.v, layer.wide("beta"), leak, self.idle)
            if self.kept.a is not None:
                self.kept.a = catch_up(self.kept.a, layer.wide("rho"), leak_zero, self.idle)
            self.idle = 0
        self.sums = synapses(layer, self.rows, index, value)
        y = align(self.sums, spec.frac_bits) + self.bias
        if spec.has_current:
            self.i = y = current.step(self.i, y, layer.wide("alpha"), spec.state_bits)
        if spec.fires:
            self.v, self.fired = lif.step(layer, self.v, y, self.fired, self.kept)
            self.hot = bool(lif.hot(layer, self.v, self.fired, self.kept))
        else:
            self.v = li.step(layer, self.v, y)
            self.hot = bool(self.v.any()) and not bool((layer.wide("beta") == ONE_Q16).all())
        self.hot = self.hot or (spec.has_current and bool(self.i.any()))

    def field(self, name: str) -> npt.NDArray[np.int64]:
        """A state field by its name without the layer prefix."""
        if name == "spikes":
            return spike_words(self.fired > 0).astype(np.int64)
        if name == "counts":
            return self.fired
        if name in ("a", "wait"):
            return np.asarray(getattr(self.kept, name))
        if name in ("idle", "hot"):
            return np.array([int(getattr(self, name))], np.int64)
        return np.asarray(getattr(self, name))


def synapses(
    layer: PackedLayer,
    weights: npt.NDArray[np.int8],
    index: npt.NDArray[np.intp],
    value: npt.NDArray[np.int64] | None,
) -> Ints:
    """What a tick's events add to the neurons of a layer with these rows, or its kernels; [n]."""
    if not layer.spec.has_kernels:
        return rows.accumulate(weights, index, value)
    total = np.zeros(layer.n, np.int64)
    values = np.ones(index.size, np.int64) if value is None else value
    first = 0
    for source, kernel in zip(layer.spec.sources, layer.kernels, strict=True):
        assert source.map is not None  # the rules see to it
        own = (index >= first) & (index < first + source.n)
        total += scatter.accumulate(source.map, kernel, index[own] - first, values[own], layer.n)
        first += source.n
    return total


class Simulation:
    """A pack being run tick by tick; with a learner, plastic layers have what it has learned."""

    def __init__(self, pack: Pack, learner: Learner | None = None) -> None:
        self.pack = pack
        self.layers = [LayerState(layer) for layer in pack.layers]
        self.rings = {
            source: Ring(kept, (self._width(source),))
            for source, kept in past.slots(pack.layers).items()
        }
        """By layer (None: the input), for sources that are read late."""
        self._late = past.late_reads(pack.layers)
        self.learner = learner
        if learner is not None:
            learner.attach(self.layers)
        self._layout = state_layout(pack)
        self._n_bytes = state_bytes(pack)

    def tick(self, inputs: npt.NDArray[np.int8]) -> npt.NDArray[np.int64]:
        """Advance by one tick; inputs is [n_in]; returns the output [n_out]."""
        for ring in self.rings.values():
            ring.turn()
        self._keep(None, inputs)
        for k, state in enumerate(self.layers):
            index, value = self._events(k, inputs)
            state.tick(index, value)
            self._keep(k, state.fired)
            if self.learner is not None:
                self.learner.observe(k, index, value)
        if self.learner is not None:
            self.learner.ticked()
        out = self.layers[self.pack.meta.output]
        return out.fired if out.layer.spec.fires else out.v

    def _width(self, source: int | None) -> int:
        return self.pack.meta.n_in if source is None else self.pack.layers[source].n

    def _keep(self, source: int | None, values: npt.NDArray[Any]) -> None:
        """What a source did in this tick, if it is read late."""
        if source in self.rings:
            self.rings[source].put(values)

    def _events(
        self, k: int, inputs: npt.NDArray[np.int8]
    ) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.int64] | None]:
        """Active rows of a layer and their values.

        `fired` of a layer that has not run in this tick holds the previous tick's spikes, which
        is just what a source with a delay of one tick wants.
        """
        layer = self.pack.layers[k]
        blocks = []
        for source, delays in zip(layer.spec.sources, self._late[k], strict=True):
            if delays is not None:
                found = self.rings[source.layer].read(delays)
            elif source.layer is None:
                found = inputs.astype(np.int64)
            else:
                found = self.layers[source.layer].fired
            worth = 1 if source.layer is None else layer.spec.spike_value
            blocks.append(found * worth)
        values = np.concatenate(blocks)
        index = np.flatnonzero(values)
        graded = layer.spec.reads_values(graded_input=self.pack.graded_input)
        return index, values[index] if graded else None

    def state(self) -> bytes:
        """The state's bytes (SPEC.md 1.5)."""
        out = bytearray(self._n_bytes)
        for entry in self._layout:
            values = self._field(entry)
            raw = values.astype(f"<{entry.dtype}").tobytes()
            out[entry.offset : entry.offset + len(raw)] = raw
        return bytes(out)

    def _field(self, entry: StateField) -> npt.NDArray[np.int64]:
        """A field's values, without padding at its end."""
        if entry.kind == "at":
            return np.array([self.rings[entry.layer].at], np.int64)
        if entry.kind == "past":
            kept = self.rings[entry.layer].values
            if entry.dtype == "i1":
                return kept.ravel()
            return np.concatenate([spike_words(tick != 0) for tick in kept]).astype(np.int64)
        assert entry.layer is not None  # the input has no other fields
        return self.layers[entry.layer].field(entry.kind)


def run(pack: Pack, stimulus: Stimulus, *, keep_states: bool = False) -> Trace:
    """Run one clip from a reset.

    Raises
    ------
    StimulusError: if the raster is not [T, n_in], or not binary for a model that takes spikes.

    """
    check_stimulus(pack, stimulus)
    simulation = Simulation(pack)
    state = simulation.state()
    hashes, states, outputs = [zlib.crc32(state)], [state], []
    for inputs in stimulus.raster:
        outputs.append(simulation.tick(inputs))
        state = simulation.state()
        hashes.append(zlib.crc32(state, hashes[-1]))
        if keep_states:
            states.append(state)
    kept = np.frombuffer(b"".join(states), np.uint8).reshape(-1, len(state))
    output = np.array(outputs, np.int32).reshape(-1, pack.n_out)
    return Trace(output, np.array(hashes, np.uint32), None, kept if keep_states else None)


def check_stimulus(pack: Pack, stimulus: Stimulus) -> None:
    """Refuse a raster that is not for this pack."""
    shape = stimulus.raster.shape
    if len(shape) != 2 or shape[1] != pack.meta.n_in:
        raise StimulusError(
            f"the raster is {shape}, the model takes [ticks, {pack.meta.n_in}]",
            where=stimulus.name or "input",
            fix="Check that input and model belong together",
        )
    if not pack.graded_input and bool(((stimulus.raster != 0) & (stimulus.raster != 1)).any()):
        raise StimulusError(
            "values other than 0 and 1, but the model takes spikes",
            where=stimulus.name or "input",
            fix="Pack the model with an input scale if its input is graded",
        )


def layer_rates(pack: Pack, stimuli: list[Stimulus]) -> tuple[list[float | None], list[int]]:
    """Firing rate and saturated membranes of every layer over some clips.

    Returns
    -------
    Spikes per neuron and tick (None for layers that do not fire), and how often a membrane stood
    at an end of the state range after a tick.

    """
    spikes = np.zeros(len(pack.layers))
    saturated = np.zeros(len(pack.layers), np.int64)
    for stimulus in stimuli:
        check_stimulus(pack, stimulus)
        simulation = Simulation(pack)
        for inputs in stimulus.raster:
            simulation.tick(inputs)
            for k, state in enumerate(simulation.layers):
                low, high = STATE_RANGE[state.layer.spec.state_bits]
                spikes[k] += state.fired.sum()
                saturated[k] += int(((state.v <= low) | (state.v >= high)).sum())
    ticks = max(1, sum(stimulus.n_ticks for stimulus in stimuli))
    rates = [
        float(spikes[k]) / (layer.n * ticks) if layer.spec.fires else None
        for k, layer in enumerate(pack.layers)
    ]
    return rates, [int(value) for value in saturated]
