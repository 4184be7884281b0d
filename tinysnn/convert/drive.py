"""Inputs of a converted network: a constant value becomes an event with a value in every tick.

Values are rounded to steps tick by tick so that the sum over the ticks is as near as it can be:
over T ticks the mean is exact to 1/T of a step, whatever the step.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tinysnn.convert.ann import Floats
from tinysnn.errors import StimulusError

MOST = 127


def input_step(x: Floats) -> float:
    """Real value of one step, so that all inputs fit int8.

    Raises
    ------
    StimulusError: all inputs are 0.

    """
    most = float(np.abs(x).max(initial=0.0))
    if most == 0:
        raise StimulusError("all inputs are 0", fix="Give inputs as the model was trained on.")
    return most / MOST


def rasters(x: Floats, step: float, ticks: int) -> npt.NDArray[np.int8]:
    """Events of clips, int8 ``[B, ticks, n_in]``, from constant inputs ``[B, n_in]``.

    Inputs beyond what int8 holds are clipped.
    """
    steps = np.clip(x / step, -MOST, MOST)[:, None, :]
    after = np.arange(1, ticks + 1)[:, None]
    sums = np.floor(steps * after + 0.5)
    before = np.floor(steps * (after - 1) + 0.5)
    return np.asarray(sums - before, np.int8)
