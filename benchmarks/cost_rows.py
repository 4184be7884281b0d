"""Exact cost of the row-adds in assembly, as a table by number of events."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from benchmarks.cost_machine import CostMachine
from tinysnn.cost.coefficients import RowsCost, Steps
from tinysnn.cost.rows import variant_of
from tinysnn.errors import DeviceError
from tinysnn.views.kernels import CHUNK

SHORT = 16
"""Longest run of events that any loop without chunks takes at once."""
NEURONS = {8: 16, 4: 16, 2: 16, 1: 32}
"""Neurons of a block by weight bits."""


def rows_costs(machine: CostMachine) -> dict[str, RowsCost]:
    """Every variant of row-add in the file."""
    found: dict[str, RowsCost] = {}
    for symbol in machine.kernels():
        variant = variant_of(symbol)
        if symbol.startswith("tsnn_rows") and variant not in found:
            found[variant] = measure(machine, symbol)
    return found


def measure(machine: CostMachine, symbol: str) -> RowsCost:
    """One row-add: counts for one and two blocks give what a call and what a block takes.

    Raises
    ------
    DeviceError: the counts are no such sum, or do not repeat with a chunk of events.

    """
    bits = int(symbol.removeprefix("tsnn_rows")[0])
    chunk = CHUNK[bits] if CHUNK[bits] < 1000 else SHORT
    events = range(3 * chunk + 2)
    one, two, three = (
        np.array([machine.rows(symbol, n, blocks) for n in events]) for blocks in (1, 2, 3)
    )
    if (two - one != three - two).any():
        raise DeviceError("the blocks of one call cost more and less", where=symbol)
    return RowsCost(NEURONS[bits], steps(2 * one - two, chunk), steps(two - one, chunk))


def steps(counts: npt.NDArray[np.int64], chunk: int) -> Steps:
    """The shortest table that says these counts, by number of events from 0.

    Raises
    ------
    DeviceError: they do not repeat after a chunk.

    """
    for period in (1, 2, 4, 8, chunk):
        for start in (0, 1, 2, chunk + 1):
            values = tuple(int(c) for c in counts[: start + period])
            rise = int(counts[start + period] - counts[start])
            table = Steps(values, period, rise)
            if (table.at(np.arange(counts.size)) == counts).all():
                return table
    raise DeviceError(f"counts do not repeat after {chunk} events: {counts.tolist()}")
