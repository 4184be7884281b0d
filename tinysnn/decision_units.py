"""A decision in a device's integers: thresholds in units of what enters it (SPEC.md 6)."""

from __future__ import annotations

from tinysnn.decision import NEVER, SPIKE_SHIFT, Decision, DecisionOptions
from tinysnn.errors import OptionError
from tinysnn.pack import PackedLayer

MAX_MARGIN = 1 << 30
X_BITS = 15
"""Outputs enter as numbers of this many bits and a sign."""


def decided(options: DecisionOptions | None, output: PackedLayer) -> Decision | None:
    """The options in the integers of a pack with this output layer; None: it decides nothing.

    Raises
    ------
    OptionError: not as many labels as outputs.

    """
    if options is None:
        return None
    if len(options.labels) != output.n:
        raise OptionError(
            f"{len(options.labels)} labels, the output layer has {output.n} neurons",
            where="decision",
            fix="Name every output, in their order.",
        )
    return _in_units(options, step=output_step(output), shift=_shift(output))


def output_step(output: PackedLayer) -> float:
    """Real value of one unit of a network's output: of a membrane, or of a spike."""
    if output.spec.fires:
        return 1.0
    return float(output.scale[0]) * 2.0**-output.spec.frac_bits


def _shift(output: PackedLayer) -> int:
    """So that what a membrane can reach, or half of what it could hold, nearly fits 15 bits."""
    spec = output.spec
    if spec.fires:
        return SPIKE_SHIFT
    bounds = (spec.report.membrane_low, spec.report.membrane_high)
    most = max((abs(bound) for bound in bounds if bound is not None), default=0)
    held = spec.state_bits - 2
    return -max(min(most.bit_length() or held, held) - X_BITS, 0)


def _in_units(options: DecisionOptions, *, step: float, shift: int) -> Decision:
    """The options in the integers of a device.

    Parameters
    ----------
    step: real value of one unit of the output.
    shift: power of 2 that outputs enter with; see `Decision`.

    """
    smooth = options.smooth_ticks.bit_length() - 1
    unit = step * 2.0 ** -(shift + 2 * smooth)
    reals = [options.of(label) for label in options.labels]
    return Decision(
        smooth=smooth,
        shift=shift,
        rest_ticks=options.rest_ticks,
        thresholds=tuple(
            NEVER if real is None else min(round(real / unit), MAX_MARGIN) for real in reals
        ),
        labels=options.labels,
    )
