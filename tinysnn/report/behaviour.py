"""Charts of what a network does with one clip: spikes and membranes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from tinysnn.report.charts import COLOURS, GREY, as_uri, new
from tinysnn.report.recording import LayerRecording, Recording

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TRACES = 3
"""Neurons of a firing layer whose membranes are shown: those that fire most."""
MOST_OUTPUTS = 16
_POINTS = 3000
"""More spikes than this are drawn as pixels, so that the page stays small."""


def spikes_chart(recording: Recording) -> str:
    """Input events and the spikes of each firing layer over time."""
    firing = [layer for layer in recording.layers if layer.spikes is not None]
    sizes = [recording.inputs.shape[1], *(layer.membranes.shape[1] for layer in firing)]
    heights = [max(0.7, 0.32 * size**0.4) for size in sizes]
    figure = new(sum(heights) + 0.35 * len(heights) + 0.4)
    every = figure.subplots(len(sizes), 1, sharex=True, squeeze=False, height_ratios=heights)
    axes: Sequence[Axes] = every[:, 0].tolist()
    _inputs(axes[0], recording)
    for place, layer, colour in zip(axes[1:], firing, COLOURS * len(firing), strict=False):
        assert layer.spikes is not None
        _points(place, layer.spikes, colour)
        rate = float(layer.spikes.mean())
        place.set_title(
            f"{layer.name}: {layer.spikes.sum():,} spikes, {rate:.4f} per neuron and tick"
        )
    axes[-1].set_xlabel("tick")
    axes[-1].set_xlim(-0.5, len(recording.inputs) - 0.5)
    return as_uri(figure)


def _inputs(axes: Axes, recording: Recording) -> None:
    events = recording.inputs != 0
    axes.set_title(f"input: {events.sum():,} events")
    if not recording.graded:
        _points(axes, events, "#24292f")
        return
    shown = recording.inputs.T.astype(float)
    reach = max(1.0, float(np.abs(shown).max()))
    negative = bool((shown < 0).any())
    axes.imshow(
        shown,
        aspect="auto",
        origin="lower",
        interpolation="nearest",
        cmap="RdBu_r" if negative else "Greys",
        vmin=-reach if negative else 0,
        vmax=reach,
    )


def _points(
    axes: Axes, events: np.ndarray[tuple[int, ...], np.dtype[np.bool_]], colour: str
) -> None:
    tick, neuron = np.nonzero(events)
    size = float(np.clip(1600 / max(events.shape), 1.2, 14))
    axes.scatter(
        tick, neuron, s=size, color=colour, marker="s", lw=0, rasterized=tick.size > _POINTS
    )
    axes.set_ylim(-0.7, events.shape[1] - 0.3)


def membranes_chart(recording: Recording, classes: Sequence[str]) -> str:
    """Membranes of the outputs, and of the busiest neurons of each firing layer."""
    figure = new(1.5 * len(recording.layers) + 0.4)
    every = figure.subplots(len(recording.layers), 1, sharex=True, squeeze=False)
    for k, (axes, layer) in enumerate(zip(every[:, 0], recording.layers, strict=True)):
        is_output = k == recording.output
        names = classes if is_output and len(classes) == layer.membranes.shape[1] else ()
        _membranes(axes, layer, names)
    every[-1, 0].set_xlabel("tick")
    every[-1, 0].set_xlim(0, max(1, len(recording.inputs) - 1))
    return as_uri(figure)


def _membranes(axes: Axes, layer: LayerRecording, names: Sequence[str]) -> None:
    n = layer.membranes.shape[1]
    chosen = list(range(n)) if names and n <= MOST_OUTPUTS else _busiest(layer)
    best = _busiest(layer)[0]
    for line, neuron in enumerate(chosen):
        label = names[neuron] if names else f"neuron {neuron}"
        faint = layer.spikes is None and len(chosen) > 4 and neuron != best
        axes.plot(
            layer.membranes[:, neuron],
            color=COLOURS[line % len(COLOURS)],
            lw=0.8 if faint else 1.5,
            ls="-" if line < len(COLOURS) else "--",
            label=label,
        )
        if layer.threshold is not None and layer.spikes is not None:
            fired = np.flatnonzero(layer.spikes[:, neuron])
            level = np.full(fired.size, layer.threshold[neuron])
            axes.scatter(fired, level, s=9, color=COLOURS[line % len(COLOURS)], zorder=3)
    if layer.threshold is not None:
        axes.axhline(float(layer.threshold[best]), color=GREY, lw=0.8, ls=":")
    axes.set_title(
        f"{layer.name}: membranes" + (", dots are spikes" if layer.spikes is not None else "")
    )
    axes.legend(fontsize=7, loc="center left", bbox_to_anchor=(1.005, 0.5), handlelength=1.2,
                ncols=1 + (len(chosen) > 8), columnspacing=0.8)  # fmt: skip


def _busiest(layer: LayerRecording) -> list[int]:
    score = layer.membranes.sum(axis=0) if layer.spikes is None else layer.spikes.sum(axis=0)
    order = np.argsort(-score, kind="stable")
    return [int(neuron) for neuron in order[:TRACES]]
