"""Cost of adding the rows of a tick's events, for the choice between kernels.

Knows nothing of packs, so that `tinysnn.views.kernels` can ask it.
"""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt

from tinysnn.cost.coefficients import coefficients

_SYMBOL = re.compile(r"^tsnn_rows(\d+)_s(\d+)_(\w+)$")


def variant_of(symbol: str) -> str:
    """The entry of the table of row-adds for a kernel's symbol, e.g. `rows8_dsp_shifted`.

    By how many places sums are shifted makes no difference, but for 8-bit weights whether.
    """
    found = _SYMBOL.match(symbol)
    if found is None:
        return symbol
    bits, shift, family = found.groups()
    return f"rows{bits}_{family}" + "_shifted" * (bits == "8" and shift != "0")


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
