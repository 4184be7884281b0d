"""How recorded events become ticks and inputs: what no file of events says.

Given on the command line (``--events NAME=VALUE``, repeated) or in a TOML file of these names.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec

from tinysnn.errors import OptionError

TimeUnit = Literal["ns", "us", "ms", "s"]
Seconds: Mapping[TimeUnit, float] = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0}
MAX_SIDE = 4096
MAX_TICKS = 1 << 24
_KINDS = {"clips": "FIRST:END", "crop": "X,Y,WIDTH,HEIGHT", "sensor": "WIDTHxHEIGHTxPOLARITIES"}


class EventOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How events become ticks and inputs; None: as the text of each says."""

    tick_us: float | None = None
    """Length of a tick in microseconds. None: the network's, if it is below 1 s."""
    time_unit: TimeUnit = "us"
    """Unit of the times in the file."""
    t0: Literal["first", "zero"] | float = "first"
    """Where tick 0 begins: at the clip's first event, at time 0, or at a time in time_unit."""
    rule: Literal["floor", "nearest"] = "floor"
    """Tick of an event: floor((t - t0) / tick), or the nearest whole number (lava-dl)."""
    n_ticks: int | None = None
    """Length of every clip; later events are left out. None: to the clip's last event."""
    bins: Literal["binary", "counts"] | None = None
    """Events that share tick and input: one spike, or a graded value of their number (at most
    127). None: counts where the network takes graded input, else binary."""
    polarity: Literal["channels", "merge", "on", "off"] = "channels"
    """A channel each, all into one, or only those of polarity 1 or 0, in one channel."""
    sensor: str | None = None
    """Size of the sensor, such as 34x34x2 or 128x128. None: as the format or network says."""
    crop: str | None = None
    """Part of the sensor that is kept, such as 17,0,34,34 (x, y, width, height)."""
    downscale: int = 1
    """x and y are divided by this (rounding down), after cropping."""
    order: Literal["pyx", "yxp", "pxy", "xyp", "ypx", "xpy"] = "pyx"
    """Axes of the network's input, the last one running fastest."""
    address: str | None = None
    """How an address is made up, such as x=34,y=34,p=2 or x=7b,y=7b,p=1b: lowest part first."""
    columns: str | None = None
    """Columns of a table without names, such as t,x,y,p; ``-`` for one that is not used."""
    clips: str | None = None
    """Clips that are taken, such as 700:800 (from 0, the end not included)."""

    def __post_init__(self) -> None:
        _check_numbers(self)


def _check_numbers(options: EventOptions) -> None:
    tick = options.tick_us
    if tick is not None and not (math.isfinite(tick) and tick > 0):
        raise OptionError(f"tick_us is {tick}", fix="Give microseconds above 0.")
    if isinstance(options.t0, float) and not math.isfinite(options.t0):
        raise OptionError(f"t0 is {options.t0}", fix="Give a finite time.")
    for name, limit in (("n_ticks", MAX_TICKS), ("downscale", MAX_SIDE)):
        value = getattr(options, name)
        if value is not None and not 1 <= value <= limit:
            raise OptionError(f"{name} is {value}", fix=f"Give a number from 1 to {limit}.")


def event_options(texts: Iterable[str]) -> EventOptions | None:
    """Options out of ``NAME=VALUE`` texts and names of TOML files, later ones over earlier ones.

    None if there are no texts.

    Raises
    ------
    OptionError
        A text is neither, a file is no TOML, or an option is unknown or has a wrong value.
    """
    values: dict[str, Any] = {}
    given = tuple(texts)
    for text in given:
        name, sign, value = text.partition("=")
        if sign and not Path(text).is_file():
            values[name.strip().replace("-", "_")] = _value(name.strip(), value.strip())
        else:
            values |= _file(Path(text))
    return _converted(values) if given else None


def _value(name: str, text: str) -> Any:
    """A number where an option that may be one has one."""
    if name.replace("-", "_") not in ("tick_us", "t0", "n_ticks", "downscale"):
        return text
    try:
        number = float(text)
    except ValueError:
        return text
    return int(number) if number.is_integer() else number


def _file(path: Path) -> dict[str, Any]:
    from tinysnn.load.hdf5 import read_bytes
    from tinysnn.options import MAX_OPTION_BYTES, parse_toml

    if not path.is_file():
        raise OptionError(
            f"{str(path)!r} is neither NAME=VALUE nor a TOML file",
            where="--events",
            fix="Such as --events tick_us=1000, or --events events.toml.",
        )
    data = read_bytes(path, OptionError, limit=MAX_OPTION_BYTES)
    try:
        return parse_toml(data.decode("utf8"))
    except (ValueError, RecursionError) as exc:
        raise OptionError(f"not TOML: {exc}", where=str(path), fix="Correct the file.") from exc


def _converted(values: dict[str, Any]) -> EventOptions:
    try:
        return msgspec.convert(values, EventOptions)
    except msgspec.ValidationError as exc:
        text = str(exc).replace("Object contains unknown field", "unknown option")
        known = ", ".join(EventOptions.__struct_fields__)
        raise OptionError(
            text.replace(" - at", " at"),
            where="--events",
            fix=f"Options are {known}; docs/events.md has their values.",
        ) from exc
    except OptionError as exc:
        raise OptionError(exc.what, where="--events", fix=exc.fix) from exc


def whole_numbers(option: str, text: str, separator: str, counts: tuple[int, ...]) -> list[int]:
    """Numbers from 0 to ``MAX_TICKS`` out of a text such as ``34x34``; refused otherwise."""
    parts = text.split(separator)
    plain = all(part.strip().isascii() and part.strip().isdigit() for part in parts)
    short = plain and all(len(part.strip()) <= 8 for part in parts)
    if len(parts) not in counts or not short:
        raise OptionError(
            f"{text!r} is not {_KINDS.get(option, 'numbers')}",
            where=f"--events {option}",
            fix="See docs/events.md.",
        )
    return [int(part) for part in parts]
