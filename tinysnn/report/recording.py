"""What a network does with one clip: the reference's spikes and membranes, in real units."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinysnn.errors import StimulusError
from tinysnn.evaluate.operations import layer_spikes
from tinysnn.evaluate.result import Example
from tinysnn.pack import Pack, PackedLayer
from tinysnn.reference import run
from tinysnn.state import state_layout
from tinysnn.stimulus import Stimulus

MAX_CELLS = 1 << 26
"""Ticks times inputs of an example; more is refused."""
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class LayerRecording:
    """One layer during the clip."""

    name: str
    spikes: npt.NDArray[np.bool_] | None
    """``[T, n]``; None if the layer does not fire."""
    membranes: Floats
    """``[T, n]`` after each tick, in the units of the source file, relative to rest."""
    threshold: Floats | None
    """``[n]`` in the same units; None if the layer does not fire."""


@dataclass(frozen=True, eq=False)
class Recording:
    """One clip."""

    clip: str
    inputs: npt.NDArray[np.int8]
    """``[T, n_in]``"""
    graded: bool
    layers: tuple[LayerRecording, ...]
    output: int
    """Index of the output layer."""


def stimulus_of(example: Example, n_in: int) -> Stimulus:
    """The clip that an evaluation keeps.

    Raises
    ------
    StimulusError: events that are out of range, or lists of different lengths.

    """
    tick, index, value = (
        np.array(v, np.int64) for v in (example.tick, example.index, example.value)
    )
    sizes = {tick.size, index.size, value.size}
    if len(sizes) != 1 or not 0 < example.n_ticks * n_in <= MAX_CELLS:
        raise StimulusError("its lists of events do not belong together", where="example")
    for values, low, high in (
        (tick, 0, example.n_ticks - 1),
        (index, 0, n_in - 1),
        (value, -128, 127),
    ):
        if values.size and not low <= values.min() <= values.max() <= high:
            raise StimulusError("holds an event that is out of range", where="example")
    raster = np.zeros((example.n_ticks, n_in), np.int8)
    raster[tick, index] = value
    return Stimulus(raster, f"clip {example.clip}")


def record(pack: Pack, stimulus: Stimulus) -> Recording:
    """Run the reference and keep everything.

    Raises
    ------
    StimulusError: the clip does not fit the pack.

    """
    states = run(pack, stimulus, keep_states=True).states
    assert states is not None
    spikes = layer_spikes(pack, states)
    membranes: dict[int, Floats] = {}
    for entry in state_layout(pack):
        if entry.layer is not None and entry.kind == "v":
            raw = np.ascontiguousarray(states[1:, entry.offset : entry.offset + entry.n_bytes])
            values = raw.view(f"<{entry.dtype}")[:, : pack.layers[entry.layer].n]
            membranes[entry.layer] = values * _unit(pack.layers[entry.layer])
    layers = tuple(
        LayerRecording(
            name=layer.name,
            spikes=None if spikes[k] is None else np.asarray(spikes[k])[1:],
            membranes=membranes[k],
            threshold=layer.wide("theta") * _unit(layer) if layer.spec.fires else None,
        )
        for k, layer in enumerate(pack.layers)
    )
    return Recording(stimulus.name, stimulus.raster, pack.graded_input, layers, pack.meta.output)


def _unit(layer: PackedLayer) -> Floats:
    """Real value of one step of the state, ``[n]`` (SPEC.md 1.1)."""
    unit: Floats = np.broadcast_to(layer.scale, (layer.n,)) * 2.0**-layer.spec.frac_bits
    return unit
