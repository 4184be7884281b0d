"""The oracle: runs a pack in integers, as SPEC.md section 1 says. Shares no code with `emit`."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
import numpy.typing as npt

from tinysnn import past
from tinysnn.errors import StimulusError
from tinysnn.layer_state import LayerState
from tinysnn.learn.learner import Learner
from tinysnn.learn.plastic import measures
from tinysnn.ops.decide import Decider
from tinysnn.ops.fixed import STATE_RANGE
from tinysnn.ops.past import Ring
from tinysnn.pack import Pack
from tinysnn.state import StateField, spike_words, state_bytes, state_layout
from tinysnn.stimulus import Stimulus
from tinysnn.trace import Trace


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
        self.decider = None if pack.decision is None else Decider(pack.decision)
        self.learner = learner
        if learner is not None:
            learner.attach(self.layers)
        elif measures(pack):
            Learner(pack).attach(self.layers)
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
        values = out.fired if out.layer.spec.fires else out.v
        if self.decider is not None:
            self.decider.tick(values)
        return values

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
        if entry.decides:
            return np.atleast_1d(np.asarray(getattr(self.decider, entry.kind), np.int64))
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
    hashes, states, outputs, decisions = [zlib.crc32(state)], [state], [], []
    for inputs in stimulus.raster:
        outputs.append(simulation.tick(inputs))
        if simulation.decider is not None:
            decisions.append((simulation.decider.found, simulation.decider.margin))
        state = simulation.state()
        hashes.append(zlib.crc32(state, hashes[-1]))
        if keep_states:
            states.append(state)
    kept = np.frombuffer(b"".join(states), np.uint8).reshape(-1, len(state))
    output = np.array(outputs, np.int32).reshape(-1, pack.n_out)
    return Trace(
        output,
        np.array(hashes, np.uint32),
        states=kept if keep_states else None,
        decisions=np.array(decisions, np.int32).reshape(-1, 2) if pack.decision else None,
    )


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
