"""What a chip draws while it computes and while it sleeps."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tinysnn.boards import Board
from tinysnn.errors import BoardError, OptionError

_UNITS_UA = {"nA": 1e-3, "uA": 1.0, "µA": 1.0, "mA": 1e3, "A": 1e6}
_MOST_UA = 10e6
GIVEN = "given by you"


@dataclass(frozen=True)
class Supply:
    """Currents at a clock and a voltage."""

    clock_hz: int
    voltage_v: float
    run_ua: float
    """While a tick is computed."""
    source: str
    sleep_ua: float | None = None
    """Between ticks (WFI); None: not known, and then not counted."""
    sleep_source: str = ""

    @property
    def pj_per_cycle(self) -> float:
        """Energy of one clock cycle, in picojoules."""
        return self.run_ua * self.voltage_v / self.clock_hz * 1e6


def parse_current(text: str, option: str) -> float:
    """A current with its unit, such as ``12.3mA`` or ``850uA``, in microamperes.

    Raises
    ------
    OptionError: it is none, is not above 0, or is beyond 10 A.

    """
    match = re.fullmatch(r"\s*(\d+(?:\.\d*)?|\.\d+)\s*([nuµm]?A)\s*", text)
    value = float(match[1]) * _UNITS_UA[match[2]] if match else 0.0
    if not 0 < value <= _MOST_UA:
        raise OptionError(
            f"'{text}' is no current", where=option, fix="Give a number and a unit, such as 12.3mA."
        )
    return value


def datasheet_supply(board: Board, *, sleep_ua: float | None = None) -> Supply:
    """The supply of a board by its registry entry.

    Parameters
    ----------
    sleep_ua: current between ticks in microamperes, instead of the one in the board's file.

    Raises
    ------
    BoardError: its file states no current.

    """
    known = board.energy
    if known is None:
        raise BoardError(
            "its file states no current",
            where=board.id,
            fix="Add [energy] to it, or give --measured-current and --voltage.",
        )
    given = sleep_ua is not None
    return Supply(
        clock_hz=board.clock_hz,
        voltage_v=known.supply_mv / 1000,
        run_ua=known.run_ua_per_mhz * board.clock_hz / 1e6,
        source=f"{known.run_ua_per_mhz:g} uA/MHz; {known.source}; {known.conditions}",
        sleep_ua=sleep_ua if given else known.sleep_ua,
        sleep_source=GIVEN if given else known.sleep_source,
    )


def measured_supply(
    board: Board, run_ua: float, voltage_v: float, *, sleep_ua: float | None = None
) -> Supply:
    """A current that was measured while the board computes, at its clock.

    The datasheet's current asleep does not go with a measured one, which may be of a whole board:
    without ``sleep_ua`` (microamperes) nothing is said of sleep.
    """
    source = GIVEN if sleep_ua is not None else ""
    return Supply(board.clock_hz, voltage_v, run_ua, "measured by you", sleep_ua, source)
