"""Exact cost of the row-adds in assembly, as a table by number of events."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from benchmarks.cost_machine import CostMachine
from tinysnn.cost.activity import SourceActivity, counts_of
from tinysnn.cost.bill import Bill
from tinysnn.cost.coefficients import RowsCost, Steps
from tinysnn.cost.rows import variant_of
from tinysnn.cost.synapses import list_spikes
from tinysnn.errors import DeviceError
from tinysnn.state import spike_words
from tinysnn.views.row_kernels import CHUNK

Floats = npt.NDArray[np.float64]
SEED = 5
SHORT = 16
"""Longest run of events that any loop without chunks takes at once."""
LONG = 255
"""Events that bytes can count, where chunks of chunks go there first."""
NEURONS = {8: 16, 4: 16, 2: 16, 1: 32}
"""Neurons of a block by weight bits; twice as many in wide blocks (`w`)."""


def rows_costs(machine: CostMachine) -> dict[str, RowsCost]:
    """Every variant of row-add in the file."""
    found: dict[str, RowsCost] = {}
    for symbol in machine.kernels("tsnn_rows"):
        variant = variant_of(symbol)
        if variant not in found:
            found[variant] = measure(machine, symbol)
    return found


def measure(machine: CostMachine, symbol: str) -> RowsCost:
    """One row-add: counts for one and two blocks give what a call and what a block takes.

    Raises
    ------
    DeviceError: the counts are no such sum, or do not repeat with a chunk of events.

    """
    bits = int(symbol.removeprefix("tsnn_rows")[0])
    chunk = LONG if "_long" in symbol else CHUNK[bits] if CHUNK[bits] < 1000 else SHORT
    events = range(3 * chunk + 2)
    one, two, three = (
        np.array([machine.rows(symbol, n, blocks) for n in events]) for blocks in (1, 2, 3)
    )
    if (two - one != three - two).any():
        raise DeviceError("the blocks of one call cost more and less", where=symbol)
    neurons = NEURONS[bits] * (2 if symbol.startswith(f"tsnn_rows{bits}w_") else 1)
    return RowsCost(neurons, steps(2 * one - two, chunk), steps(two - one, chunk))


def steps(counts: npt.NDArray[np.int64], chunk: int) -> Steps:
    """The shortest table that says these counts, by number of events from 0.

    Raises
    ------
    DeviceError: they do not repeat after a chunk.

    """
    for period in (1, 2, 4, 8, chunk):
        for start in (0, 1, 2, chunk + 1):
            values = " ".join(str(count) for count in counts[: start + period])
            rise = int(counts[start + period] - counts[start])
            table = Steps(values, period, rise)
            if (table.at(np.arange(counts.size)) == counts).all():
                return table
    raise DeviceError(f"counts do not repeat after {chunk} events: {counts.tolist()}")


def lists_case(machine: CostMachine, symbol: str) -> tuple[dict[str, Floats], Floats]:
    """Bill and instructions of listing spikes, for words with every kind of content."""
    rng = np.random.default_rng(SEED)
    bills, counts = [], []
    for n_words in (1, 1, 1, 2, 3, 5, 8):
        for chance in (0.0, 0.02, 0.1, 0.5, 1.0):
            spikes = rng.random(32 * n_words) < chance
            bill = Bill(np.zeros(1))
            list_spikes(bill, SourceActivity(*np.array(counts_of(spikes))), n_words, "x")
            bills.append({term.rpartition("/")[2]: float(q[0]) for term, q in bill.terms.items()})
            counts.append(float(machine.list(symbol, spike_words(spikes))))
    return {term: np.array([bill[term] for bill in bills]) for term in bills[0]}, np.array(counts)
