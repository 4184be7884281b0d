"""One layer onto integers: fraction bits, state width and the proof that nothing wraps."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import numpy as np

from tinysnn import ranges, scales
from tinysnn.errors import ModelError
from tinysnn.graph import Layer
from tinysnn.layer_tables import layer_tables
from tinysnn.layer_weights import source_of, weight_columns
from tinysnn.ops.fixed import ONE_Q16, STATE_RANGE
from tinysnn.pack import LayerReport, PackedLayer, Source, StateBits
from tinysnn.pack_rules import FRAC_BITS, rests
from tinysnn.weight_grid import Grid, Units

HEADROOM = 8
"""16-bit membranes reach at least this many thresholds below rest before they saturate."""

THETA_STEPS = 32
"""A threshold has at least this many state units per tick of the leak's time constant, so that the
leak's rounding (half a unit per tick) stays below a 64th of the threshold."""

SPARE_BITS = 2
"""Fraction bits that a layer with rounded weights keeps: the leak then errs by at most an eighth of
a weight step per tick, a rounded weight by up to a half per event."""


def tabulated(grid: Grid, state_bits: int | None) -> PackedLayer:
    """The tables of a layer on its grid.

    Parameters
    ----------
    grid: the weights.
    state_bits: 16 or 32; None: 16 where the proof allows it, else 32.

    Raises
    ------
    ModelError: if no allowed state holds the layer's values.

    """
    layer = grid.layer
    sources = tuple(
        source_of(layer, c, most)
        for c, most in zip(layer.connections, grid.units.most, strict=True)
    )
    widths: tuple[StateBits, ...] = (16, 32)
    if state_bits is not None:
        widths = (32,) if state_bits == 32 else (16,)
    for width in widths:
        packed = _candidate(grid, sources, width, strict=state_bits is None)
        if packed is not None:
            return described(packed, grid.units)
    raise ModelError(
        f"its values do not fit {widths[-1]}-bit state",
        where=f"layer {layer.name!r}",
        fix="Use 32-bit state, or check weights, threshold and input scale",
    )


def described(layer: PackedLayer, units: Units) -> PackedLayer:
    """Fill in what follows from the tables: accumulator width, skipping, proven ranges."""
    sums = ranges.accumulator(layer, graded_input=units.graded)
    x = ranges.tick_input(layer, graded_input=units.graded)
    reach = ranges.membrane(layer, graded_input=units.graded)
    scale = layer.scale[: units.weight.shape[1]]
    report = LayerReport(
        weight_snr_db=scales.snr_db(units.weight, weight_columns(layer), scale),
        x_low=int(x.low.min()),
        x_high=int(x.high.max()),
        membrane_low=None if reach is None else int(reach.low.min()),
        membrane_high=None if reach is None else int(reach.high.max()),
        rate_float=None,
        rate_packed=None,
        saturated=None,
    )
    valued = layer.spec.reads_values(graded_input=units.graded)
    spec = msgspec.structs.replace(
        layer.spec,
        acc_bits=16 if sums.fits(16) and not valued else 32,
        may_skip=rests(layer),
        report=report,
    )
    return replace(layer, spec=spec)


def _candidate(
    grid: Grid, sources: tuple[Source, ...], state_bits: StateBits, *, strict: bool
) -> PackedLayer | None:
    """The layer with the most fraction bits that provably fit, or None.

    A 16-bit membrane gives up fraction bits that it can spare if it then provably never saturates:
    updates that need not clip are cheaper. It can spare them where the weights are rounded, which
    costs more than the leak's rounding; exact weights keep all fraction bits.
    """
    if state_bits == 16 and strict and not _may_be_narrow(grid.layer):
        return None
    best = None
    exact = scales.snr_db(grid.units.weight, grid.rows, grid.step) is None
    for frac_bits in range(12, FRAC_BITS[0] - 1, -1):
        packed = layer_tables(grid, sources, state_bits, frac_bits)
        if packed is None or not _fits(packed, graded=grid.units.graded, strict=strict):
            continue
        if not (strict and state_bits == 16):
            return packed
        if best is None and not _fine_enough(packed, THETA_STEPS):
            break
        best = best or packed
        if exact or frac_bits < SPARE_BITS or not _fine_enough(packed, THETA_STEPS // 2):
            break
        if _never_saturates(packed, graded=grid.units.graded):
            return packed
    return best


def _may_be_narrow(layer: Layer) -> bool:
    """Readouts and membranes that never forget are kept in 32 bits: no proof can bound them."""
    return layer.fires and bool((layer.beta < 1.0).all())


def _fits(layer: PackedLayer, *, graded: bool, strict: bool) -> bool:
    state_bits = layer.spec.state_bits
    low, high = STATE_RANGE[state_bits]
    x = ranges.tick_input(layer, graded_input=graded)
    if state_bits == 32:  # room for many ticks of input
        low, high = low >> 3, high >> 3
    if int(x.low.min()) < low or int(x.high.max()) > high:
        return False
    if layer.spec.has_current and (strict or state_bits == 32):
        reach = ranges.current(layer, x)
        if reach is None or not reach.fits(state_bits):
            return state_bits == 32 and layer.spec.frac_bits <= 0
    if state_bits == 16 and strict:
        return int(np.abs(layer.wide("theta")).max()) * HEADROOM <= high + 1
    return int(np.abs(layer.wide("theta")).max(initial=0)) * HEADROOM <= high


def _fine_enough(layer: PackedLayer, steps: int) -> bool:
    """Whether the leak's rounding is small beside the threshold."""
    lost = (ONE_Q16 - layer.wide("beta")) / ONE_Q16
    return bool((np.abs(layer.wide("theta")) * lost >= steps).all())


def _never_saturates(layer: PackedLayer, *, graded: bool) -> bool:
    reach = ranges.membrane(layer, graded_input=graded)
    return reach is not None and reach.fits(layer.spec.state_bits)
