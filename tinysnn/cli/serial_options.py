"""Options of commands that talk to a board at a serial port."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from tinysnn.cli.asking import asker
from tinysnn.errors import OptionError

if TYPE_CHECKING:
    from tinysnn.deploy_serial import Agree, Line

F = TypeVar("F", bound=Callable[..., Any])

_FLAGS = (
    click.option(
        "--port",
        help="Serial port or URL, for --on serial; by default found by the board's USB id.",
    ),
    click.option(
        "--baud", type=click.IntRange(1200, 4_000_000), help="For serial; by default the board's."
    ),
    click.option(
        "--flash",
        "flash_it",
        is_flag=True,
        help="For serial: build and flash first if the board holds another model, or none.",
    ),
)


def serial_options(command: F) -> F:
    """Add the options; they arrive as `port`, `baud` and `flash_it`."""
    for flag in reversed(_FLAGS):
        command = flag(command)
    return command


def serial_line(runner: str, *, port: str | None, baud: int | None, flash_it: bool) -> Line:
    """How the board is reached.

    Raises
    ------
    OptionError: an option was given, but the runner is not serial.

    """
    from tinysnn.deploy_serial import Line

    for name, value in (("port", port), ("baud", baud), ("flash", flash_it or None)):
        if value is not None and runner != "serial":
            raise OptionError(f"--{name} is for --on serial, not for {runner}", fix="Leave it out.")
    return Line(port, baud, asker(), _agreement(always=flash_it))


def _agreement(*, always: bool) -> Agree | None:
    """Whether to flash a board with another model: as the flag says, else a person is asked."""
    if always:
        return lambda _why: True
    if asker() is None:
        return None
    return lambda why: click.confirm(f"{why}\nFlash the board now?", default=False, err=True)
