"""The binning rule of docs/events.md against a plain loop over events."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import numpy as np
import pytest

from tests.events import files
from tinysnn.errors import OptionError, StimulusError
from tinysnn.events.binning import binned, tick_length_s
from tinysnn.events.options import EventOptions
from tinysnn.events.places import check_fit, grid_for
from tinysnn.events.stream import EventStream
from tinysnn.load.stimuli import load_stimuli

SIZES = {"x": 34, "y": 34, "p": 2}


def stream_of(events: files.Events, cut: int | None = None, **changes: Any) -> EventStream:
    x, y, p, t = events
    offset = [0, t.size] if cut is None else [0, cut, cut, t.size]
    return EventStream(x=x, y=y, p=p, t=t, offset=np.array(offset), **changes)


Kept = Counter[tuple[int, int]]
"""Events by tick and input."""


def by_hand(events: files.Events, tick_us: float, options: EventOptions) -> Kept:
    """Every event that is kept, one after the other."""
    left, top, width, height = map(int, (options.crop or "0,0,34,34").split(","))
    first = {"first": min(events[3]), "zero": 0}.get(str(options.t0), options.t0)
    found: Kept = Counter()
    for x, y, p, t in zip(*events, strict=True):
        if not (left <= x < left + width and top <= y < top + height):
            continue
        if (options.polarity == "on" and p != 1) or (options.polarity == "off" and p != 0):
            continue
        late = (t - first) / tick_us
        tick = round(late) if options.rule == "nearest" else math.floor(late)
        if tick < 0 or (options.n_ticks is not None and tick >= options.n_ticks):
            continue
        step = options.downscale
        values = {"x": (x - left) // step, "y": (y - top) // step, "p": 0}
        sizes = {"x": math.ceil(width / step), "y": math.ceil(height / step), "p": 1}
        if options.polarity == "channels":
            values["p"], sizes["p"] = p, 2
        index = 0
        for axis in options.order:
            index = index * sizes[axis] + values[axis]
        found[tick, int(index)] += 1
    return found


CASES: list[dict[str, Any]] = [
    {},
    {"n_ticks": 17},
    {"t0": "zero", "rule": "nearest"},
    {"t0": 4_321, "n_ticks": 20},
    {"crop": "3,5,20,11", "downscale": 3},
    {"crop": "3,5,20,11", "downscale": 3, "order": "yxp"},
    {"polarity": "merge", "downscale": 2, "order": "xyp"},
    {"polarity": "on"},
    {"polarity": "off", "order": "xpy"},
]


@pytest.mark.parametrize("changes", CASES, ids=str)
@pytest.mark.parametrize("tick_us", [1000.0, 333.25])
def test_rule(changes: dict[str, Any], tick_us: float) -> None:
    events = files.some_events(3000, seed=5)
    options = EventOptions(sensor="34x34x2", **changes)
    stream = stream_of(events)
    grid = grid_for(stream, options, None)
    ready = binned(stream, grid, options, tick_us * 1e-6, counting=True)
    wanted = by_hand(events, tick_us, options)
    places = zip(ready.tick.tolist(), ready.index.tolist(), strict=True)
    assert dict(zip(places, ready.value.tolist(), strict=True)) == dict(wanted)
    counts = ready.counts
    lost = counts.outside_crop + counts.other_polarity + counts.early + counts.late
    assert lost + sum(wanted.values()) == counts.read == 3000
    assert counts.merged == sum(wanted.values()) - len(wanted)
    spikes = binned(stream, grid, options, tick_us * 1e-6, counting=False)
    assert (spikes.value == 1).all()
    assert spikes.index.size == len(wanted)


def test_each_clip_starts_at_its_own_first_event() -> None:
    x, y, p, t = files.some_events(100)
    stream = stream_of((x, y, p, t + 70_000), cut=40)
    options = EventOptions(sensor="34x34x2")
    ready = binned(stream, grid_for(stream, options, None), options, 1e-3, counting=False)
    spans = [int((part.max() - part.min()) // 1000) + 1 for part in (t[:40], t[40:])]
    assert ready.n_ticks == (spans[0], 1, spans[1])
    assert [int(ready.tick[ready.clip == k].min()) for k in (0, 2)] == [0, 0]


def test_more_than_127_events_of_one_input_in_a_tick() -> None:
    zero = np.zeros(300, np.int64)
    stream = stream_of((zero, zero, zero, zero))
    ready = binned(
        stream, grid_for(stream, EventOptions(sensor="1x1x2"), None), EventOptions(), 1e-3,
        counting=True,
    )  # fmt: skip
    assert (ready.value.tolist(), ready.counts.clipped) == ([127], 1)
    assert "1 counts above 127" in " ".join(ready.counts.remarks())


def test_times_in_floating_point_are_not_moved_by_rounding() -> None:
    seconds = np.arange(0, 50) * 0.1
    zero = np.zeros(50, np.int64)
    stream = stream_of((zero, zero, zero, seconds))
    options = EventOptions(time_unit="s", sensor="1x1x2")
    ready = binned(stream, grid_for(stream, options, None), options, 0.1, counting=False)
    assert ready.tick.tolist() == list(range(50))


def test_length_of_a_tick_is_never_guessed() -> None:
    assert tick_length_s(EventOptions(tick_us=500), None) == 5e-4
    assert tick_length_s(EventOptions(), 1e-3) == 1e-3
    for dt_s in (None, 1.0):
        with pytest.raises(OptionError, match="tick_us=1000"):
            tick_length_s(EventOptions(), dt_s)


def test_sensor_of_the_network() -> None:
    stream = stream_of(files.some_events(10))
    assert grid_for(stream, EventOptions(), (1, 2, 34, 34)).shape == (2, 34, 34)
    merged = grid_for(stream, EventOptions(polarity="merge"), (1, 34, 40))
    assert (merged.shape, merged.sensor) == ((1, 34, 40), (40, 34, 2))
    with pytest.raises(OptionError, match="sensor=34x34x2"):
        grid_for(stream, EventOptions(downscale=2), (2, 34, 34))
    with pytest.raises(OptionError, match="does not lie in the 34 x 34 sensor"):
        grid_for(stream, EventOptions(sensor="34x34", crop="20,0,20,34"), None)


def test_another_input_than_the_network_takes() -> None:
    grid = grid_for(stream_of(files.some_events(10)), EventOptions(sensor="34x30x2"), None)
    check_fit(grid, (2040,), 2040)
    check_fit(grid, (1, 2, 30, 34), 2040)
    for shape in ((2, 34, 30), (2, 34, 34), (34, 30, 2)):
        with pytest.raises(OptionError, match="network takes"):
            check_fit(grid, shape, int(np.prod(shape)))


def test_event_outside_the_sensor() -> None:
    stream = stream_of(files.some_events(10))
    with pytest.raises(StimulusError, match="the sensor is 30 x 34"):
        grid_for(stream, EventOptions(sensor="30x34x2"), None).place(
            stream_of(files.some_events(500))
        )


def test_clips_of_a_network(tmp_path) -> None:
    """A graded network gets counts, a spiking one spikes; counts for spikes are refused."""
    events = files.some_events(2000)
    path = files.npz_columns(tmp_path / "a.npz", events)
    options: dict[str, Any] = {
        "events": EventOptions(tick_us=10_000, n_ticks=3), "shape": (2, 34, 34),
    }  # fmt: skip
    (graded,) = load_stimuli(path, n_in=2312, graded=True, **options)
    (plain,) = load_stimuli(path, n_in=2312, graded=False, **options)
    assert graded.raster.shape == (3, 2312)
    assert graded.raster.max() > 1
    assert ((graded.raster > 0) == plain.raster).all()
    with pytest.raises(OptionError, match="bins=binary"):
        load_stimuli(
            path, n_in=2312, graded=False, shape=(2, 34, 34),
            events=EventOptions(tick_us=1000, bins="counts"),
        )  # fmt: skip


def test_options_of_events_for_a_raster_are_refused(tmp_path) -> None:
    np.savez(tmp_path / "clips.npz", raster=np.zeros((3, 5)))
    with pytest.raises(OptionError, match="no file of events"):
        load_stimuli(tmp_path / "clips.npz", n_in=5, graded=False, events=EventOptions())
