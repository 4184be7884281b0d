"""From packs to a board on the desk: opens it at its port, and flashes it where that helps."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tinysnn.choose import Ask
from tinysnn.errors import DeviceError

if TYPE_CHECKING:
    from tinysnn.boards import Board
    from tinysnn.pack import Pack
    from tinysnn.run.base import Runner

BACK_S = 10.0
"""How long the port of a board may be away after flashing."""
_POLL_S = 0.25
Agree = Callable[[str], bool]
"""Takes what is wrong with the board's firmware and says whether to flash the board now."""


@dataclass(frozen=True)
class Line:
    """How a board on the desk is reached."""

    port: str | None = None
    """Name or URL; None: the port with the board's USB id."""
    baud: int | None = None
    """bit/s; None: the board's."""
    ask: Ask | None = None
    """Who picks one of several ports or probes; None: that is an error, which lists them."""
    flash: Agree | None = None
    """Asked when the board holds another model or no answer comes; None: never flash."""


def open_serial(
    packs: Sequence[Pack], board: Board, line: Line, folder: Path, toolchain: str | None
) -> Runner:
    """The board with `packs` in it, greeted.

    Raises
    ------
    DeviceError: it does not answer as it should, and was not flashed, or flashing did not help.
    ToolMissing, BuildError, BoardError, OptionError: it cannot be built for or flashed.

    """
    from tinysnn.run import open_runner
    from tinysnn.run.serial import WrongBoard
    from tinysnn.session_checks import NoAnswer, OtherModel

    def opened(port: str | None, baud: int | None) -> Runner:
        return open_runner(
            "serial", packs=packs, board=board, port=port, baud=baud, ask=line.ask, work_dir=folder
        )

    try:
        return opened(line.port, line.baud)
    except (OtherModel, NoAnswer, WrongBoard) as error:
        if line.flash is None or not line.flash(str(error)):
            raise _with_offer(error) from None
    _flash(packs, board, line, folder, toolchain)
    return _when_back(lambda: opened(line.port, None))


def _when_back(opened: Callable[[], Runner]) -> Runner:
    """The board after flashing: its port may be away while its probe or boot loader restarts."""
    from tinysnn.run.serial import WrongBoard
    from tinysnn.session_checks import NoAnswer, OtherModel

    deadline = time.monotonic() + BACK_S
    while True:
        try:
            return opened()
        except (OtherModel, NoAnswer, WrongBoard):
            raise
        except DeviceError:
            if time.monotonic() > deadline:
                raise
        time.sleep(_POLL_S)


def _with_offer(error: DeviceError) -> DeviceError:
    """The error with the offer to flash, where it does not make it already."""
    if "--flash" in error.fix:
        return error
    return DeviceError(
        error.what,
        where=error.where,
        fix=f"{error.fix.rstrip('.')}: `tinysnn flash`, or run with --flash.",
    )


def _flash(
    packs: Sequence[Pack], board: Board, line: Line, folder: Path, toolchain: str | None
) -> None:
    from tinysnn.build import build
    from tinysnn.flash import FlashJob, flash
    from tinysnn.toolchain import find_toolchain

    image = build(packs, board, folder, toolchain=find_toolchain(toolchain))
    flash(FlashJob(image.elf, board, folder, ask=line.ask))
