"""What calibration clips show of a pack: rates, events, saturation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tinysnn import batch
from tinysnn.pack import Pack
from tinysnn.reference import check_stimulus
from tinysnn.stimulus import Stimulus


@dataclass(frozen=True)
class Activity:
    """What the layers of a pack did over some clips, one entry per layer."""

    ticks: int
    rates: tuple[float | None, ...]
    """Spikes per neuron and tick; None for layers that do not fire."""
    saturated: tuple[int, ...]
    """How often a membrane stood at an end of the state range after a tick."""
    events_per_tick: tuple[float, ...]
    quiet_ticks: tuple[float, ...]
    """Part of the ticks without an event, 0..1."""


def activity(pack: Pack, stimuli: Sequence[Stimulus]) -> Activity:
    """Run clips and count.

    Raises
    ------
    StimulusError: a clip does not fit the pack.

    """
    for stimulus in stimuli:
        check_stimulus(pack, stimulus)
    traces = [batch.simulate(pack, rasters) for rasters in batch.batches(stimuli)]
    total = sum(stimulus.n_ticks for stimulus in stimuli)
    ticks = max(1, total)
    counts = np.sum([(t.saturated, t.events, t.quiet) for t in traces], axis=0)
    spikes = np.zeros(len(pack.layers))
    for trace in traces:
        spikes += [0 if fired is None else int(fired.sum()) for fired in trace.spikes]
    return Activity(
        ticks=total,
        rates=tuple(
            float(count) / (layer.n * ticks) if layer.spec.fires else None
            for layer, count in zip(pack.layers, spikes, strict=True)
        ),
        saturated=tuple(int(n) for n in counts[0]),
        events_per_tick=tuple(float(n) / ticks for n in counts[1]),
        quiet_ticks=tuple(float(n) / ticks for n in counts[2]),
    )
