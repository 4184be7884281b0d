"""Least squares: what a unit of each term costs, from the bills and the counts of many ticks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
RIDGE = 3e-4
"""Shares out the cost of terms that only ever come together."""
WHOLE = 2e-3
"""A cost that is so near a multiple of 1/2 is one."""


def fit(
    bills: Sequence[Mapping[str, Floats]],
    counts: Sequence[Floats],
    wholes: Sequence[Floats] | None = None,
) -> dict[str, float]:
    """Costs of all terms, none below 0, with relative errors as small as possible.

    Parameters
    ----------
    bills: quantities by term, [T] each, for each of some runs.
    counts: instructions of the same ticks.
    wholes: what errors are relative to, where it is not the counts; ticks of 0 do not take part.

    """
    terms = sorted({term for bill in bills for term in bill})
    tables = [_columns(bill, terms, c.size) for bill, c in zip(bills, counts, strict=True)]
    table, wanted = np.concatenate(tables), np.concatenate(counts)
    whole = wanted if wholes is None else np.concatenate(wholes)
    used = whole > 0
    rows, right = table[used] / whole[used, None], wanted[used] / whole[used]
    size = np.maximum(np.sqrt((rows**2).mean(axis=0)), 1e-12)  # every term in its own unit
    gram = (rows / size).T @ (rows / size) / len(rows) + np.eye(len(terms)) * RIDGE**2
    solved = nonnegative(gram, (rows / size * right[:, None]).mean(axis=0)) / size
    return {term: _rounded(value) for term, value in zip(terms, solved, strict=True)}


def _columns(bill: Mapping[str, Floats], terms: Sequence[str], n: int) -> Floats:
    none = np.zeros(n)
    return np.array([bill.get(term, none) for term in terms], np.float64).reshape(len(terms), n).T


def nonnegative(gram: Floats, right: Floats) -> Floats:
    """The x >= 0 with the least x'Gx/2 - r'x, by the active sets of Lawson and Hanson."""
    x, passive = np.zeros(right.size), np.zeros(right.size, np.bool_)
    for _ in range(10 * right.size):
        slope = np.where(passive, -np.inf, right - gram @ x)
        if slope.max(initial=-np.inf) <= 1e-12:
            break
        passive[int(slope.argmax())] = True
        while True:
            trial = np.zeros_like(x)
            chosen = np.flatnonzero(passive)
            trial[chosen] = np.linalg.solve(gram[np.ix_(chosen, chosen)], right[chosen])
            if trial[chosen].min(initial=0.0) >= 0:
                break
            below = chosen[trial[chosen] < 0]
            step = (x[below] / (x[below] - trial[below])).min()
            x = x + step * (trial - x)
            passive &= x > 1e-14
        x = trial
    return x


def _rounded(value: float) -> float:
    half = round(2 * float(value)) / 2
    return half if abs(value - half) < WHOLE else round(float(value), 3)
