"""Which input of the network an event's x, y and polarity mean."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinysnn.errors import OptionError, StimulusError
from tinysnn.events.options import MAX_SIDE, EventOptions, whole_numbers
from tinysnn.events.stream import EventStream, Ints


@dataclass(frozen=True, eq=False)
class Places:
    """Inputs of events, [E]; what is not kept has the input 0."""

    index: Ints
    kept: npt.NDArray[np.bool_]
    outside_crop: int
    other_polarity: int


@dataclass(frozen=True)
class Grid:
    """A sensor, the part of it that is used, and how its events are numbered."""

    sensor: tuple[int, int, int]
    """Width, height, polarities."""
    crop: tuple[int, int, int, int]
    """x, y, width, height of the part that is kept."""
    downscale: int
    polarity: str
    order: str

    @property
    def channels(self) -> int:
        """Polarity channels of the input."""
        return self.sensor[2] if self.polarity == "channels" else 1

    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes of the input's axes, in the order of ``order``."""
        width, height = (-(-side // self.downscale) for side in self.crop[2:])
        sizes = {"p": self.channels, "y": height, "x": width}
        return tuple(sizes[axis] for axis in self.order)

    @property
    def n(self) -> int:
        """Number of inputs."""
        return int(np.prod(self.shape, dtype=np.int64))

    def place(self, stream: EventStream) -> Places:
        """The input each event belongs to.

        Raises
        ------
        StimulusError
            An event lies outside the sensor.
        """
        p = np.zeros_like(stream.x) if stream.p is None else stream.p
        for name, values, limit in zip("xyp", (stream.x, stream.y, p), self.sensor, strict=True):
            _check_inside(name, values, limit, self.sensor)
        left, top, width, height = self.crop
        x, y = stream.x - left, stream.y - top
        inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
        wanted = np.ones_like(inside)
        if self.polarity in ("on", "off"):
            wanted = p == (1 if self.polarity == "on" else 0)
        kept = inside & wanted
        axes = {
            "p": p if self.polarity == "channels" else np.zeros_like(p),
            "y": y // self.downscale,
            "x": x // self.downscale,
        }
        index = np.zeros_like(x)
        for axis, size in zip(self.order, self.shape, strict=True):
            index = index * size + axes[axis]
        return Places(
            index=np.where(kept, index, 0),
            kept=kept,
            outside_crop=int((~inside).sum()),
            other_polarity=int((inside & ~wanted).sum()),
        )


def grid_for(stream: EventStream, options: EventOptions, shape: tuple[int, ...] | None) -> Grid:
    """The grid that the options describe, the format knows, or the network's input has.

    Parameters
    ----------
    shape
        Shape of the network's input; the sensor is taken to be as large where nothing else says
        how large it is. None: there is no network.

    Raises
    ------
    OptionError
        The size is not known, or crop or sensor are wrong.
    """
    sensor = _sensor(stream, options, shape)
    crop = (0, 0, *sensor[:2])
    if options.crop is not None:
        x, y, width, height = whole_numbers("crop", options.crop, ",", (4,))
        crop = (x, y, width, height)
        if not (0 < width <= sensor[0] - x and 0 < height <= sensor[1] - y):
            raise OptionError(
                f"{options.crop!r} does not lie in the {sensor[0]} x {sensor[1]} sensor",
                where="--events crop",
                fix="Give x, y, width and height.",
            )
    return Grid(sensor, crop, options.downscale, options.polarity, options.order)


def check_fit(grid: Grid, shape: tuple[int, ...], n_in: int) -> None:
    """Refuse a grid that is not the network's input.

    Raises
    ------
    OptionError
        Another number of inputs, or (for three axes) another shape.
    """
    axes = tuple(side for side in shape if side > 1)
    own = tuple(side for side in grid.shape if side > 1)
    if grid.n == n_in and (len(shape) < 3 or axes == own):
        return
    raise OptionError(
        f"events make an input of {list(grid.shape)} ({grid.order}), the network takes "
        f"{list(shape)}",
        where="--events",
        fix="Set sensor, crop, downscale, polarity (merge, on, off) or order; see docs/events.md.",
    )


def _sensor(
    stream: EventStream, options: EventOptions, shape: tuple[int, ...] | None
) -> tuple[int, int, int]:
    if options.sensor is not None:
        sizes = whole_numbers("sensor", options.sensor, "x", (2, 3))
        polarities = 1 if stream.p is None else 2
        sensor = (sizes[0], sizes[1], sizes[2] if len(sizes) == 3 else polarities)
    elif stream.sensor is not None:
        sensor = stream.sensor
    else:
        sensor = _from_network(stream, options, shape)
    if not (all(1 <= side <= MAX_SIDE for side in sensor) and sensor[2] <= 256):
        raise OptionError(
            f"a sensor of {sensor[0]} x {sensor[1]} x {sensor[2]}",
            where="--events sensor",
            fix=f"Sides are 1 to {MAX_SIDE}, polarities 1 to 256.",
        )
    return sensor


def _from_network(
    stream: EventStream, options: EventOptions, shape: tuple[int, ...] | None
) -> tuple[int, int, int]:
    """The sensor of a network whose input is the whole of it."""
    plain = options.crop is None and options.downscale == 1
    core = tuple(shape or ())
    while len(core) > 3 and core[0] == 1:
        core = core[1:]
    if plain and len(core) == 3:
        sizes = dict(zip(options.order, core, strict=True))
        polarities = sizes["p"] if options.polarity == "channels" else 2
        return sizes["x"], sizes["y"], 1 if stream.p is None else polarities
    if plain and len(core) == 1 and stream.p is None and not stream.y.any():
        return core[0], 1, 1
    raise OptionError(
        "the size of the sensor is not known",
        where="--events",
        fix="Say it, such as --events sensor=34x34x2 (width x height x polarities).",
    )


def _check_inside(name: str, values: Ints, limit: int, sensor: tuple[int, int, int]) -> None:
    wrong = (values < 0) | (values >= limit)
    if wrong.any():
        first = int(np.argmax(wrong))
        raise StimulusError(
            f"event {first} has {name} {int(values[first])}; the sensor is "
            f"{sensor[0]} x {sensor[1]} with {sensor[2]} polarities",
            fix="Correct the events, or say how large the sensor is (--events sensor=...).",
        )
