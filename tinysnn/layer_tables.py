"""Tables of a layer in state units, for given fraction bits and state width (SPEC.md 1.2)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tinysnn.graph import Layer
from tinysnn.layer_weights import kernels_of
from tinysnn.ops.fixed import ONE_Q16, STATE_RANGE
from tinysnn.pack import LayerReport, LayerSpec, PackedLayer, Source, StateBits
from tinysnn.weight_grid import Floats, Grid, most_spikes


def layer_tables(
    grid: Grid, sources: tuple[Source, ...], state_bits: StateBits, frac_bits: int
) -> PackedLayer | None:
    """The layer in these units; None if a value does not fit them, or a threshold vanishes."""
    layer, channels = grid.layer, grid.step.size
    spec = _spec(grid, sources, state_bits, frac_bits)
    scale = np.tile(grid.step, layer.n // channels)
    whole = _whole(grid, spec, scale * 2.0**-frac_bits)
    if whole is None:
        return None
    kernels = kernels_of(grid.rows, sources, channels)
    decays = {"beta": layer.beta, "alpha": layer.alpha, "rho": layer.adapt_decay}
    return PackedLayer(
        spec,
        np.zeros((0, layer.n), np.int8) if kernels else grid.rows,
        scale=scale,
        refractory=_ticks(layer.refractory, spec.channels),
        delays=_delays(layer),
        kernels=kernels,
        **{name: _decay_q16(d, spec.channels) for name, d in decays.items() if d is not None},
        **whole,
    )


def _spec(
    grid: Grid, sources: tuple[Source, ...], state_bits: StateBits, frac_bits: int
) -> LayerSpec:
    """Everything that is no table; what follows from the tables is filled in afterwards."""
    layer = grid.layer
    return LayerSpec(
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
        max_spikes=most_spikes(layer),
        reset_drops_input=layer.reset_drops_input,
        reset_raised=layer.reset_raised,
    )


def _whole(grid: Grid, spec: LayerSpec, unit: Floats) -> dict[str, npt.NDArray[np.int32]] | None:
    """The tables in state units that the layer has, by name; None: they do not fit."""
    layer = grid.layer
    tables = {
        "theta": layer.threshold,
        "bias": layer.bias if layer.bias.any() else None,
        "reset_to": layer.reset_to if layer.reset == "zero" and layer.reset_to.any() else None,
        "v_init": layer.v_init if layer.v_init.any() else None,
        "v_min": layer.v_min,
        "jump": layer.adapt_step,
    }
    low, high = STATE_RANGE[spec.state_bits]
    whole: dict[str, npt.NDArray[np.int32]] = {}
    for name, values in tables.items():
        if values is None:
            continue
        steps = np.rint(values / unit)
        vanishes = name == "theta" and bool(((steps == 0) & (values != 0)).any())
        if vanishes or steps.min() < low or steps.max() > high:
            return None
        whole[name] = _same(steps, spec.channels)
    return whole


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
