"""`tinysnn flash`: packs or an image onto a board."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tinysnn.cli.asking import asker
from tinysnn.cli.screen import facts, json_option, progress, write_json
from tinysnn.errors import OptionError

if TYPE_CHECKING:
    from tinysnn.boards import Board

METHODS = ("pyocd", "volume", "platformio", "command", "gdb")
_ELF_MAGIC = b"\x7fELF"


@click.command(short_help="Put packs or an image onto a board.")
@click.argument(
    "inputs", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PACK...|ELF"
)
@click.option("--board", required=True, metavar="BOARD", help="Board id, or a board file (.toml).")
@click.option(
    "--method",
    type=click.Choice(METHODS),
    help="By default the first of the board's ways that is possible here.",
)
@click.option("--port", help="Serial port that the loader uses.")
@click.option("--probe", metavar="NUMBER", help="Serial number of the debug probe, or part of it.")
@click.option(
    "--volume", type=click.Path(path_type=Path), help="The board's drive, if it is not found."
)
@click.option(
    "--command",
    metavar="COMMAND",
    help="Your own; places: {elf} {hex} {bin} {uf2} {port}. No shell runs it.",
)
@click.option("--gdb", metavar="HOST:PORT", help="Address of a GDB server.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="Build folder; by default build/BOARD."
)
@click.option(
    "--toolchain", type=click.Choice(["gcc", "zig"]), help="By default gcc where it is, else zig."
)
@json_option
def flash(
    inputs: tuple[Path, ...],
    *,
    board: str,
    method: str | None,
    port: str | None,
    probe: str | None,
    volume: Path | None,
    command: str | None,
    gdb: str | None,
    output: Path | None,
    toolchain: str | None,
    json_file: str | None,
) -> None:
    """Build packs for a board and flash them, or flash an image (ELF) that is built already.

    \b
    tinysnn flash net.tsnn --board nucleo_f446re
    tinysnn flash net.tsnn --board pico --volume /media/me/RPI-RP2
    tinysnn flash build/bluepill_f103/tinysnn.elf --board bluepill_f103 \\
        --command 'openocd -f interface/stlink.cfg -f target/stm32f1x.cfg -c "program {elf} exit"'
    tinysnn flash net.tsnn --board stm32vldiscovery --gdb :3333
    """
    from tinysnn.boards import load_board
    from tinysnn.flash import FlashJob, check_method, passed_over, pick_method
    from tinysnn.flash import flash as flash_image

    target = load_board(board)
    with ExitStack() as stack:
        elf, folder = _image(inputs, target, output, toolchain, stack)
        job = FlashJob(elf, target, folder, port, probe, volume, command, gdb, asker())
        name = method or pick_method(job)
        check_method(name, job)
        if method is None and (lacks := passed_over(name, target)):
            click.echo(f"note: flashing by {name}, since this is not here - {lacks}", err=True)
        with progress(f"flashing {target.id} ({name})"):
            done = flash_image(job, name)
    result = {"board": done.board, "method": done.method, "how": done.how}
    write_json({**result, "elf": str(elf), "flash_bytes": done.flash_bytes}, json_file)
    if json_file != "-":
        shown = {"method": done.method, "done": done.how, "bytes": done.flash_bytes}
        facts(str(elf), {"board": done.board, **shown})
        click.echo(f"Verify it: tinysnn run PACK --on serial --board {target.id} --input CLIPS")


def _image(
    inputs: tuple[Path, ...],
    board: Board,
    output: Path | None,
    toolchain: str | None,
    stack: ExitStack,
) -> tuple[Path, Path]:
    """The image, and a folder for it in other formats: nothing is put beside a user's own file."""
    if _is_elf(inputs[0]):
        if len(inputs) > 1:
            raise OptionError("an image is flashed alone", fix="Name one ELF file, or packs only.")
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="tinysnn-flash-"))
        return inputs[0], output or Path(folder)
    from tinysnn.build import build
    from tinysnn.pack_file import load
    from tinysnn.toolchain import find_toolchain

    folder_of_build = output or Path("build") / board.id
    packs = [load(path) for path in inputs]
    with progress(f"building for {board.id}"):
        image = build(packs, board, folder_of_build, toolchain=find_toolchain(toolchain))
    return image.elf, folder_of_build


def _is_elf(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(4) == _ELF_MAGIC
    except OSError:
        return False
