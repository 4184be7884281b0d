"""Packs to a firmware image for a board.

The build folder is a project of its own: ``model/`` (generated), ``firmware/`` (copied),
``board/`` (the board's facts for the compiler and the linker), ``obj/`` and ``tinysnn.elf``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tinysnn.board_files import board_header, memory_script
from tinysnn.boards import Board
from tinysnn.build_folder import emit_models, lay_out, replace_text
from tinysnn.errors import BoardError, BuildError
from tinysnn.firmware_sources import INCLUDES, image_sources, is_quick
from tinysnn.image import Image, read_image
from tinysnn.toolchain import Toolchain, find_toolchain
from tinysnn.views.row_options import AUTO, RowOptions

if TYPE_CHECKING:
    from tinysnn.pack import Pack

ELF_NAME = "tinysnn.elf"
_OVERFLOW = re.compile(r"region [`'](\w+)'.*?overflowed by (\d+) bytes")


class TooSmallError(BoardError):
    """A memory of the board does not hold the image."""

    def __init__(self, regions: frozenset[str], what: str, *, where: str, fix: str) -> None:
        self.regions = regions
        super().__init__(what, where=where, fix=fix)


def _advised(
    error: TooSmallError, packs: Sequence[Pack], board: Board, options: RowOptions
) -> BoardError:
    """The error with the layer that takes most of the memory, and what would help."""
    from tinysnn.memory import advice, plan

    found = plan(packs, board.core, options)
    fix = advice(found, ram="RAM" in error.regions)
    return BoardError(error.what, where=error.where, fix=fix)


def _too_small(board: Board, text: str) -> BoardError | None:
    """What the linker's complaint says about a memory that is too small."""
    excess: dict[str, int] = {}
    for region, count in _OVERFLOW.findall(text):
        excess[region] = max(excess.get(region, 0), int(count))
    if not excess:
        return None
    words = {"FLASH": ("flash", board.image_bytes), "RAM": ("RAM", board.ram_bytes)}
    parts = [
        f"{words[region][0]} is {count} bytes too small (it has {words[region][1]})"
        for region, count in sorted(excess.items())
    ]
    return TooSmallError(
        frozenset(excess),
        "the image does not fit: " + ", ".join(parts),
        where=board.id,
        fix="Choose a larger board, or a smaller model or frame size.",
    )


def _compile(sources: list[str], board: Board, out_dir: Path, chain: Toolchain, opt: str) -> None:
    """Compile and link into ``tinysnn.elf``, which appears only when it is whole."""
    firmware = image_sources(board)
    try:
        chain.compile_and_link(
            [*(f"firmware/{name}" for name in firmware), *sources],
            core=board.core,
            includes=[*INCLUDES, "firmware/port", "board"],
            script="firmware/ld/tsnn.ld",
            output=f"{ELF_NAME}.new",
            cwd=out_dir,
            optimise=opt,
            small=[f"firmware/{name}" for name in firmware if not is_quick(name)],
        )
    except BuildError as error:
        raise _too_small(board, error.what) or error from None


def build_sources(
    model_dir: Path,
    board: Board,
    out_dir: Path,
    *,
    toolchain: Toolchain | None = None,
    optimise: str = "-O2",
) -> Image:
    """Build the firmware with the models whose C lies in `model_dir` (with its tsnn_image.c).

    Raises
    ------
    BuildError
        The compiler refused, or the image breaks a rule (a table in RAM).
    BoardError
        The board's flash, RAM or stack is too small; says by how many bytes.
    ToolMissing
        There is no ARM compiler.
    """
    chain = toolchain or find_toolchain()
    sources = lay_out(model_dir, out_dir)
    replace_text(out_dir / "board" / "tsnn_board.h", board_header(board))
    replace_text(out_dir / "board" / "memory.ld", memory_script(board))
    _compile(sources, board, out_dir, chain, optimise)
    fresh = out_dir / f"{ELF_NAME}.new"
    try:
        read_image(fresh, board, compiler=chain.version, optimise=optimise)
    except (BuildError, BoardError):
        fresh.unlink()
        raise
    elf = fresh.replace(out_dir / ELF_NAME)
    return read_image(elf, board, compiler=chain.version, optimise=optimise)


def build(
    packs: Sequence[Pack],
    board: Board,
    out_dir: Path,
    *,
    toolchain: Toolchain | None = None,
    optimise: str = "-O2",
    options: RowOptions = AUTO,
) -> Image:
    """Generate the C of `packs` into ``out_dir/model`` and build the firmware for `board`.

    `options`: how rows are stored and walked, see `emit`. Raises as `build_sources`, and as `emit`.
    """
    emit_models(packs, out_dir / "model", board.core, options)
    models = out_dir / "model"
    try:
        return build_sources(models, board, out_dir, toolchain=toolchain, optimise=optimise)
    except TooSmallError as error:
        raise _advised(error, packs, board, options) from None
