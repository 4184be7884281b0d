"""Const tables, and the C text that reads a parameter that is one number or one per neuron."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinysnn.views.quotient import remainder


@dataclass(frozen=True)
class TableView:
    """A const table."""

    ctype: str
    symbol: str
    values: tuple[int, ...]
    doc: str
    style: str = "decimal"

    @property
    def length(self) -> int:
        """Number of entries."""
        return len(self.values)


def smallest_type(values: npt.NDArray[np.int64]) -> str:
    """The narrowest C type that holds all values."""
    for bits in (8, 16, 32):
        if values.min() >= 0 and values.max() < 1 << bits:
            return f"uint{bits}_t"
        if values.min() >= -(1 << (bits - 1)) and values.max() < 1 << (bits - 1):
            return f"int{bits}_t"
    raise ValueError("a table value exceeds 32 bits")


class Tables:
    """The tables a layer's expressions refer to, collected while these are made."""

    def __init__(self, prefix: str, n: int) -> None:
        self.prefix, self.n = prefix, n  # n: of the layer
        self.made: list[TableView] = []

    def expression(self, name: str, values: npt.NDArray[np.int32] | None, doc: str) -> str:
        """C text of type int32_t for neuron j: a literal, or a look-up in a table."""
        wide = np.zeros(1, np.int64) if values is None else values.astype(np.int64)
        if (wide == wide[0]).all():
            return literal(int(wide[0]))
        symbol = f"{self.prefix}_{name}"
        size = f"[{self.n}]" if wide.size == self.n else f"by channel, [{wide.size}]"
        view = TableView(smallest_type(wide), symbol, tuple(wide.tolist()), f"{doc}, {size}")
        if view not in self.made:
            self.made.append(view)
        return f"(int32_t){symbol}[{remainder('j', wide.size, self.n)}]"


def literal(value: int) -> str:
    """A C integer of type int32_t."""
    return f"({value})" if value < 0 else str(value)
