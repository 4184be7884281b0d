"""Serial ports of this machine, and which of them is a board."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tinysnn.boards import Board
from tinysnn.choose import Ask, Choice, one_of
from tinysnn.errors import DeviceError, ToolMissing


@dataclass(frozen=True)
class SerialPort:
    """A serial port."""

    device: str
    """What opens it: /dev/ttyACM0, COM7."""
    usb_id: tuple[int, int] | None
    """Vendor and product; None: no USB device."""
    text: str
    """What the system calls it, with its serial number."""

    @property
    def choice(self) -> Choice:
        """For a list to choose from."""
        usb = "{:04x}:{:04x}".format(*self.usb_id) if self.usb_id else ""
        return Choice(self.device, " ".join(part for part in (usb, self.text) if part))


def serial_ports() -> list[SerialPort]:
    """All ports, by name.

    Raises
    ------
    ToolMissing: pyserial is not installed.

    """
    try:
        from serial.tools import list_ports
    except ImportError:
        raise ToolMissing("pyserial is not here", fix="pip install pyserial") from None
    found = []
    for port in list_ports.comports():
        usb = None if port.vid is None or port.pid is None else (int(port.vid), int(port.pid))
        description = "" if port.description in (None, "n/a") else str(port.description)
        serial = f"serial number {port.serial_number}" if port.serial_number else ""
        text = ", ".join(part for part in (description, serial) if part)
        found.append(SerialPort(str(port.device), usb, _printable(text)))
    return sorted(found, key=lambda port: port.device)


def _printable(text: str) -> str:
    """A USB descriptor is a stranger's text: nothing of it may reach the terminal raw."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)[:120]


def find_port(
    board: Board, *, ask: Ask | None = None, ports: Sequence[SerialPort] | None = None
) -> str:
    """Name of the port that a board is at.

    A board whose file lists USB ids is one of the ports with them. A board without a port of its
    own comes with some adapter: any USB port may be it.

    Parameters
    ----------
    ask: who picks one of several; None: that is an error, which lists them.
    ports: the machine's ports; by default they are looked up.

    Raises
    ------
    DeviceError: no port can be the board.
    OptionError: several can, and nobody can be asked.

    """
    here = serial_ports() if ports is None else ports
    wanted = board.usb_ids("serial")
    if wanted:
        fitting = [port for port in here if port.usb_id in wanted]
    else:
        fitting = [port for port in here if port.usb_id is not None]
    if not fitting:
        raise _no_port(board, wanted, here)
    choices = [port.choice for port in fitting]
    return one_of(choices, what=f"serial port of {board.id}", option="--port", ask=ask)


def _no_port(
    board: Board, wanted: Sequence[tuple[int, int]], here: Sequence[SerialPort]
) -> DeviceError:
    ids = " or ".join("{:04x}:{:04x}".format(*usb) for usb in wanted)
    what = f"no serial port with USB id {ids}" if wanted else "no USB serial port"
    listed = ", ".join(str(port.choice) for port in here)
    others = f"Ports here: {listed}; name one with --port if it is one of them." if here else ""
    return DeviceError(
        f"{what} is here",
        where=board.id,
        fix=f"Plug the board in with a cable that carries data. {others}".strip(),
    )
