"""`tinysnn data`: the data sets that tinysnn knows, and fetching them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tinysnn.cli.screen import facts, json_option, progress, table, write_json

if TYPE_CHECKING:
    from tinysnn.data.catalogue import DataSet

_NAME = click.argument("name", type=click.Choice(["speech-commands", "fsdd", "cwru", "nmnist"]))
_FOLDER = click.option(
    "--data",
    "data_dir",
    type=click.Path(path_type=Path),
    help="Look in this folder of recordings first; by default in TINYSNN_DATA.",
)


@click.group()
def data() -> None:
    """List and fetch the data sets that tinysnn knows.

    \b
    tinysnn data list
    tinysnn data info fsdd
    tinysnn data get fsdd
    """


@data.command("list")
@_FOLDER
@json_option
def list_sets(data_dir: Path | None, json_file: str | None) -> None:
    """List the data sets and whether they are here.

    \b
    tinysnn data list --data ../recordings
    """
    from tinysnn.data.catalogue import SETS

    known = [_facts(each, data_dir) for each in SETS]
    write_json(known, json_file)
    if json_file != "-":
        rows = [(s["name"], s["bytes"], s["here"], s["content"]) for s in known]
        table("", ("name", "bytes", "here", "content"), rows)


@data.command()
@_NAME
@_FOLDER
@json_option
def info(name: str, data_dir: Path | None, json_file: str | None) -> None:
    """Show origin, licence, size, checksums and place of a data set.

    \b
    tinysnn data info nmnist
    """
    from tinysnn.data.catalogue import find

    found = _facts(find(name), data_dir)
    write_json(found, json_file)
    if json_file == "-":
        return
    files = found.pop("files")
    facts(name, {key: value for key, value in found.items() if key != "name"})
    for file in files:
        facts("", {"file": file["url"], "checksum": file["checksum"]})


@data.command()
@_NAME
def get(name: str) -> None:
    """Fetch a data set into the cache folder (TINYSNN_CACHE), check it and put it into its layout.

    \b
    tinysnn data get speech-commands
    """
    import pooch

    from tinysnn.data.catalogue import find
    from tinysnn.data.catalogue import get as fetch

    pooch.get_logger().setLevel("WARNING")  # the bar says what it would say
    with progress(f"fetching {name}") as show_progress:
        path = fetch(find(name), show_progress)
    click.echo(f"{name} is in {path}")


def _facts(known: DataSet, data_dir: Path | None) -> dict[str, Any]:
    """What there is to know about a data set."""
    from tinysnn.data.catalogue import files_of, where

    files = files_of(known.name)
    here = where(known, data_dir)
    sizes = [file.size for file in files]
    return {
        "name": known.name,
        "content": known.content,
        "licence": known.licence,
        "home": known.home,
        "bytes": None if None in sizes else sum(size or 0 for size in sizes),
        "here": here is not None,
        "path": None if here is None else str(here),
        "files": [
            {"name": file.name, "bytes": file.size, "checksum": file.digest, "url": file.url}
            for file in files
        ],
    }
