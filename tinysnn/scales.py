"""Choosing the weight grid of a layer: real weights to integers and a scale per output channel."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tinysnn.pack import Bits
from tinysnn.rounding import GRID

Floats = npt.NDArray[np.float64]

STEPS = {8: 127, 4: 7, 2: 1, 1: 1}
"""Largest weight by bits; rounding keeps to symmetric grids, 2 bits are ternary. Only weights that
lie on the grid of `GRID` already use its lowest value too."""

_EXACT = 1e-5
"""How far from a whole number of steps a weight may be to lie on a grid."""

THETA_CAP = 1024.0
"""A threshold is at most this many weight steps per unit of event value: a neuron whose weights
are all tiny gets a coarser grid, so that its threshold fits the state with fraction bits to
spare."""

SMALLEST, LARGEST = 1e-30, 1e30
"""Values beyond these are no network's, and their squares leave the range of a float."""


def is_moderate(values: Floats) -> bool:
    """Whether the largest value is 0 or between `SMALLEST` and `LARGEST`."""
    largest = float(np.abs(values).max(initial=0.0))
    return largest == 0.0 or SMALLEST <= largest <= LARGEST


def exact_step(weight: Floats, bits: Bits) -> float | None:
    """The coarsest power of two of which all weights are multiples within the grid, if any."""
    largest = float(np.abs(weight).max(initial=0.0))
    if largest == 0.0:
        return 1.0
    finest = int(np.ceil(np.log2(largest / STEPS[bits])))
    for exponent in range(finest + 7, finest - 1, -1):
        steps = weight / 2.0**exponent
        if bool((np.abs(steps - np.rint(steps)) <= _EXACT).all()):
            ternary_ok = bits != 1 or bool((np.abs(np.rint(steps)) == 1).all())
            return 2.0**exponent if ternary_ok else None
    return None


def channel_scales(
    weight: Floats, threshold: Floats | None, bits: Bits, *, event_value: int = 1
) -> Floats:
    """Real value of one weight step for each output channel.

    Parameters
    ----------
    weight: [R, n] real weights per unit of event value.
    threshold: [n], or None for layers that do not fire.
    bits: weight width.
    event_value: a usual value of an event: 1 for spikes, more where input is graded.

    Returns
    -------
    [n] float64, positive.

    """
    step = exact_step(weight, bits)
    scales = np.full(weight.shape[1], step) if step is not None else _fitted(weight, bits)
    return np.maximum(scales, smallest_scales(scales, threshold, event_value=event_value))


def smallest_scales(scales: Floats, threshold: Floats | None, *, event_value: int) -> Floats:
    """The finest grid that each output channel may have, beside these of all channels; [n]."""
    floor = np.zeros_like(scales)
    if threshold is not None:
        floor = np.abs(threshold) / (THETA_CAP * event_value)
    return np.maximum(floor, np.maximum(scales, floor).max(initial=0.0) * 1e-6 or 1.0)


def _fitted(weight: Floats, bits: Bits) -> Floats:
    largest = np.abs(weight).max(axis=0)
    if bits == 8:
        return np.asarray(largest / STEPS[8])
    if bits == 1:
        return np.asarray(np.abs(weight).mean(axis=0))
    nearest = _least_error(weight, largest, bits)
    own = _own_steps(weight, largest, bits)
    return np.where((own > 0) & ~_lies_on(weight, nearest, bits), own, nearest)


def _own_steps(weight: Floats, largest: Floats, bits: Bits) -> Floats:
    """[n]: the coarsest step on whose grid all weights of a channel lie already; 0 where none is.

    Networks that were trained with rounded weights have such channels.
    """
    steps = np.zeros_like(largest)
    for parts in range(-GRID[bits][0], 0, -1):
        step = largest / parts
        steps = np.where(_lies_on(weight, step, bits), step, steps)
    return steps


def _lies_on(weight: Floats, scales: Floats, bits: Bits) -> npt.NDArray[np.bool_]:
    """Channels whose weights are whole numbers of steps, within the grid; [n]."""
    values = weight / np.where(scales > 0, scales, 1.0)
    low, high = GRID[bits]
    whole = np.rint(values)
    fits = (np.abs(values - whole) <= _EXACT) & (whole >= low) & (whole <= high)
    return np.asarray(fits.all(axis=0))


def _least_error(weight: Floats, largest: Floats, bits: Bits) -> Floats:
    ratios = np.linspace(0.2, 1.0, 33)
    errors = np.stack([_error(weight, largest * r / STEPS[bits], bits) for r in ratios])
    return np.asarray(largest * ratios[errors.argmin(axis=0)] / STEPS[bits])


def _error(weight: Floats, scales: Floats, bits: Bits) -> Floats:
    safe = np.where(scales > 0, scales, 1.0)
    steps = np.clip(np.rint(weight / safe), -STEPS[bits], STEPS[bits])
    return np.asarray(((steps * safe - weight) ** 2).sum(axis=0))


def to_steps(weight: Floats, scales: Floats, bits: Bits) -> npt.NDArray[np.int8]:
    """Weights in steps, rounded to nearest and clipped to the grid; int8 [R, n]."""
    if bits == 1:
        return np.where(weight < 0, -1, 1).astype(np.int8)
    lowest = np.where(_lies_on(weight, scales, bits), GRID[bits][0], -STEPS[bits])
    return np.clip(np.rint(weight / scales), lowest, STEPS[bits]).astype(np.int8)


def snr_db(weight: Floats, rows: npt.NDArray[np.int8], scales: Floats) -> float | None:
    """10 log10 of weight power over error power; None if the error is nothing."""
    error = float(((rows * scales - weight) ** 2).sum())
    power = float((weight**2).sum())
    if error <= power * 1e-10:
        return None
    return float(10.0 * np.log10(max(power, 1e-300) / error))
