"""What the commands share: tables, JSON files and progress bars.

rich is imported when something is drawn, so that `tinysnn --help` stays quick.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from tinysnn.errors import TinysnnError

if TYPE_CHECKING:
    from rich.console import Console

F = TypeVar("F", bound=Callable[..., Any])
PIPE_WIDTH = 200
"""Columns of a table that goes into a file or pipe, where nothing should be cut off."""


def json_option(command: F) -> F:
    """Add ``--json FILE`` to a command."""
    return click.option(
        "--json",
        "json_file",
        metavar="FILE",
        help="Write the result as JSON to FILE; '-' prints it instead of the tables.",
    )(command)


def console() -> Console:
    """Where tables go: standard output, as wide as the terminal."""
    from rich.console import Console

    width = None if sys.stdout.isatty() else PIPE_WIDTH
    return Console(width=width, highlight=False, markup=False)


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table; a column of numbers only is set to the right."""
    from rich import box
    from rich.table import Table

    grid = Table(title=title or None, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for k, column in enumerate(columns):
        numbers = bool(rows) and all(isinstance(row[k], (int, float)) for row in rows)
        grid.add_column(
            column,
            justify="right" if numbers else "left",
            overflow="fold",
            no_wrap=k == 0,  # names stay whole, so that they can be copied
        )
    for row in rows:
        grid.add_row(*(_cell(value) for value in row))
    console().print(grid)


def facts(title: str, pairs: Mapping[str, object]) -> None:
    """Print named values, one a line."""
    width = max(map(len, pairs), default=0)
    if title:
        click.echo(title)
    for name, value in pairs.items():
        click.echo(f"  {name:<{width}}  {_cell(value)}")


def show_notes(notes: Sequence[str]) -> None:
    """Print remarks, one a line; what was mended in a file as a warning."""
    for note in notes:
        click.echo(f"{'warning' if 'mended: ' in note else 'note'}: {note}")


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def write_json(result: object, json_file: str | None) -> None:
    """Write `result` where ``--json`` said, completely or not at all.

    Raises
    ------
    TinysnnError
        The file cannot be written.
    """
    if json_file is None:
        return
    text = json.dumps(result, indent=2, allow_nan=False) + "\n"
    if json_file == "-":
        click.echo(text, nl=False)
        return
    path = Path(json_file)
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".tmp")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(name, 0o644)  # noqa: PTH101 (mkstemp gives a name)
        os.replace(name, path)  # noqa: PTH105
    except OSError as error:
        raise TinysnnError(f"cannot be written ({error.strerror})", where=json_file) from None


@contextmanager
def progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """Show a bar on standard error while something runs; nothing where that is no terminal.

    Yields a function that takes the number of steps done and of all steps.
    """
    if not (sys.stderr.isatty() and sys.stdout.isatty()):
        yield lambda _done, _total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    where = Console(stderr=True)
    with Progress(*columns, TimeElapsedColumn(), console=where, transient=True) as bars:
        task = bars.add_task(what, total=None)
        yield lambda done, total: bars.update(task, completed=done, total=total)
