"""How long a battery lasts: its charge over the mean current, nothing else taken into account."""

from __future__ import annotations

import re

from tinysnn.energy.estimate import Range
from tinysnn.errors import OptionError

_UNITS_MAH = {"uAh": 1e-3, "µAh": 1e-3, "mAh": 1.0, "Ah": 1e3}
_MOST_MAH = 1e6


def parse_charge(text: str, option: str) -> float:
    """A charge with its unit, such as ``220mAh`` or ``2.5Ah``, in milliampere-hours.

    Raises
    ------
    OptionError: it is none, is not above 0, or is beyond 1000 Ah.

    """
    match = re.fullmatch(r"\s*(\d+(?:\.\d*)?|\.\d+)\s*([uµm]?Ah)\s*", text)
    value = float(match[1]) * _UNITS_MAH[match[2]] if match else 0.0
    if not 0 < value <= _MOST_MAH:
        raise OptionError(
            f"'{text}' is no charge", where=option, fix="Give a number and a unit, such as 220mAh."
        )
    return value


def life_h(charge_mah: float, mean_ua: Range) -> Range:
    """Hours that a charge lasts; the short life goes with the high current."""
    return Range(charge_mah * 1000 / mean_ua.high, charge_mah * 1000 / mean_ua.low)
