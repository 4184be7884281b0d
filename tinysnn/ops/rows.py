"""Row-add: what the active presynaptic units contribute in one tick (SPEC.md 1.4 step 3)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tinysnn.ops.fixed import Ints


def accumulate(
    rows: npt.NDArray[np.int8], index: npt.NDArray[np.intp], value: npt.NDArray[np.int64] | None
) -> Ints:
    """Sum of the rows of a tick's events.

    Parameters
    ----------
    rows: [R, n] weights, in weight steps.
    index: [events] active rows.
    value: [events] their values; None where all are 1.

    Returns
    -------
    [n] int64.

    """
    active = rows[index]
    if value is None:
        return np.asarray(active.sum(axis=0, dtype=np.int64))
    return np.asarray(value @ active.astype(np.int64))
