"""Named columns of events (x, y, p, t or an address) as checked numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from tinysnn.errors import StimulusError
from tinysnn.events.address import address_map
from tinysnn.events.options import EventOptions
from tinysnn.events.stream import EventStream, Ints, check_size

MAX_POLARITY = 255
Columns = Mapping[str, npt.NDArray[Any]]
NAMES: Mapping[str, str] = {
    "x": "x", "y": "y",
    "p": "p", "pol": "p", "polarity": "p", "on": "p", "c": "p", "channel": "p",
    "t": "t", "ts": "t", "time": "t", "timestamp": "t", "t_us": "t",
    "dt": "dt", "dt_us": "dt",
    "addr": "address", "address": "address",
}  # fmt: skip
"""What the fields of a file are called, and what they are."""


def named(columns: Columns, where: str) -> dict[str, npt.NDArray[Any]]:
    """The columns by what they are; refused where two are the same thing."""
    found: dict[str, npt.NDArray[Any]] = {}
    for name, values in columns.items():
        meaning = NAMES.get(name.strip().lower())
        if meaning is None:
            continue
        if meaning in found:
            raise StimulusError(f"two columns of {meaning!r}", where=where, fix="Leave one out.")
        found[meaning] = values
    return found


def stream_of(
    columns: Columns, options: EventOptions, where: str, *, offset: Ints | None = None
) -> EventStream:
    """Events out of columns [E] under any of the known names.

    Parameters
    ----------
    offset
        [clips + 1]: where clips begin; None: all are one clip.

    Raises
    ------
    StimulusError
        A column is missing, of another length, not numbers, or out of range.
    OptionError
        ``options.address`` is no address map.
    """
    found = named(columns, where)
    lengths = {values.shape for values in found.values()}
    if len(lengths) != 1 or len(next(iter(lengths))) != 1:
        raise StimulusError(
            f"columns {', '.join(found) or 'of no known name'} of shapes {sorted(lengths)}",
            where=where,
            fix="Events need x and t (y, p if there are) or address and t, all of one length.",
        )
    n = next(iter(lengths))[0]
    check_size(n, where)
    bounds = _bounds(offset, n, where)
    time = _time(found, bounds, where)
    x, y, p, sensor = _places(found, options, where)
    return EventStream(x=x, y=y, p=p, t=time, offset=bounds, sensor=sensor)


def _places(
    found: Columns, options: EventOptions, where: str
) -> tuple[Ints, Ints, Ints | None, tuple[int, int, int] | None]:
    """x, y, polarity, and the sensor if an address map tells it."""
    if "x" in found:
        x = whole("x", found["x"], where)
        y = whole("y", found["y"], where) if "y" in found else np.zeros_like(x)
        return x, y, polarity(found["p"], where) if "p" in found else None, None
    if "address" not in found:
        raise StimulusError("events without x", where=where, fix="Name a column x, or address.")
    if options.address is None:
        raise StimulusError(
            "events have addresses, and how these are made up is not said",
            where=where,
            fix="Such as --events address=x=34,y=34,p=2 (lowest part first).",
        )
    mapping = address_map(options.address)
    return *mapping.split(whole("address", found["address"], where), where), mapping.sensor


def whole(name: str, values: npt.NDArray[Any], where: str) -> Ints:
    """Numbers without fractions as int64; refused otherwise."""
    if values.dtype.kind not in "biuf":
        raise StimulusError(f"{name} of type {values.dtype}", where=where, fix="Give numbers.")
    if values.dtype.kind == "f" and not bool((np.floor(values) == values).all()):
        raise StimulusError(f"{name} with fractions", where=where, fix="Give whole numbers.")
    if values.size and not -(2.0**53) < float(values.min()) <= float(values.max()) < 2.0**53:
        raise StimulusError(f"{name} up to {values.max()}", where=where, fix="Give smaller ones.")
    return values.astype(np.int64)


def polarity(values: npt.NDArray[Any], where: str) -> Ints:
    """Polarities from 0; the pair -1, 1 becomes 0, 1."""
    numbers = whole("p", values, where)
    if numbers.size and int(numbers.min()) == -1:
        if bool((numbers == 0).any()):
            raise StimulusError(
                "polarities -1 and 0", where=where, fix="Give -1 and 1, or numbers from 0."
            )
        numbers = np.maximum(numbers, 0)
    if numbers.size and not 0 <= int(numbers.min()) <= int(numbers.max()) <= MAX_POLARITY:
        raise StimulusError(
            f"polarities from {numbers.min()} to {numbers.max()}",
            where=where,
            fix=f"Give -1 and 1, or 0 to {MAX_POLARITY}.",
        )
    return numbers


def _time(found: Columns, offset: Ints, where: str) -> npt.NDArray[Any]:
    """Times [E], out of differences if the file holds those."""
    if "t" not in found and "dt" not in found:
        raise StimulusError("events without times", where=where, fix="Name a column t or dt.")
    name = "t" if "t" in found else "dt"
    values = found[name]
    times: npt.NDArray[Any] = values
    if values.dtype.kind != "f" or bool((np.floor(values) == values).all()):
        times = whole(name, values, where)
    elif not bool((np.abs(values) < 2.0**53).all()):
        raise StimulusError(f"{name} that is not finite or too large", where=where, fix="Correct.")
    return times if name == "t" else _summed(times, offset)


def _summed(steps: npt.NDArray[Any], offset: Ints) -> npt.NDArray[Any]:
    """Running sums that begin anew with each clip."""
    if not steps.size:
        return steps
    total = np.cumsum(steps)
    before = np.concatenate([[0], total])[offset[:-1]]
    result: npt.NDArray[Any] = total - np.repeat(before, np.diff(offset))
    return result


def _bounds(offset: Ints | None, n: int, where: str) -> Ints:
    if offset is None:
        return np.array([0, n], dtype=np.int64)
    plain = offset.ndim == 1 and offset.size > 1 and bool((np.diff(offset) >= 0).all())
    if not plain or offset[0] != 0 or offset[-1] != n:
        raise StimulusError(
            f"offset does not lead from 0 to {n} in steps of at least 0",
            where=where,
            fix="Give the number of the first event of each clip, and the number of events.",
        )
    return offset
