"""The serial runner: a real board, or anything else that pyserial can open."""

from __future__ import annotations

from tinysnn.boards import Board
from tinysnn.errors import OptionError
from tinysnn.link import SerialLink
from tinysnn.run.base import Job, WiredRunner


class SerialRunner(WiredRunner):
    """A device at a serial port."""

    runner = "serial"

    def __init__(self, job: Job, board: Board | None, port: str | None) -> None:
        super().__init__(job)
        if not port:
            raise OptionError(
                "the runner 'serial' needs a port",
                fix="Name one, such as COM7, /dev/ttyACM0 or socket://localhost:3456.",
            )
        if board is None:
            raise OptionError("the runner 'serial' needs a board", fix="Name the board.")
        try:
            self.start(SerialLink(port, board.uart.baud), port)
        except BaseException:
            self.close()
            raise
