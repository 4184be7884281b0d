"""Rows of an `index.csv`, with limits: the folder is the user's and may hold anything."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from tinysnn.errors import StimulusError

MAX_ROWS = 1_000_000


def rows(path: Path, columns: Sequence[str]) -> Iterator[tuple[str, dict[str, str]]]:
    """Each row's place (for messages) and the fields of `columns`.

    Raises
    ------
    StimulusError: no such file, no CSV, a column is missing, or too many rows.

    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            missing = [c for c in columns if c not in (reader.fieldnames or ())]
            if missing:
                raise StimulusError(f"has no column {', '.join(missing)}", where=str(path))
            for number, row in enumerate(reader, start=2):
                if number > MAX_ROWS:
                    raise StimulusError(f"has more than {MAX_ROWS} rows", where=str(path))
                yield f"{path} line {number}", {c: row[c] or "" for c in columns}
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise StimulusError(f"cannot be read ({error})", where=str(path)) from error


def whole(text: str, most: int, where: str, column: str) -> int:
    """A number 0..`most` from a field; StimulusError if it is none."""
    if not (text.isascii() and text.isdigit() and len(text) <= 12 and int(text) <= most):
        raise StimulusError(f"{column} {text[:40]!r} is not a number 0..{most}", where=where)
    return int(text)


def inside(folder: Path, name: str) -> Path:
    """Path of a .flac file directly in `folder`; the index may not lead out of it."""
    if name != Path(name).name or not name.endswith(".flac") or "\\" in name or "\0" in name:
        raise StimulusError(
            f"the index names {name!r}, which is not a .flac file of this folder",
            where=str(folder),
        )
    return folder / name
