"""Events in text: one event a line, columns named in the first line or by an option."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from pathlib import Path

import numpy as np

from tinysnn.errors import StimulusError
from tinysnn.events.options import EventOptions
from tinysnn.events.stream import MAX_EVENTS, EventStream
from tinysnn.load.event_arrays import table_columns
from tinysnn.load.event_fields import NAMES, stream_of
from tinysnn.load.hdf5 import read_bytes

MAX_FILE_BYTES = 256 << 20
_NUMBER = re.compile(r"[-+]?[0-9.]+([eE][-+]?[0-9]+)?$")


def read_csv(path: Path, options: EventOptions) -> EventStream:
    """The events of a text file; commas, semicolons, tabs or blanks between columns.

    Raises
    ------
    StimulusError
        Not text, no names of columns, a line with another number of columns, or no numbers.
    """
    where = str(path)
    try:
        text = read_bytes(path, StimulusError, limit=MAX_FILE_BYTES).decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise StimulusError("is not text", where=where, fix="Give a .csv in UTF-8.") from exc
    head = next((line for line in io.StringIO(text) if line.strip() and line[0] != "#"), "")
    mark = next((sign for sign in (",", ";", "\t") if sign in head), None)
    cells = [cell.strip().strip('"') for cell in head.strip().split(mark)]
    named = not all(_NUMBER.match(cell) for cell in cells)
    if named:
        text = text[text.index(head) + len(head) :]
        options = _with_columns(options, cells)
    table = _table(text, mark, where)
    stream = stream_of(table_columns(table, options, where), options, where)
    return replace(stream, form="events in text")


def _with_columns(options: EventOptions, cells: list[str]) -> EventOptions:
    """Columns as the file names them (unknown ones unused), unless the user has named them."""
    import msgspec

    if options.columns is not None:
        return options
    names = [cell if cell.lower() in NAMES else "-" for cell in cells]
    return msgspec.structs.replace(options, columns=",".join(names))


def _table(text: str, mark: str | None, where: str) -> np.ndarray:
    """[E, columns] float64."""
    import warnings

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # numpy warns about a file without lines
            return np.loadtxt(io.StringIO(text), delimiter=mark, ndmin=2, max_rows=MAX_EVENTS + 1)
    except (ValueError, OverflowError, MemoryError) as exc:
        reason = " ".join(str(exc).split())[:160]
        raise StimulusError(
            f"not a table of numbers ({reason})", where=where, fix="Correct that line."
        ) from exc
