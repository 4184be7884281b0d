"""`tinysnn build`: packs and a board to a firmware image."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tinysnn.cli.row_options import row_options
from tinysnn.cli.screen import facts, json_option, progress, write_json

if TYPE_CHECKING:
    from tinysnn.image import Image
    from tinysnn.views.row_options import Fallback, RowsForm


@click.command(short_help="Build the firmware for a board.")
@click.argument(
    "packs", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PACK..."
)
@click.option("--board", required=True, metavar="BOARD", help="Board id, or a board file (.toml).")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="Build folder; by default build/BOARD.",
)
@click.option(
    "--toolchain", type=click.Choice(["gcc", "zig"]), help="By default gcc where it is, else zig."
)
@row_options
@json_option
def build(
    packs: tuple[Path, ...],
    *,
    board: str,
    output: Path | None,
    toolchain: str | None,
    rows: RowsForm,
    dense_fallback: Fallback,
    json_file: str | None,
) -> None:
    """Generate, compile and link the firmware for a board; report its sizes.

    \b
    tinysnn build net.tsnn --board microbit
    tinysnn build net.tsnn --board generic_m0 -o out --toolchain zig
    """
    from tinysnn.boards import load_board
    from tinysnn.build import build as build_image
    from tinysnn.pack_file import load
    from tinysnn.toolchain import find_toolchain
    from tinysnn.views.row_options import RowOptions

    target = load_board(board)
    loaded = [load(pack) for pack in packs]
    chain = find_toolchain(toolchain)
    folder = output or Path("build") / target.id
    with progress(f"building for {target.id}"):
        image = build_image(
            loaded, target, folder, toolchain=chain, options=RowOptions(rows, dense_fallback)
        )
    write_json(as_json(image), json_file)
    if json_file != "-":
        show(image)


def as_json(image: Image) -> dict[str, Any]:
    """Sizes of an image."""
    return {
        "elf": str(image.elf),
        "board": image.board.id,
        "core": image.board.core,
        "compiler": image.compiler,
        "optimise": image.optimise,
        "flash_bytes": image.flash_bytes,
        "ram_bytes": image.ram_bytes,
        "stack_bytes": image.stack_bytes,
        "sections": dict(image.sections),
        "models": list(image.slots),
    }


def show(image: Image) -> None:
    """Print the sizes beside what the board has."""
    board = image.board
    stack = "not bounded" if image.stack_bytes is None else f"{image.stack_bytes:,}"
    facts(
        str(image.elf),
        {
            "board": f"{board.id} ({board.core})",
            "compiler": f"{image.compiler} {image.optimise}",
            "models": ", ".join(image.slots),
            "flash": f"{image.flash_bytes:,} of {board.flash_bytes:,} bytes",
            "RAM": f"{image.ram_bytes:,} of {board.ram_bytes:,} bytes",
            "stack": f"{stack} of {board.stack_bytes:,} bytes reserved (worst case by the code)",
            "sections": ", ".join(f"{name} {size:,}" for name, size in image.sections.items()),
        },
    )
