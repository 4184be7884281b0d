"""What differs between examples of one class: directions that prototypes are blind to.

Nearest class means tell classes apart best where examples of one class spread alike in all
directions. The few directions in which those of the known classes spread most are taken out of
every example (SPEC.md 4.6), which comes close to whitening by the covariance within classes
(Hastie, Tibshirani, Friedman, "The Elements of Statistical Learning", section 4.3) for a table of a
few bytes per row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tinysnn.errors import OptionError, StimulusError
from tinysnn.learn.replay import head_counts

if TYPE_CHECKING:
    from tinysnn.learn.spec import Wish
    from tinysnn.pack import Pack
    from tinysnn.stimulus import Stimulus

ONE = 128
"""Length of a direction."""
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Known:
    """What a head with `nuisance` begins with."""

    directions: npt.NDArray[np.int8]
    """[D, R] in 1/128."""
    prototypes: npt.NDArray[np.int8]
    """[R, classes]"""
    biases: Ints
    """[classes] in weight steps."""
    scatter: int
    """Mean squared distance of an example from the prototype of its class."""


def without(x: Ints, directions: npt.NDArray[np.int8] | None, fraction: int) -> Ints:
    """Examples [..., R] times 2^fraction without their parts along the directions; SPEC.md 4.6."""
    y = x << fraction
    if directions is not None:
        wide = directions.astype(np.int64)
        along = (((x @ wide.T) << fraction) + (ONE >> 1)) >> 7
        y = y - ((along @ wide + (ONE >> 1)) >> 7)
    return np.asarray(np.clip(y, -128, 127))


def bias_of(square: Ints, ticks: int, fraction: int) -> Ints:
    """Size of the bias of prototypes of these squared lengths, in weight steps; SPEC.md 4.6."""
    return np.asarray((square + (ticks << fraction)) // (ticks << (fraction + 1)))


def known_of(counts: npt.NDArray[np.int8], labels: Ints, count: int, fraction: int) -> Known:
    """Directions and prototypes of labelled examples.

    Parameters
    ----------
    counts: int8 ``[n, R + 1]``, as `head_counts` makes them.
    labels: ``[n]``, every class from 0 on.
    count: number of directions.
    fraction: fraction bits of prototypes.

    """
    x, classes = counts[:, :-1].astype(np.int64), int(labels.max()) + 1
    means = np.stack([x[labels == c].mean(axis=0) for c in range(classes)])
    away = x - means[labels]
    spread, turned = np.linalg.eigh(away.T @ away / len(x))
    chosen = turned[:, np.argsort(-spread, kind="stable")[:count]].T
    chosen *= np.sign(chosen[np.arange(len(chosen)), np.abs(chosen).argmax(axis=1)])[:, None]
    directions = np.clip(np.rint(ONE * chosen), -127, 127).astype(np.int8)
    y = without(x, directions, fraction)
    prototypes = np.rint(np.stack([y[labels == c].mean(axis=0) for c in range(classes)]))
    scatter = float(((y - prototypes[labels]) ** 2).sum(axis=1).mean())
    ticks = max(int(counts[0, -1]), 1)
    square = (prototypes.astype(np.int64) ** 2).sum(axis=1)
    biases = -bias_of(square, ticks, fraction)
    return Known(directions, prototypes.T.astype(np.int8), biases, round(scatter))


def known_by_clips(
    pack: Pack, wishes: Mapping[str, Wish], clips: Sequence[Stimulus]
) -> Known | None:
    """What the head among `wishes` begins with; None: no wish has `nuisance`.

    Raises
    ------
    StimulusError: a class up to the highest has no clip, or a clip no label.
    OptionError: see `head_counts`.

    """
    wish = wishes.get(pack.output_layer.name)
    count = 0 if wish is None else wish.parameters.get("nuisance", 0)
    if wish is None or not count:
        return None
    labels = np.array([-1 if clip.label is None else clip.label for clip in clips], np.int64)
    if not labels.size or labels.min() < 0 or np.bincount(labels).min() == 0:
        raise StimulusError(
            "not every class has a clip, or not every clip a label",
            where="--rehearse",
            fix="Give labelled clips of all classes that are known.",
        )
    if count > pack.output_layer.spec.n_rows:
        raise OptionError(f"nuisance={count}, but {pack.output_layer.spec.n_rows} rows")
    counts = head_counts(pack, clips, wish.parameters.get("z_shift", 0))
    return known_of(counts, labels, count, wish.parameters.get("fraction", 0))
