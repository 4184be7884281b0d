"""`tinysnn inspect`: what a pack holds."""

from __future__ import annotations

from pathlib import Path

import click

from tinysnn.cli.pack_report import as_json, show
from tinysnn.cli.screen import json_option, write_json


@click.command(short_help="Check a pack and show what it holds.")
@click.argument("pack", type=click.Path(path_type=Path))
@json_option
def inspect(pack: Path, json_file: str | None) -> None:
    """Check a pack (digest, format, every rule of the specification) and show what it holds.

    \b
    tinysnn inspect net.tsnn
    tinysnn inspect net.tsnn --json -
    """
    from tinysnn.pack import load

    loaded = load(pack)
    write_json(as_json(loaded), json_file)
    if json_file != "-":
        show(loaded)
