"""Thresholds of a converted network, from what the network without spikes does on some data.

A neuron that integrates and fires, and is reset by subtraction, fires at the rate of a ReLU divided
by its threshold, up to one spike a tick. A threshold below the largest activation clips it, one far
above wastes ticks: the threshold is a percentile of the activations (Diehl et al. 2015, Rueckauer
et al. 2017).
"""

from __future__ import annotations

import numpy as np

from tinysnn.convert.ann import Ann, Floats
from tinysnn.errors import OptionError, StimulusError

FLOOR = 0.05
"""Least threshold of a channel, as a part of the largest of its stage: weights behind it are scaled
by it, and those of one neuron share a grid of 8 bits."""
_CHUNK = 64


def thresholds(ann: Ann, x: Floats, *, percentile: float, by_channel: bool) -> list[Floats]:
    """Threshold of every neuron of every stage with a ReLU.

    Parameters
    ----------
    ann: the network.
    x: ``[B, n_in]`` inputs in real units.
    percentile: 50 to 100, of all activations of a stage (or channel).
    by_channel: one threshold for each channel of a map or unit of a list, not one for the stage.

    Returns
    -------
    ``[n]`` per stage with a ReLU, in the units of its activations.

    Raises
    ------
    OptionError: a percentile out of range.
    StimulusError: inputs of another width, none, or a stage that never is above 0.

    """
    if not 50 <= percentile <= 100:
        raise OptionError(f"a percentile of {percentile}", fix="Give 50 to 100.")
    if x.ndim != 2 or x.shape[1] != ann.n_in or not len(x):
        raise StimulusError(f"inputs of {list(x.shape)}, the model takes [B, {ann.n_in}]")
    seen: list[list[Floats]] = [[] for _ in ann.stages]
    for first in range(0, len(x), _CHUNK):
        for found, values in zip(seen, ann.activations(x[first : first + _CHUNK]), strict=True):
            found.append(values.astype(np.float32))
    result = []
    for stage, parts in zip(ann.stages, seen, strict=True):
        if stage.relu:
            every = np.concatenate(parts)
            units = every.reshape(len(every), stage.out_shape[0], -1)
            result.append(_of_stage(stage.name, units, percentile, by_channel=by_channel))
    return result


def _of_stage(name: str, values: Floats, percentile: float, *, by_channel: bool) -> Floats:
    """Thresholds from activations ``[B, channels, places]``."""
    axes = (0, 2) if by_channel else None
    found = np.atleast_1d(np.percentile(values, percentile, axis=axes)).astype(np.float64)
    most = np.atleast_1d(values.max(axis=axes)).astype(np.float64)
    found = np.where(found > 0, found, most)  # rarely active: nothing but the largest says anything
    if found.max() <= 0:
        raise StimulusError(
            f"stage {name!r} is 0 for every input", fix="Give inputs as the model was trained on."
        )
    found = np.maximum(found, FLOOR * found.max())
    per_channel = np.broadcast_to(found, (values.shape[1],))
    return np.repeat(per_channel, values.shape[2])
