"""The serial runner: a real board, or anything else that pyserial can open."""

from __future__ import annotations

from tinysnn.baud import find_rate
from tinysnn.boards import Board, list_boards
from tinysnn.choose import Ask
from tinysnn.errors import DeviceError, OptionError
from tinysnn.link import SerialLink
from tinysnn.ports import find_port
from tinysnn.run.base import Job, WiredRunner
from tinysnn.session_checks import NoAnswer


class WrongBoard(DeviceError):  # noqa: N818 (says what happened)
    """The device says that it is another board."""


class SerialRunner(WiredRunner):
    """A device at a serial port."""

    runner = "serial"

    def __init__(
        self,
        job: Job,
        board: Board | None,
        port: str | None,
        baud: int | None = None,
        ask: Ask | None = None,
    ) -> None:
        """Open the port and greet the device.

        Parameters
        ----------
        port: name or URL; None: the port with the board's USB id.
        baud: rate in bit/s; None: the board's.
        ask: who picks one of several ports.

        Raises
        ------
        OptionError: no board, or several ports and nobody to ask.
        DeviceError: no port, no permission, the port is in use, or the device does not answer,
            answers at another rate, is another board, or runs another model.

        """
        super().__init__(job)
        if board is None:
            raise OptionError("the runner 'serial' needs a board", fix="Name the board.")
        self.port = port or find_port(board, ask=ask)
        rate = baud or board.uart.baud
        try:
            self.start(SerialLink(self.port, rate), self.port)
            _check_board(self.session.device.board, board, self.port)
        except NoAnswer as error:
            self.close()
            raise _explained(error, board, self.port, rate) from None
        except BaseException:
            self.close()
            raise


def _check_board(said: str, board: Board, port: str) -> None:
    """Refuse a device that says it is another board of the registry.

    A name that is none of them says nothing: firmware in an Arduino sketch or on this machine does
    not know what it runs on, and a board file of the user's may be named anything.
    """
    if said != board.id and said in {known.id for known in list_boards()}:
        raise WrongBoard(
            f"the device says it is the board '{said}', not '{board.id}'",
            where=port,
            fix=f"Name --board {said}, name the port of the right board with --port, or flash it.",
        )


def _explained(error: NoAnswer, board: Board, port: str, rate: int) -> DeviceError:
    """What may be the matter with a device that does not answer at the rate it should."""
    found = None if "://" in port else find_rate(lambda other: SerialLink(port, other), rate)
    if found is not None:
        return NoAnswer(
            f"the device answers at {found} baud, not at {rate}",
            where=port,
            fix=f"The firmware that tinysnn builds for {board.id} talks at {board.uart.baud} baud; "
            f"this one was built for {found}. Name --baud {found}, or flash the board again "
            "(--flash).",
            heard=True,
        )
    if error.heard:
        return NoAnswer(
            f"bytes arrive at {rate} baud, but no tinysnn frames",
            where=port,
            fix=f"Either the firmware there is not tinysnn's, or it was built for an unusual baud "
            f"rate (tinysnn's for {board.id} talks at {board.uart.baud}). Flash the board: "
            "`tinysnn flash`, or run with --flash.",
            heard=True,
        )
    return NoAnswer(
        f"no answer at {rate} baud or any other common rate",
        where=port,
        fix=f"Check the power and that this is the UART of the firmware: {_wiring(board)}. If the "
        "board was never flashed: `tinysnn flash`, or run with --flash.",
        heard=False,
    )


def _wiring(board: Board) -> str:
    return board.uart.pins or board.notes or "TX and RX crossed, common ground"
