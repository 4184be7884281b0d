"""From packs to a running device: picks the board, builds the image, opens the runner."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tinysnn.deploy_serial import Line, open_serial
from tinysnn.errors import OptionError

if TYPE_CHECKING:
    from tinysnn.boards import Board
    from tinysnn.pack import Pack
    from tinysnn.run.base import Runner

DEFAULT_BOARDS = {"unicorn": "generic_m4", "renode": "generic_m4", "qemu": "mps2_an386"}
"""Board of each emulator if none is named."""


def pick_board(runner: str, name: str | None) -> Board | None:
    """The board a runner is to be; None for `host`, which is none.

    For Renode a board that it has no model of is stood in for by the generic one of its core.

    Raises
    ------
    OptionError: `host` was given a board, or `serial` was given none.
    BoardError: there is no such board.

    """
    from tinysnn.boards import load_board

    if runner == "host":
        if name is not None:
            raise OptionError(
                f"the runner 'host' is no board, but '{name}' was named",
                fix="Leave out --board, or run on unicorn, qemu, renode or serial.",
            )
        return None
    if name is None and runner not in DEFAULT_BOARDS:
        raise OptionError(
            f"the runner {runner!r} needs a board", fix="Name one: `tinysnn boards` lists them."
        )
    board = load_board(name or DEFAULT_BOARDS[runner])
    if runner != "renode":
        return board
    from tinysnn.renode.stand_in import renode_board

    return renode_board(board)


@contextmanager
def deployed(
    packs: Sequence[Pack],
    *,
    runner: str,
    board: Board | None,
    line: Line | None = None,
    toolchain: str | None = None,
    work_dir: Path | None = None,
) -> Iterator[Runner]:
    """A runner with `packs` in it, from their C to the first answer; closed at the end.

    Parameters
    ----------
    packs: models in slot order; slot 0 is the one that runs.
    runner: one of `tinysnn.run.RUNNERS`.
    board: what to build for; None for host.
    line: for serial: how the board is reached. It is expected to hold the image already, unless
        the line says to flash it.
    toolchain: gcc, zig or None for the first that is here.
    work_dir: build folder, kept; a temporary one if None.

    Raises
    ------
    ToolMissing, BuildError, BoardError: the image cannot be built, or nothing is here to run it.
    DeviceError: the device does not answer, or runs another model.

    """
    with ExitStack() as stack:
        folder = work_dir or Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="tinysnn-"))
        )
        if runner == "serial" and board is not None:
            opened = open_serial(packs, board, line or Line(), folder, toolchain)
        else:
            opened = _open_emulated(packs, runner, board, folder, toolchain)
        yield stack.enter_context(opened)


def _open_emulated(
    packs: Sequence[Pack], runner: str, board: Board | None, folder: Path, toolchain: str | None
) -> Runner:
    """Build for an emulator and start it, or run on this machine."""
    from tinysnn.run import open_runner

    image = None
    if board is not None:
        from tinysnn.build import build
        from tinysnn.toolchain import find_toolchain

        image = build(packs, board, folder, toolchain=find_toolchain(toolchain))
    return open_runner(runner, packs=packs, image=image, board=board, work_dir=folder)
