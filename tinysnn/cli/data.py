"""`tinysnn data`: the data sets the examples know, and fetching them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from tinysnn.cli.screen import facts, json_option, progress, table, write_json

_NAME = click.argument("name", type=click.Choice(["speech-commands"]))


def _speech_commands() -> dict[str, Any]:
    """What there is to know about the official test archive."""
    from tinysnn.data import speech_commands

    path = speech_commands.archive_path()
    return {
        "name": "speech-commands",
        "content": "Google Speech Commands v0.02, official test set, 12 classes, 16 kHz",
        "licence": "CC BY 4.0 (P. Warden, arXiv:1804.03209)",
        "url": speech_commands.URL,
        "bytes": speech_commands.SIZE_BYTES,
        "sha256": speech_commands.SHA256,
        "path": str(path),
        "fetched": path.is_file(),
    }


@click.group()
def data() -> None:
    """List and fetch the data sets of the examples.

    \b
    tinysnn data list
    tinysnn data get speech-commands
    """


@data.command("list")
@json_option
def list_sets(json_file: str | None) -> None:
    """List the data sets and whether they are here."""
    known = [_speech_commands()]
    write_json(known, json_file)
    if json_file != "-":
        rows = [(s["name"], s["bytes"], s["fetched"], s["content"]) for s in known]
        table("", ("name", "bytes", "fetched", "content"), rows)


@data.command()
@_NAME
@json_option
def info(name: str, json_file: str | None) -> None:
    """Show origin, licence, size and place of a data set."""
    found = _speech_commands()
    write_json(found, json_file)
    if json_file != "-":
        facts(name, {key: value for key, value in found.items() if key != "name"})


@data.command()
@_NAME
def get(name: str) -> None:
    """Fetch a data set into the cache folder (TINYSNN_CACHE) and check it."""
    import pooch

    from tinysnn.data import speech_commands

    pooch.get_logger().setLevel("WARNING")  # the bar says what it would say
    with progress(f"fetching {name}") as show_progress:
        path = speech_commands.fetch(_Bar(show_progress))
    click.echo(f"{name} is in {path}")


class _Bar:
    """A progress bar in the shape that pooch calls."""

    def __init__(self, show_progress: Callable[[int, int], None]) -> None:
        self.show_progress = show_progress
        self.total = 0
        self._done = 0

    def update(self, amount: int) -> None:
        """`amount` more bytes have arrived."""
        self._done += amount
        self.show_progress(self._done, self.total)

    def reset(self) -> None:
        """Pooch calls this before it fills the bar at the end."""
        self._done = 0

    def close(self) -> None:
        """The download is over; the bar goes with its context."""
