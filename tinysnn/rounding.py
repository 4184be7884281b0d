"""Rounding a weight matrix so that the sums it makes on real input stay near the real ones.

Rounding each weight to nearest makes the error of the weights small. What counts is the error of
what reaches the membrane, ``z (w_q - w)`` for the input z that really occurs; its mean square is
``e' H e`` with ``e = w_q - w`` and the second moment ``H = Z' Z`` of the input. Rows are rounded
one after the other and each row's error is made good by the rows to come (optimal brain surgeon;
GPTQ does the same for language models); then single weights are revisited while that lowers the
error, and the scale of each output channel is refitted. All outputs are worked on at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tinysnn.pack import Bits

Floats = npt.NDArray[np.float64]

GRID = {8: (-127, 127), 4: (-8, 7), 2: (-2, 1), 1: (-1, 1)}
"""Lowest and highest weight by bits; 1 bit knows only these two."""

DAMPING = 0.01
"""Added to the diagonal of H, in parts of its mean: input that calibration never shows still has
weights that should stay near the real ones."""

RATIOS = np.linspace(0.4, 1.6, 13)
"""Scales that are tried, beside the one that suits rounding to nearest."""

SWEEPS = 4
"""How often all weights are revisited between two fits of the scale."""

REFITS = 3

BLOCK = 32
"""Rows between two updates of all others."""

CHUNK = 1 << 21
"""Weights that are worked on at once, candidates of the scale included: 16 MB."""


@dataclass(frozen=True, eq=False)
class Problem:
    """Weights to round, the input they get, and the grid."""

    weight: Floats
    """[R, n] real weights."""
    moment: Floats
    """[R, R] second moment of the input, damped: symmetric, positive definite."""
    bits: Bits
    floor: Floats
    """[n] smallest scale allowed."""

    def of(self, columns: slice | npt.NDArray[np.intp]) -> Problem:
        """The same for some outputs."""
        return Problem(self.weight[:, columns], self.moment, self.bits, self.floor[columns])


def damped(moment: Floats) -> Floats:
    """A second moment with a little added to its diagonal, also where no input was seen at all."""
    mean = float(np.diag(moment).mean())
    return moment + (DAMPING * mean if mean > 0 else 1.0) * np.eye(len(moment))


def nearest(values: Floats, scale: Floats, bits: Bits) -> Floats:
    """Values in steps, rounded to nearest and clipped to the grid; float64, as `values`."""
    if bits == 1:
        return np.where(values < 0, -1.0, 1.0)
    return np.clip(np.rint(values / scale), *GRID[bits])


def error(problem: Problem, steps: Floats, scale: Floats) -> Floats:
    """Mean square error of what reaches each output, times the number of samples in H; [n]."""
    wrong = steps * scale - problem.weight
    return np.asarray((wrong * (problem.moment @ wrong)).sum(axis=0))


def compensated(problem: Problem, start: Floats, *, common: bool) -> tuple[Floats, Floats]:
    """Round with compensation.

    Parameters
    ----------
    problem: what to round.
    start: [n] scales to begin the search at.
    common: one scale for all outputs.

    Returns
    -------
    Weights in steps (float64 [R, n]) and the scales [n]. The error is never above that of rounding
    to nearest with the scales of `start` on the same grid.

    """
    start = np.maximum(start, problem.floor)
    candidates = np.maximum(np.append(RATIOS, 1.0)[:, None] * start, problem.floor)
    order = _order(problem.moment)
    best = _best(problem, candidates, order, common=common)
    scale = candidates[best, np.arange(start.size)]
    steps = np.concatenate(
        [_propagate(problem.of(c), scale[c], order) for c in _chunks(problem, 1)], axis=1
    )
    steps, scale = _polish(problem, steps, scale, common=common)
    plain = nearest(problem.weight, start, problem.bits)
    worse = error(problem, steps, scale) > error(problem, plain, start)
    if common:
        worse[:] = error(problem, steps, scale).sum() > error(problem, plain, start).sum()
    return np.where(worse, plain, steps), np.where(worse, start, scale)


def _chunks(problem: Problem, candidates: int) -> list[slice]:
    n_rows, n = problem.weight.shape
    width = max(1, CHUNK // (n_rows * candidates))
    return [slice(first, min(first + width, n)) for first in range(0, n, width)]


@dataclass(frozen=True, eq=False)
class _Order:
    """Rows by falling weight in H, and the factor that spreads their errors."""

    rows: npt.NDArray[np.intp]
    upper: Floats


def _order(moment: Floats) -> _Order:
    rows = np.argsort(-np.diag(moment), kind="stable")
    inverse = np.linalg.inv(moment[np.ix_(rows, rows)])
    upper = np.linalg.cholesky((inverse + inverse.T) / 2).T
    return _Order(rows, np.asarray(upper, np.float64))


def _best(problem: Problem, candidates: Floats, order: _Order, *, common: bool) -> npt.NDArray[Any]:
    """Which candidate [K, n] of the scale each output rounds best with; [n]."""
    errors = np.empty_like(candidates)
    for chunk in _chunks(problem, len(candidates)):
        part = problem.of(chunk)
        repeated = Problem(
            np.tile(part.weight, len(candidates)), part.moment, part.bits, part.floor
        )
        scale = candidates[:, chunk].reshape(-1)
        found = error(repeated, _propagate(repeated, scale, order), scale)
        errors[:, chunk] = found.reshape(len(candidates), -1)
    if common:
        return np.full(candidates.shape[1], errors.sum(axis=1).argmin())
    return np.asarray(errors.argmin(axis=0))


def _propagate(problem: Problem, scale: Floats, order: _Order) -> Floats:
    """Round row by row; the rows to come take over what is left of each error."""
    left = problem.weight[order.rows]  # a copy
    steps = np.empty_like(left)
    wrong = np.empty_like(left)
    for block in _blocks(len(left)):
        for r in range(block.start, block.stop):
            steps[r] = nearest(left[r], scale, problem.bits)
            wrong[r] = (left[r] - steps[r] * scale) / order.upper[r, r]
            near = slice(r + 1, block.stop)
            left[near] -= order.upper[r, near, None] * wrong[r]
        left[block.stop :] -= order.upper[block, block.stop :].T @ wrong[block]
    ordered = np.empty_like(steps)
    ordered[order.rows] = steps
    return ordered


def _blocks(n_rows: int) -> list[slice]:
    """Runs of rows whose effect on all others is worked out in one matrix product."""
    return [slice(first, min(first + BLOCK, n_rows)) for first in range(0, n_rows, BLOCK)]


def _polish(
    problem: Problem, steps: Floats, scale: Floats, *, common: bool
) -> tuple[Floats, Floats]:
    """Revisit weights and refit scales in turn; the error falls or stays."""
    for _ in range(REFITS):
        steps = _descend(problem, steps, scale)
        pulled = problem.moment @ steps
        fit = (problem.weight * pulled).sum(axis=0)
        power = (steps * pulled).sum(axis=0)
        if common:
            fit, power = np.full_like(fit, fit.sum()), np.full_like(power, power.sum())
        usable = (fit > 0) & (power > 0)
        wanted = np.divide(fit, power, out=scale.copy(), where=usable)
        scale = np.maximum(wanted, problem.floor.max() if common else problem.floor)
    return _descend(problem, steps, scale), scale


def _descend(problem: Problem, steps: Floats, scale: Floats) -> Floats:
    """Move single weights to the step at which the error is least, row by row."""
    steps = steps.copy()
    moment, strength = problem.moment, np.diag(problem.moment)
    pull = moment @ (steps * scale - problem.weight)
    for _ in range(SWEEPS):
        before = steps.copy()
        for block in _blocks(len(steps)):
            old, near = steps[block].copy(), pull[block].copy()
            for i, r in enumerate(range(block.start, block.stop)):
                chosen = nearest(steps[r] * scale - near[i] / strength[r], scale, problem.bits)
                near += moment[block, r, None] * ((chosen - steps[r]) * scale)
                steps[r] = chosen
            pull += moment[:, block] @ ((steps[block] - old) * scale)
        if np.array_equal(steps, before):
            break
    return steps
