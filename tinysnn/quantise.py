"""Graph to pack: weight grids, fraction bits, state widths and the proof that nothing wraps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import msgspec
import numpy as np
import numpy.typing as npt

from tinysnn import ranges, scales
from tinysnn.errors import ModelError, OptionError
from tinysnn.graph import Graph, Layer
from tinysnn.names import model_name
from tinysnn.ops.fixed import ONE_Q16, STATE_RANGE
from tinysnn.pack import (
    PACK_FORMAT,
    Bits,
    LayerReport,
    LayerSpec,
    Pack,
    PackedLayer,
    PackMeta,
    Source,
    StateBits,
    sealed,
)
from tinysnn.pack_rules import FRAC_BITS, rests
from tinysnn.stimulus import Stimulus

Floats = npt.NDArray[np.float64]

HEADROOM = 8
"""16-bit membranes reach at least this many thresholds below rest before they saturate."""

THETA_STEPS = 32
"""A threshold has at least this many state units per tick of the leak's time constant, so that the
leak's rounding (half a unit per tick) stays below a 64th of the threshold."""


class PackOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Choices of the packer."""

    name: str | None = None
    """Model name in C; made from the graph's name if None."""
    bits: Bits = 8
    """Weight width of all layers."""
    layer_bits: dict[str, Bits] = {}
    """Weight width by layer name, where it differs."""
    state_bits: int | None = None
    """16 or 32 for all layers; None: 16 where the range proof allows it, else 32."""
    allow_silent: tuple[str, ...] = ()
    """Layers that may fall silent by quantisation."""


@dataclass(frozen=True, eq=False)
class _Units:
    """Real weights of a layer per unit of event value, and how spikes are valued."""

    weight: Floats
    spike_value: int
    graded: bool

    @property
    def event_value(self) -> int:
        """What an event may be worth: a spike, or with graded input alone the largest value."""
        return ranges.GRADED_HIGH if self.graded and self.spike_value == 1 else self.spike_value


def quantise(
    graph: Graph, options: PackOptions | None = None, calibration: Sequence[Stimulus] | None = None
) -> Pack:
    """Quantise and pack a network.

    Parameters
    ----------
    graph: the discretised float network.
    options: choices; the defaults give 8-bit weights.
    calibration: clips on which firing rates before and after are compared; None: they are not.

    Raises
    ------
    ModelError: if a layer cannot be represented, or quantisation silences it.
    OptionError: if an option names no layer or asks for what cannot be proven.

    """
    options = options or PackOptions()
    _check_options(options)
    names = {layer.name for layer in graph.layers}
    for name in (*options.layer_bits, *options.allow_silent):
        if name not in names:
            raise OptionError(
                f"no layer {name!r}", fix=f"The layers are {', '.join(sorted(names))}"
            )
    layers = tuple(_layer(graph, layer, options) for layer in graph.layers)
    pack = sealed(_meta(graph, options, layers, ""), layers)
    return _with_rates(graph, pack, options, list(calibration)) if calibration else pack


def _check_options(options: PackOptions) -> None:
    for bits in (options.bits, *options.layer_bits.values()):
        if bits not in scales.STEPS:
            raise OptionError(f"{bits} bits per weight", fix="Use 8, 4, 2 or 1")
    if options.state_bits not in (None, 16, 32):
        raise OptionError(f"{options.state_bits} state bits", fix="Use 16 or 32")


def _meta(
    graph: Graph, options: PackOptions, layers: tuple[PackedLayer, ...], calibration: str
) -> PackMeta:
    return PackMeta(
        format=PACK_FORMAT,
        name=options.name or model_name(graph.name),
        digest="",
        n_in=graph.n_in,
        input_shape=graph.input_shape,
        input_scale=graph.input_scale,
        output=graph.output,
        dt_s=graph.dt_s,
        layers=tuple(layer.spec for layer in layers),
        calibration=calibration,
        notes=graph.notes,
    )


def _layer(graph: Graph, layer: Layer, options: PackOptions) -> PackedLayer:
    bits = options.layer_bits.get(layer.name, options.bits)
    units = _units(graph, layer)
    values = (units.weight, layer.threshold, layer.bias, layer.reset_to, layer.v_init)
    if not all(scales.is_moderate(value) for value in values if value is not None):
        raise ModelError(
            f"it holds values outside of {scales.SMALLEST:g} to {scales.LARGEST:g}",
            where=f"layer {layer.name!r}",
            fix="Check the units of weights, threshold, bias and initial values",
        )
    step = scales.channel_scales(units.weight, layer.threshold, bits, event_value=units.event_value)
    if not layer.fires:  # outputs are compared with each other: one unit for all
        step = np.full_like(step, step.max())
    grid = _Grid(layer, units, bits, step, scales.to_steps(units.weight, step, bits))
    sources = tuple(Source(c.source, c.delay_ticks, c.weight.shape[0]) for c in layer.connections)
    widths: tuple[StateBits, ...] = (16, 32)
    if options.state_bits is not None:
        widths = (32,) if options.state_bits == 32 else (16,)
    for state_bits in widths:
        packed = _candidate(grid, sources, state_bits, strict=options.state_bits is None)
        if packed is not None:
            return _described(packed, units)
    raise ModelError(
        f"its values do not fit {widths[-1]}-bit state",
        where=f"layer {layer.name!r}",
        fix="Use 32-bit state, or check weights, threshold and input scale",
    )


def _described(layer: PackedLayer, units: _Units) -> PackedLayer:
    """Fill in what follows from the tables: accumulator width, skipping, proven ranges."""
    sums = ranges.accumulator(layer, graded_input=units.graded)
    x = ranges.tick_input(layer, graded_input=units.graded)
    reach = ranges.membrane(layer, graded_input=units.graded)
    report = LayerReport(
        weight_snr_db=scales.snr_db(units.weight, layer.rows, layer.scale),
        x_low=int(x.low.min()),
        x_high=int(x.high.max()),
        membrane_low=None if reach is None else int(reach.low.min()),
        membrane_high=None if reach is None else int(reach.high.max()),
        rate_float=None,
        rate_packed=None,
        saturated=None,
    )
    spec = msgspec.structs.replace(
        layer.spec,
        acc_bits=16 if sums.fits(16) and not units.graded else 32,
        may_skip=rests(layer),
        report=report,
    )
    return replace(layer, spec=spec)


def _units(graph: Graph, layer: Layer) -> _Units:
    graded = graph.input_scale is not None and any(c.source is None for c in layer.connections)
    if not graded:
        return _Units(np.vstack([c.weight for c in layer.connections]), 1, graded=False)
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
        c.weight * input_scale if c.source is None else c.weight / spike_value
        for c in layer.connections
    ]
    return _Units(np.vstack(blocks), spike_value, graded=True)


@dataclass(frozen=True, eq=False)
class _Grid:
    """A layer on its weight grid, before fraction bits and state width are chosen."""

    layer: Layer
    units: _Units
    bits: Bits
    step: Floats
    rows: npt.NDArray[np.int8]


def _candidate(
    grid: _Grid, sources: tuple[Source, ...], state_bits: StateBits, *, strict: bool
) -> PackedLayer | None:
    """The layer with the most fraction bits that provably fit, or None."""
    if state_bits == 16 and strict and not _may_be_narrow(grid.layer):
        return None
    for frac_bits in range(12, FRAC_BITS[0] - 1, -1):
        packed = _tabulate(grid, sources, state_bits, frac_bits)
        if packed is None or not _fits(packed, graded=grid.units.graded, strict=strict):
            continue
        fine = _fine_enough(packed)
        return packed if fine or not (strict and state_bits == 16) else None
    return None


def _may_be_narrow(layer: Layer) -> bool:
    """Readouts and membranes that never forget are kept in 32 bits: no proof can bound them."""
    return layer.fires and bool((layer.beta < 1.0).all())


def _tabulate(
    grid: _Grid, sources: tuple[Source, ...], state_bits: StateBits, frac_bits: int
) -> PackedLayer | None:
    layer, unit = grid.layer, grid.step * 2.0**-frac_bits
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
    )
    tables = {
        "theta": layer.threshold,
        "bias": layer.bias if layer.bias.any() else None,
        "reset_to": layer.reset_to if layer.reset == "zero" and layer.reset_to.any() else None,
        "v_init": layer.v_init if layer.v_init.any() else None,
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
        whole[name] = _same(steps)
    alpha = None if layer.alpha is None else _decay_q16(layer.alpha)
    return PackedLayer(
        spec,
        grid.rows,
        _decay_q16(layer.beta),
        grid.step,
        alpha=alpha,
        theta=whole.get("theta"),
        bias=whole.get("bias"),
        reset_to=whole.get("reset_to"),
        v_init=whole.get("v_init"),
    )


def _same(values: Floats) -> npt.NDArray[np.int32]:
    """A table of length 1 where all neurons have the same value."""
    return (values[:1] if bool((values == values[0]).all()) else values).astype(np.int32)


def _decay_q16(decay: Floats) -> npt.NDArray[np.int32]:
    whole = np.rint(decay * ONE_Q16)
    return _same(np.where((decay < 1.0) & (whole == ONE_Q16), ONE_Q16 - 1.0, whole))


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


def _fine_enough(layer: PackedLayer) -> bool:
    """Whether the leak's rounding is small beside the threshold."""
    lost = (ONE_Q16 - layer.wide("beta")) / ONE_Q16
    return bool((np.abs(layer.wide("theta")) * lost >= THETA_STEPS).all())


def _with_rates(
    graph: Graph, pack: Pack, options: PackOptions, calibration: list[Stimulus]
) -> Pack:
    from tinysnn.calibrate import activity
    from tinysnn.float_sim import layer_rates as float_rates

    before = float_rates(graph, calibration)
    seen = activity(pack, calibration)
    layers = []
    for k, (layer, was) in enumerate(zip(pack.layers, before, strict=True)):
        now = seen.rates[k]
        if was and not now and layer.name not in options.allow_silent:
            raise ModelError(
                f"quantisation silences it: {was:.4f} spikes per neuron and tick before, 0 after",
                where=f"layer {layer.name!r}",
                fix=f"Use more bits, or waive this with --allow-silent {layer.name}",
            )
        report = msgspec.structs.replace(
            layer.spec.report,
            rate_float=was,
            rate_packed=now,
            saturated=seen.saturated[k],
            events_per_tick=seen.events_per_tick[k],
            quiet_ticks=seen.quiet_ticks[k],
        )
        layers.append(replace(layer, spec=msgspec.structs.replace(layer.spec, report=report)))
    words = f"{len(calibration)} clips, {seen.ticks} ticks"
    return sealed(_meta(graph, options, tuple(layers), words), tuple(layers))
