"""Cost of adding the rows of a tick's events, for the choice between kernels.

Knows nothing of packs, so that `tinysnn.views.kernels` can ask it.
"""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt

from tinysnn.cost.coefficients import coefficients

_SYMBOL = re.compile(r"^tsnn_rows(\d+)(w?)_s(\d+)_(\w+)$")


def variant_of(symbol: str) -> str:
    """The entry of the table of row-adds for a kernel's symbol, e.g. `rows8_dsp_shifted`.

    By how many places sums are shifted makes no difference, but for 8-bit weights whether.
    """
    found = _SYMBOL.match(symbol)
    if found is None:
        return symbol
    bits, wide, shift, family = found.groups()
    return f"rows{bits}{wide}_{family}" + "_shifted" * (bits == "8" and shift != "0")


def measured(symbol: str, *, sparse: bool = False) -> bool:
    """Whether the cost of a row-add in assembly is known, and of sparse rows of its family."""
    known = coefficients()
    family = symbol.rpartition("_")[2]
    priced = not sparse or "sparse.call" in known.kernels.get(family, {})
    return priced and variant_of(symbol) in known.rows


def predict_rows(n: int, symbol: str, events: npt.ArrayLike, *, n_rows: int | None = None) -> float:
    """Mean instructions of one call of a row-add in assembly.

    Parameters
    ----------
    n: neurons of the layer.
    symbol: the kernel, `RowsKernel.symbol`.
    events: numbers of events, integers [T] or one; or, with `n_rows`, the mean number.
    n_rows: rows of the layer, each of which is active by itself with the same probability.

    Raises
    ------
    KeyError: if the kernel was not measured (run `benchmarks/fit_cost.py`).

    """
    cost = coefficients().rows[variant_of(symbol)]
    blocks = -(-n // cost.neurons)
    if n_rows is not None:
        chances = binomial(n_rows, float(np.asarray(events)) / n_rows)
        counts = np.arange(n_rows + 1)
        return float(chances @ (cost.call.at(counts) + blocks * cost.block.at(counts)))
    counts = np.atleast_1d(np.asarray(events, np.int64))
    return float((cost.call.at(counts) + blocks * cost.block.at(counts)).mean())


def predict_sparse(
    n: int, family: str, events: float, *, words_per_row: float, windows: int, shifted: bool
) -> float:
    """Mean instructions of adding sparse rows in assembly, two neurons per word of sums.

    Parameters
    ----------
    n: neurons of the layer.
    family: which assembly.
    events: mean number of events of a tick.
    words_per_row: mean number of words of two weights in a row, all windows together.
    windows: calls, one for each run of neurons with a table of its own.
    shifted: sums are brought to state units.

    """
    price, sums = coefficients().kernels[family], -(-n // 8) * 4
    ahead = price.get("sparse.call", 0.0) * windows
    ahead += sums * (price.get("sparse.clear", 0.0) + price.get("sparse.scaled", 0.0))
    if shifted:
        ahead += (
            price.get("sparse.shift", 0.0) * sums + price.get("sparse.shift.call", 0.0) * windows
        )
    each = price.get("sparse.event", 0.0) * windows + price.get("sparse.word", 0.0) * words_per_row
    runs = words_per_row / (2 if family == "v6m" else 4)
    return ahead + events * (each + price.get("sparse.run", 0.0) * runs)


def event_cost(n: int, symbol: str) -> float:
    """Instructions of one more event in a long list, for a row-add in assembly."""
    cost = coefficients().rows[variant_of(symbol)]
    blocks = -(-n // cost.neurons)
    return cost.call.rise / cost.call.period + blocks * cost.block.rise / cost.block.period


def binomial(n: int, chance: float) -> npt.NDArray[np.float64]:
    """Chance of 0 to n successes in n independent trials, [n + 1]."""
    p = float(np.clip(chance, 0.0, 1.0))
    if p in (0.0, 1.0):
        return np.asarray(np.eye(n + 1)[0 if p == 0.0 else n])
    k = np.arange(1, n + 1)
    logs = np.concatenate([[0.0], np.cumsum(np.log((n - k + 1) / k))])
    steps = np.arange(n + 1)
    logs += steps * np.log(p) + (n - steps) * np.log1p(-p)
    weights = np.exp(logs - logs.max())
    return np.asarray(weights / weights.sum())
