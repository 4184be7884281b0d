"""`tinysnn pull` and `tinysnn push`: what a device has learned as a pack, and back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tinysnn.cli.screen import facts
from tinysnn.errors import DeviceError, OptionError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tinysnn.learn.lesson import Pupil
    from tinysnn.pack import Pack

from contextlib import contextmanager


@click.command(short_help="Fetch what a device has learned as a new pack.")
@click.argument("pack", type=click.Path(path_type=Path))
@click.option("--board", required=True, metavar="BOARD", help="Board id or board file.")
@click.option("--port", required=True, help="Serial port or URL.")
@click.option(
    "-o", "--output", required=True, type=click.Path(path_type=Path), help="Pack to write."
)
def pull(pack: Path, *, board: str, port: str, output: Path) -> None:
    """Fetch what a device that runs PACK has learned, and write it as a pack of its own.

    The new pack can be run, inspected and built like any other; `tinysnn push` gives it back.

    \b
    tinysnn pull net.tsnn --board microbit --port /dev/ttyACM0 -o learned.tsnn
    """
    from tinysnn.learn.pulled import pulled
    from tinysnn.pack_file import load, save

    if output.is_dir():
        raise OptionError("is a folder", where=str(output), fix="Name the file to write.")
    loaded = load(pack)
    with _device(loaded, board, port) as pupil:
        learned = pupil.learned()
    save(pulled(loaded, learned), output)
    facts("", {"learned": f"{len(learned):,} bytes"})
    click.echo(f"Written to {output}.")


@click.command(short_help="Give a device what another, or it, has learned.")
@click.argument("pack", type=click.Path(path_type=Path))
@click.option("--board", required=True, metavar="BOARD", help="Board id or board file.")
@click.option("--port", required=True, help="Serial port or URL.")
def push(pack: Path, *, board: str, port: str) -> None:
    """Give a device what PACK, made by `tinysnn pull` or `learn -o`, has learned.

    The device must run the pack that it was pulled with. What it had learned is lost.

    \b
    tinysnn push learned.tsnn --board microbit --port /dev/ttyACM0
    """
    from tinysnn.learn.pulled import learned_of
    from tinysnn.pack_file import load

    loaded = load(pack)
    learned = learned_of(loaded)
    with _device(loaded, board, port) as pupil:
        pupil.teach(learned)
        if pupil.learned() != learned:
            raise DeviceError("holds something else than was sent", where=port, fix="Push again.")
    click.echo(f"{len(learned):,} bytes are on the device.")


@contextmanager
def _device(pack: Pack, board: str, port: str) -> Iterator[Pupil]:
    """The device at a port, which must run the pack or the one it was pulled with."""
    from dataclasses import replace

    import msgspec

    from tinysnn.deploy import deployed, pick_board
    from tinysnn.deploy_serial import Line
    from tinysnn.learn.plastic import is_plastic
    from tinysnn.learn.pulled import base_digest

    if not is_plastic(pack):
        raise OptionError("no layer of this pack learns", fix="Pack it with --learn LAYER=RULE.")
    running = replace(pack, meta=msgspec.structs.replace(pack.meta, digest=base_digest(pack)))
    target = pick_board("serial", board)
    with deployed([running], runner="serial", board=target, line=Line(port)) as runner:
        yield runner.pupil()
