"""Recorded events as input clips of a network."""

from __future__ import annotations

from pathlib import Path

from tinysnn.errors import OptionError, StimulusError
from tinysnn.events.binning import Binned, binned, tick_length_s
from tinysnn.events.options import EventOptions
from tinysnn.events.places import check_fit, grid_for
from tinysnn.load.clips import Events, Wanted, clips_from_events
from tinysnn.load.event_files import read_events
from tinysnn.stimulus import Stimulus


def read_event_clips(
    path: Path, wanted: Wanted, options: EventOptions
) -> tuple[list[Stimulus], tuple[str, ...]]:
    """The clips of a file or folder of events, and remarks on what was left out or merged.

    Raises
    ------
    StimulusError
        The file is damaged or too large, or an event lies outside the sensor.
    OptionError
        Something that only the user can say is missing or wrong.
    """
    stream = read_events(path, options)
    try:
        grid = grid_for(stream, options, wanted.shape)
        check_fit(grid, wanted.shape or (wanted.n_in,), wanted.n_in)
        tick_s = tick_length_s(options, wanted.dt_s)
        ready = binned(stream, grid, options, tick_s, counting=_counts(options, wanted))
    except (StimulusError, OptionError) as exc:
        where = f"{path}: {exc.where}" if exc.where else str(path)
        raise type(exc)(exc.what, where=where, fix=exc.fix) from exc
    rasters = clips_from_events(_events(ready), wanted)
    labels = stream.labels or (None,) * stream.n_clips
    clips = [
        Stimulus(raster, name, label)
        for raster, name, label in zip(rasters, stream.names, labels, strict=True)
    ]
    return clips, ready.counts.remarks()


def _counts(options: EventOptions, wanted: Wanted) -> bool:
    """Whether values are counted; a network that takes spikes cannot take counts."""
    if options.bins == "counts" and not wanted.graded:
        raise OptionError(
            "counts are values, but the network takes spikes, 0 or 1",
            where="--events bins",
            fix="Use bins=binary, or pack the network with --input-scale for graded input.",
        )
    return wanted.graded if options.bins is None else options.bins == "counts"


def _events(ready: Binned) -> Events:
    return Events(
        clip=ready.clip,
        tick=ready.tick,
        index=ready.index,
        value=ready.value,
        n_ticks=ready.n_ticks,
    )
