"""One layer onto integers: units, fraction bits, state width and the proof that nothing wraps."""

from __future__ import annotations

from dataclasses import dataclass, replace

import msgspec
import numpy as np
import numpy.typing as npt

from tinysnn import forms, ranges, scales
from tinysnn.errors import ModelError, OptionError
from tinysnn.graph import Graph, Layer
from tinysnn.layer_weights import (
    by_channel,
    columns_of,
    kernels_of,
    source_of,
    weight_columns,
)
from tinysnn.ops.fixed import ONE_Q16, STATE_RANGE
from tinysnn.pack import Bits, LayerReport, LayerSpec, PackedLayer, Source, StateBits
from tinysnn.pack_rules import FRAC_BITS, rests
from tinysnn.source_map import MapShape

Floats = npt.NDArray[np.float64]

HEADROOM = 8
"""16-bit membranes reach at least this many thresholds below rest before they saturate."""

THETA_STEPS = 32
"""A threshold has at least this many state units per tick of the leak's time constant, so that the
leak's rounding (half a unit per tick) stays below a 64th of the threshold."""

SPARE_BITS = 2
"""Fraction bits that a layer with rounded weights keeps: the leak then errs by at most an eighth of
a weight step per tick, a rounded weight by up to a half per event."""


@dataclass(frozen=True, eq=False)
class Units:
    """Real weights of a layer per unit of event value, and how spikes are valued."""

    weight: Floats
    """[R, n]; of a layer with kernels [rows, channels], see `kernel_columns`."""
    spike_value: int
    graded: bool
    most: tuple[int, ...] = ()
    """Spikes of a unit in a tick at most, for each connection."""

    @property
    def event_value(self) -> int:
        """What an event may be worth: a spike, or with graded input alone the largest value."""
        return ranges.GRADED_HIGH if self.graded and self.spike_value == 1 else self.spike_value


def nearest_grid(graph: Graph, layer: Layer, bits: Bits) -> Grid:
    """The layer's weights, each rounded to the nearest step of the best grid.

    Raises
    ------
    ModelError: if values of the layer are no network's.
    OptionError: if the input scale does not suit a layer with graded input and spikes.

    """
    units = units_of(graph, layer)
    values = (units.weight, layer.threshold, layer.bias, layer.reset_to, layer.v_init)
    if not all(scales.is_moderate(value) for value in values if value is not None):
        raise ModelError(
            f"it holds values outside of {scales.SMALLEST:g} to {scales.LARGEST:g}",
            where=f"layer {layer.name!r}",
            fix="Check the units of weights, threshold, bias and initial values",
        )
    threshold = by_channel(layer, units.weight.shape[1])
    step = scales.channel_scales(units.weight, threshold, bits, event_value=units.event_value)
    if not layer.fires:  # outputs are compared with each other: one unit for all
        step = np.full_like(step, step.max())
    shape = forms.map_shape(layer) if graph.channels_last else None
    return Grid(layer, units, bits, step, scales.to_steps(units.weight, step, bits), shape)


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


def units_of(graph: Graph, layer: Layer) -> Units:
    """The layer's weights per unit of event value, with spikes valued beside graded input."""
    graded = graph.input_scale is not None and any(c.source is None for c in layer.connections)
    sources = [c.source for c in layer.connections]
    most = tuple(1 if source is None else _most(graph.layers[source]) for source in sources)
    blocks = [columns_of(layer, c) for c in layer.connections]
    if not graded:
        return Units(np.vstack(blocks), 1, graded=False, most=most)
    input_scale = graph.input_scale or 1.0
    spike_value = 1
    if any(c.source is not None for c in layer.connections):
        spike_value = round(1.0 / input_scale)
        if not 1 <= spike_value <= 127 or abs(spike_value * input_scale - 1.0) > 1e-9:
            raise OptionError(
                f"the layer takes graded input and spikes, so the input scale must be 1/k with "
                f"k = 1..127, not {input_scale:g}",
                where=f"layer {layer.name!r}",
                fix="Choose another input scale",
            )
    blocks = [
        block * input_scale if c.source is None else block / spike_value
        for c, block in zip(layer.connections, blocks, strict=True)
    ]
    if spike_value > 1 and max(most) > 1:
        raise OptionError(
            f"the layer takes graded input in steps of {input_scale:g} and spikes that are counted",
            where=f"layer {layer.name!r}",
            fix="Use an input scale of 1, or max_spikes = 1 for the layers before it",
        )
    return Units(np.vstack(blocks), spike_value, graded=True, most=most)


def _most(layer: Layer) -> int:
    """Spikes of a neuron in one tick at most."""
    return layer.max_spikes if layer.many_spikes else 1


@dataclass(frozen=True, eq=False)
class Grid:
    """A layer on its weight grid, before fraction bits and state width are chosen."""

    layer: Layer
    units: Units
    bits: Bits
    step: Floats
    """[n]; of a layer with kernels [channels]."""
    rows: npt.NDArray[np.int8]
    """As `Units.weight`."""
    shape: MapShape | None = None
    """Of the layer's neurons, where these are channels last."""


def _candidate(
    grid: Grid, sources: tuple[Source, ...], state_bits: StateBits, *, strict: bool
) -> PackedLayer | None:
    """The layer with the most fraction bits that provably fit, or None.

    A 16-bit membrane gives up fraction bits that it can spare if it then provably never saturates:
    updates that need not clip are cheaper. It can spare them where the weights are rounded, which
    costs more than the leak's rounding;
    Exact weights keep all fraction bits.
    """
    if state_bits == 16 and strict and not _may_be_narrow(grid.layer):
        return None
    best = None
    exact = scales.snr_db(grid.units.weight, grid.rows, grid.step) is None
    for frac_bits in range(12, FRAC_BITS[0] - 1, -1):
        packed = _tabulate(grid, sources, state_bits, frac_bits)
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


def _tabulate(
    grid: Grid, sources: tuple[Source, ...], state_bits: StateBits, frac_bits: int
) -> PackedLayer | None:
    layer, channels = grid.layer, grid.step.size
    scale = np.tile(grid.step, layer.n // channels)
    unit = scale * 2.0**-frac_bits
    kernels = kernels_of(grid.rows, sources, channels)
    spec = LayerSpec(
        name=layer.name,
        op=layer.op,
        n=layer.n,
        bits=grid.bits,
        sources=sources,
        frac_bits=frac_bits,
        acc_bits=32,
        state_bits=state_bits,
        reset=layer.reset,
        reset_timing=layer.reset_timing,
        compare=layer.compare,
        may_skip=False,
        spike_value=grid.units.spike_value,
        report=LayerReport(None, 0, 0, None, None, None, None, None),
        shape=grid.shape,
        max_spikes=_most(layer),
        reset_drops_input=layer.reset_drops_input,
        reset_raised=layer.reset_raised,
    )
    tables = {
        "theta": layer.threshold,
        "bias": layer.bias if layer.bias.any() else None,
        "reset_to": layer.reset_to if layer.reset == "zero" and layer.reset_to.any() else None,
        "v_init": layer.v_init if layer.v_init.any() else None,
        "v_min": layer.v_min,
        "jump": layer.adapt_step,
    }
    low, high = STATE_RANGE[state_bits]
    whole: dict[str, npt.NDArray[np.int32]] = {}
    for name, values in tables.items():
        if values is None:
            continue
        steps = np.rint(values / unit)
        vanishes = name == "theta" and bool(((steps == 0) & (values != 0)).any())
        if vanishes or steps.min() < low or steps.max() > high:
            return None
        whole[name] = _same(steps, spec.channels)
    alpha = None if layer.alpha is None else _decay_q16(layer.alpha, spec.channels)
    return PackedLayer(
        spec,
        np.zeros((0, layer.n), np.int8) if kernels else grid.rows,
        _decay_q16(layer.beta, spec.channels),
        scale,
        alpha=alpha,
        theta=whole.get("theta"),
        bias=whole.get("bias"),
        reset_to=whole.get("reset_to"),
        v_init=whole.get("v_init"),
        v_min=whole.get("v_min"),
        rho=None if layer.adapt_decay is None else _decay_q16(layer.adapt_decay, spec.channels),
        jump=whole.get("jump"),
        refractory=_ticks(layer.refractory, spec.channels),
        delays=_delays(layer),
        kernels=kernels,
    )


def _ticks(ticks: npt.NDArray[np.int64] | None, channels: int) -> npt.NDArray[np.int32] | None:
    return None if ticks is None else _same(ticks.astype(np.float64), channels)


def _delays(layer: Layer) -> npt.NDArray[np.int32] | None:
    """Further ticks by source unit; None where nobody has any."""
    none = (np.zeros(c.n_source, np.int64) for c in layer.connections)
    parts = [
        zeros if c.source_delays is None else c.source_delays
        for c, zeros in zip(layer.connections, none, strict=True)
    ]
    delays = np.concatenate(parts).astype(np.int32)
    return delays if delays.any() else None


def _same(values: Floats, channels: int) -> npt.NDArray[np.int32]:
    """A table of length 1 where all neurons have the same value, or one by channel of a map."""
    by_place = values.reshape(-1, channels)
    if bool((values == values[0]).all()):
        values = values[:1]
    elif bool((by_place == by_place[0]).all()):
        values = by_place[0]
    return values.astype(np.int32)


def _decay_q16(decay: Floats, channels: int) -> npt.NDArray[np.int32]:
    whole = np.rint(decay * ONE_Q16)
    return _same(np.where((decay < 1.0) & (whole == ONE_Q16), ONE_Q16 - 1.0, whole), channels)


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
