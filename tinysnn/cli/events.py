"""`tinysnn events`: what a recording of events holds, and what would enter a network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tinysnn.cli.event_option import events_option
from tinysnn.cli.screen import facts, json_option, write_json
from tinysnn.errors import OptionError, StimulusError

if TYPE_CHECKING:
    from tinysnn.events.binning import Binned
    from tinysnn.events.options import EventOptions
    from tinysnn.events.places import Grid
    from tinysnn.events.stream import EventStream


@click.command(short_help="Show a recording of events, and put it into ticks.")
@click.argument("recording", type=click.Path(path_type=Path))
@events_option
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="Write the events in ticks as .npz, which `run` and `pack --calibrate` take.",
)
@json_option
def events(
    recording: Path, *, events: tuple[str, ...], output: Path | None, json_file: str | None
) -> None:
    """Show what a recording of events holds: clips, places, times, and a picture of it.

    With tick_us it also says what becomes of the events in ticks. Takes .npy and .npz (structured
    arrays, or one array per column), .csv, N-MNIST's .bin, and folders of these.

    \b
    tinysnn events 00004.bin --events tick_us=1000
    tinysnn events gesture.npy --events sensor=128x128x2 --events downscale=4
    tinysnn events clips.csv --events events.toml -o clips.npz
    """
    from tinysnn.events.options import EventOptions, event_options
    from tinysnn.events.summary import summary
    from tinysnn.load.event_files import read_events

    options = event_options(events) or EventOptions()
    stream = read_events(recording, options)
    content: dict[str, Any] = summary(stream, options.time_unit)
    grid, ready = _in_ticks(stream, options, recording, needed=output is not None)
    if grid is not None:
        content["input_shape"] = list(grid.shape)
    if ready is not None:
        content["in_ticks"] = _counts(ready)
    if output is not None and ready is not None and grid is not None:
        from tinysnn.events.saving import save_events

        save_events(ready, stream, grid, output)
    write_json(content, json_file)
    if json_file != "-":
        _show(recording.name, content, stream, grid, ready)
        if output is not None:
            click.echo(f"Written to {output}.")


def _in_ticks(
    stream: EventStream, options: EventOptions, recording: Path, *, needed: bool
) -> tuple[Grid | None, Binned | None]:
    """Grid and ticks, so far as the options say enough; an error says what lacks if `needed`."""
    from tinysnn.events.binning import binned, tick_length_s
    from tinysnn.events.places import grid_for

    known = options.sensor is not None or stream.sensor is not None
    if not known and not needed and options.crop is None:
        return None, None
    try:
        grid = grid_for(stream, options, None)
        if options.tick_us is None and not needed:
            return grid, None
        tick_s = tick_length_s(options, None)
        counting = options.bins == "counts"
        return grid, binned(stream, grid, options, tick_s, counting=counting)
    except (OptionError, StimulusError) as exc:
        where = f"{recording}: {exc.where}" if exc.where else str(recording)
        raise type(exc)(exc.what, where=where, fix=exc.fix) from exc


def _counts(ready: Binned) -> dict[str, Any]:
    """Figures of the events in ticks."""
    import dataclasses

    ticks = sum(ready.n_ticks)
    return {
        "ticks": ticks,
        "ticks_per_clip": [min(ready.n_ticks), max(ready.n_ticks)],
        "events_per_tick": ready.tick.size / ticks,
        **dataclasses.asdict(ready.counts),
    }


def _show(
    name: str,
    content: dict[str, Any],
    stream: EventStream,
    grid: Grid | None,
    ready: Binned | None,
) -> None:
    from tinysnn.events.summary import picture

    low, middle, high = content["duration_ms"]
    shape = None if grid is None else f"{list(grid.shape)} ({grid.order}), {grid.n:,} inputs"
    facts(
        name,
        {
            "kind": content["form"],
            "clips": content["clips"],
            "events": content["events"],
            "x, y": " , ".join(_span(content[axis]) for axis in "xy"),
            "polarities": _listed(content["polarities"]) or "none",
            "labels": " ".join(map(str, content["labels"][:16])) or "none",
            "ms per clip": f"{low:,.1f} .. {high:,.1f}, median {middle:,.1f}",
            "input": shape or "the size of the sensor is not known (--events sensor=...)",
            "ticks": "the length of a tick is not known (--events tick_us=...)"
            if ready is None
            else _ticks(content["in_ticks"]),
        },
    )
    for remark in () if ready is None else ready.counts.remarks():
        click.echo(f"note: {remark}")
    ranges = (content["x"] or [0, 0], content["y"] or [0, 0])
    sensor = (ranges[0][1] + 1, ranges[1][1] + 1) if grid is None else grid.sensor[:2]
    click.echo()
    for line in picture(stream, (sensor[0], sensor[1])):
        click.echo(f"  {line}")


def _span(ends: list[int] | None) -> str:
    return "none" if ends is None else f"{ends[0]} .. {ends[1]}"


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{key}: {count:,}" for key, count in counts.items())


def _ticks(counts: dict[str, Any]) -> str:
    low, high = counts["ticks_per_clip"]
    lengths = f"{low}" if low == high else f"{low} .. {high}"
    return f"{lengths} per clip, {counts['events_per_tick']:.3g} events per tick"
