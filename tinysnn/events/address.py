"""AER addresses: one number that holds x, y and polarity, as bit fields or in a mixed radix."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tinysnn.errors import OptionError, StimulusError
from tinysnn.events.options import MAX_SIDE
from tinysnn.events.stream import Ints

_WHERE = "--events address"


@dataclass(frozen=True)
class AddressMap:
    """The parts of an address from the lowest up: ``address = p0 + n0 (p1 + n1 (p2 + ...))``."""

    parts: tuple[tuple[str, int], ...]
    """(``x``, ``y``, ``p`` or ``-`` for a part that is not used, number of its values)."""

    @property
    def sensor(self) -> tuple[int, int, int]:
        """Width, height and polarities that an address can name."""
        sizes = dict(self.parts)
        return sizes["x"], sizes.get("y", 1), sizes.get("p", 1)

    def split(self, address: Ints, where: str) -> tuple[Ints, Ints, Ints | None]:
        """x, y and polarity (None: it has none) of addresses [E].

        Raises
        ------
        StimulusError
            An address is negative or beyond the last one.
        """
        total = int(np.prod([float(size) for _, size in self.parts]))
        wrong = (address < 0) | (address >= total)
        if wrong.any():
            first = int(np.argmax(wrong))
            raise StimulusError(
                f"event {first} has address {int(address[first])}, allowed is 0 to {total - 1}",
                where=where,
                fix="Say how addresses are made up (--events address=x=34,y=34,p=2).",
            )
        found, rest = dict[str, Ints](), address
        for name, size in self.parts:
            found[name] = rest % size
            rest = rest // size
        return found["x"], found.get("y", np.zeros_like(address)), found.get("p")


def address_map(text: str) -> AddressMap:
    """The map that a text such as ``x=34,y=34,p=2`` or ``x=7b,y=7b,p=1b`` describes.

    Raises
    ------
    OptionError
        The text is no such list, names a part twice, or lacks x.
    """
    parts = [_part(item) for item in text.split(",")]
    names = [name for name, _ in parts if name != "-"]
    if "x" not in names or len(set(names)) < len(names):
        raise OptionError(
            f"{text!r} has no x, or a part twice", where=_WHERE, fix="Such as x=34,y=34,p=2."
        )
    if np.prod([float(size) for _, size in parts]) > 2**32:
        raise OptionError(f"{text!r} has more than 32 bits", where=_WHERE, fix="Make it smaller.")
    return AddressMap(tuple(parts))


def _part(item: str) -> tuple[str, int]:
    name, sign, size = item.strip().partition("=")
    bits = size.endswith("b")
    number = size[:-1] if bits else size
    if not (sign and name in ("x", "y", "p", "-") and number.isascii() and number.isdigit()):
        raise OptionError(
            f"{item.strip()!r} is not PART=SIZE with a part x, y, p or - (not used)",
            where=_WHERE,
            fix="Such as x=34 (34 values) or x=7b (7 bits).",
        )
    value = int(number[:9])
    if bits:
        value = 1 << min(value, 33)
    limit = 1 << 32 if name == "-" else MAX_SIDE
    if not 1 <= value <= limit:
        raise OptionError(
            f"{item.strip()!r}: {value} values", where=_WHERE, fix=f"Give 1 to {limit}."
        )
    return name, value
