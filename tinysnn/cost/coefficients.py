"""The fitted numbers of the cost model, from `coefficients.json` beside this module."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

FILE = Path(__file__).with_name("coefficients.json")
Floats = npt.NDArray[np.float64]


class Steps(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A count by number of events: as listed at first, then the same rises over and over.

    With m values listed, `at(n) = values[n]` for n < m, and `at(n) = at(n - period) + rise` beyond.
    """

    values: str
    """Whole numbers with blanks between them."""
    period: int
    rise: int

    def at(self, events: npt.NDArray[np.int64]) -> Floats:
        """The counts for these numbers of events, of any shape."""
        listed = np.array(self.values.split(), np.float64)
        turns = np.maximum(0, (events - (listed.size - self.period)) // self.period)
        return np.asarray(listed[events - turns * self.period] + turns * self.rise)


class RowsCost(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A row-add in assembly: instructions are `call(n) + blocks * block(n)` for n events."""

    neurons: int
    """Neurons of a block."""
    call: Steps
    block: Steps


class Provenance(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the numbers come from."""

    command: str
    compiler: str
    counted_by: str
    networks: int


class Coefficients(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything in the file."""

    provenance: Provenance
    rows: dict[str, RowsCost]
    """Row-adds in assembly by variant, see `tinysnn.cost.rows.variant_of`."""
    kernels: dict[str, dict[str, float]]
    """Other assembly functions by family and term: instructions by unit of the term."""
    c: dict[str, dict[str, float]]
    """Compiled C by core and term."""


@lru_cache(maxsize=1)
def coefficients() -> Coefficients:
    """The file's content, read once."""
    return msgspec.json.decode(FILE.read_bytes(), type=Coefficients)
