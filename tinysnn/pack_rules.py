"""The rules of SPEC.md that every pack keeps, whoever wrote it."""

from __future__ import annotations

import math
import re

import numpy as np

from tinysnn import map_rules, ranges
from tinysnn.decision import Decision
from tinysnn.errors import PackError
from tinysnn.learn.rules import check_plastic
from tinysnn.names import is_model_name
from tinysnn.ops.fixed import ONE_Q16, STATE_RANGE
from tinysnn.pack import MAX_NEURONS, Pack, PackedLayer
from tinysnn.state import state_bytes

WEIGHT_RANGE = {8: (-128, 127), 4: (-8, 7), 2: (-2, 1), 1: (-1, 1)}
"""Smallest and largest weight by bits; 1 bit knows only -1 and 1."""

FRAC_BITS = (-24, 15)

_OF_OTHER_LENGTH = ("rows", "scale", "delays", "learned", "replay", "nuisance")
"""Tables that have no entry per neuron or channel."""

MAX_DELAY = 65535
"""Ticks that a source may be read late."""

MAX_STATE_BYTES = 1 << 24


def check(pack: Pack) -> None:
    """Check a whole pack.

    Raises
    ------
    PackError: naming the layer and the rule that is broken.

    """
    meta = pack.meta
    _need(is_model_name(pack.name), "model", f"{pack.name!r} is no model name")
    _need(0 < len(meta.layers) <= 64, "model", "1 to 64 layers are possible")
    _need(0 < meta.n_in <= MAX_NEURONS, "model", f"{meta.n_in} inputs")
    _need(math.prod(meta.input_shape) == meta.n_in, "model", "input shape and width differ")
    _need(0 <= meta.output < len(meta.layers), "model", "the output is no layer")
    _need(re.fullmatch("[0-9a-f]{64}|", meta.digest) is not None, "model", "bad digest")
    ear = pack.front_end
    fits = ear is None or (ear.n_in == meta.n_in and pack.graded_input >= ear.needs_values)
    _need(fits, "model", "the front end gives other events than the network takes")
    if pack.decision is not None:
        _check_decision(pack, pack.decision)
    scale = meta.input_scale
    _need(scale is None or (math.isfinite(scale) and scale > 0), "model", "bad input scale")
    for k, layer in enumerate(pack.layers):
        _check_layer(pack, k, layer)
    size = state_bytes(pack)
    _need(size <= MAX_STATE_BYTES, "model", f"a state of {size} bytes, mostly of past ticks")


def _check_decision(pack: Pack, decision: Decision) -> None:
    n, where = pack.n_out, "decision"
    _need(n > 1, where, "one output has no lead over another")
    _need(len(decision.thresholds) == n, where, f"{len(decision.thresholds)} thresholds, not {n}")
    _need(len(decision.labels) == n, where, f"{len(decision.labels)} labels, not {n}")
    _need(len(set(decision.labels)) == n, where, "a label twice")
    spikes = pack.output_layer.spec.fires
    _need(spikes or decision.shift <= 0, where, "membranes must not be shifted left")


def _check_layer(pack: Pack, k: int, layer: PackedLayer) -> None:
    where = f"layer {layer.name!r}"
    _check_fields(layer, where)
    _check_sources(pack, k, layer, where)
    _check_delays(layer, where)
    _check_dynamics(layer, where)
    _check_tables(layer, where)
    graded = pack.graded_input and any(s.layer is None for s in layer.spec.sources)
    _check_ranges(layer, where, graded_input=graded)
    _need(not layer.spec.may_skip or rests(layer), where, "it may not be skipped: it can fire idle")
    check_plastic(pack, k)


def rests(layer: PackedLayer) -> bool:
    """Whether a layer without events stays silent for ever (SPEC.md 1.3)."""
    if layer.bias is not None and layer.bias.any():
        return False
    if bool((layer.wide("v_min") > 0).any()):
        return False
    if not layer.spec.fires:
        return True
    theta = layer.wide("theta")
    low = 0 if layer.spec.compare == "gt" else 1
    reset_rests = layer.spec.reset != "zero" or bool((layer.wide("reset_to") < theta).all())
    return bool((theta >= low).all()) and reset_rests


def _check_fields(layer: PackedLayer, where: str) -> None:
    spec = layer.spec
    _need(0 < spec.n <= MAX_NEURONS, where, f"{spec.n} neurons")
    _need(0 < len(spec.name) <= 200 and spec.name.isprintable(), where, "bad layer name")
    _need(FRAC_BITS[0] <= spec.frac_bits <= FRAC_BITS[1], where, f"{spec.frac_bits} fraction bits")
    dynamics = (spec.reset, spec.reset_timing, spec.compare)
    for value in dynamics:
        _need((value is not None) == spec.fires, where, "reset and comparison do not fit its kind")
    _need((layer.theta is not None) == spec.fires, where, "threshold table does not fit its kind")
    _need((layer.alpha is not None) == spec.has_current, where, "alpha does not fit its kind")
    _need(1 <= spec.spike_value <= 127, where, f"spike value {spec.spike_value}")
    if spec.shape is not None:
        map_rules.check_shape(spec.shape, spec.n, where)


def _check_sources(pack: Pack, k: int, layer: PackedLayer, where: str) -> None:
    spec = layer.spec
    _need(len(spec.sources) > 0, where, "no source")
    _need(spec.learn is None or not spec.has_kernels, where, "plastic, but has kernels")
    mapped = [source.map is not None for source in spec.sources]
    _need(all(mapped) or not any(mapped), where, "rows beside kernels")
    for source in spec.sources:
        if source.map is not None:
            map_rules.check_map(source.map, source.n, spec, where)
        if source.layer is None:
            _need(source.n == pack.meta.n_in, where, "source width is not the input's")
            _need(source.delay_ticks >= 0, where, "a delay below 0")
            _need(source.most == 1, where, "input counted as spikes of a layer")
            continue
        _need(0 <= source.layer < len(pack.layers), where, f"no layer {source.layer}")
        before = pack.layers[source.layer].spec
        _need(before.fires, where, f"its source {before.name!r} does not fire")
        _need(source.n == before.n, where, f"source width is not that of {before.name!r}")
        least = 0 if source.layer < k else 1
        _need(source.delay_ticks >= least, where, "delay against the order")
        _need(
            source.most == before.max_spikes, where, f"not as many spikes as {before.name!r} fires"
        )
        _need(source.most == 1 or spec.spike_value == 1, where, "a spike value, and counts")
    has_input = any(source.layer is None for source in spec.sources)
    _need(spec.spike_value == 1 or (pack.graded_input and has_input), where, "spike value not 1")
    _need(spec.n_rows <= MAX_NEURONS, where, f"{spec.n_rows} rows")


def _check_delays(layer: PackedLayer, where: str) -> None:
    """Every unit's delay; those of whole sources have been checked against the order."""
    for source in layer.spec.sources:
        _need(source.delay_ticks <= MAX_DELAY, where, f"a delay of {source.delay_ticks} ticks")
    if layer.delays is None:
        return
    units = sum(source.n for source in layer.spec.sources)
    _need(layer.delays.shape == (units,), where, f"table delays is {layer.delays.shape}")
    fits = bool((layer.delays >= 0).all() and (layer.delays <= MAX_DELAY).all())
    _need(fits, where, "delays by unit exceed 65535 ticks or are below 0")


def _check_dynamics(layer: PackedLayer, where: str) -> None:
    """What neurons do beyond leak, threshold and reset."""
    spec = layer.spec
    adaptive, waits = layer.rho is not None, layer.refractory is not None
    late = spec.reset_timing == "next-tick"
    _need(1 <= spec.max_spikes <= 127, where, f"{spec.max_spikes} spikes per tick")
    if spec.counts:
        plain = spec.compare == "ge" and not late and bool((layer.wide("theta") > 0).all())
        _need(plain, where, "counting needs 'ge', a same-tick reset and thresholds above 0")
        _need(not (adaptive or waits), where, "counting with adaptation or waiting")
    lost = not spec.reset_drops_input or (late and spec.reset == "zero")
    _need(lost, where, "only a next-tick reset to zero drops input")
    raised = not spec.reset_raised or (adaptive and not late and spec.reset == "subtract")
    _need(raised, where, "only a same-tick subtraction takes off an adapted threshold")
    _need((layer.jump is not None) == adaptive, where, "rho and jump belong together")
    _need(spec.fires or not (adaptive or waits or spec.counts), where, "it does not fire")
    _need(bool((layer.wide("jump") >= 0).all()), where, "spikes lower the threshold")
    _need(not (waits and late), where, "waiting needs a same-tick reset")
    wait = layer.wide("refractory")
    _need(bool((wait >= 0).all() and (wait < 1 << 15).all()), where, "waits beyond 32767 ticks")


def _check_tables(layer: PackedLayer, where: str) -> None:
    spec = layer.spec
    low, high = WEIGHT_RANGE[spec.bits]
    n_rows = 0 if spec.has_kernels else spec.n_rows
    _need(layer.rows.shape == (n_rows, spec.n), where, f"rows are {layer.rows.shape}")
    wanted = len(spec.sources) if spec.has_kernels else 0
    _need(len(layer.kernels) == wanted, where, f"{len(layer.kernels)} kernels, not {wanted}")
    for source, kernel in zip(spec.sources, layer.kernels, strict=False):
        shape = None if source.map is None else source.map.tensor_shape
        _need(kernel.shape == shape, where, f"a kernel is {kernel.shape}, not {shape}")
    for weights in layer.kernels or (layer.rows,):
        in_range = bool((weights >= low).all() and (weights <= high).all())
        _need(in_range, where, f"weights exceed {spec.bits} bits")
        _need(spec.bits != 1 or bool((weights != 0).all()), where, "1-bit weights are -1 or 1")
    lengths = ((1,), (spec.n,), (spec.channels,))
    for name, table in layer.tables().items():
        hidden = name in _OF_OTHER_LENGTH or name.startswith("kernel")
        _need(hidden or table.shape in lengths, where, f"table {name} is {table.shape}")
    _need(layer.scale.shape == (spec.n,), where, "one scale per neuron is needed")
    _need(bool(np.isfinite(layer.scale).all() and (layer.scale > 0).all()), where, "bad scale")
    one_unit = layer.spec.fires or bool((layer.scale == layer.scale[0]).all())
    _need(one_unit, where, "outputs that are membranes need one scale for all")
    for name in ("beta", "alpha", "rho"):
        decay = layer.wide(name)
        _need(bool((decay >= 0).all() and (decay <= ONE_Q16).all()), where, f"{name} exceeds 1")
    state_low, state_high = STATE_RANGE[spec.state_bits]
    for name in ("theta", "reset_to", "v_init", "bias", "v_min", "jump"):
        table = layer.wide(name)
        fits = bool((table >= state_low).all() and (table <= state_high).all())
        _need(fits, where, f"{name} does not fit {spec.state_bits}-bit state")
    # what such a neuron adds and takes away in one tick could pass 32 bits
    lifts = spec.reset_timing == "next-tick" and bool((layer.wide("theta") < 0).any())
    _need(spec.reset != "subtract" or not lifts, where, "threshold below 0, subtracted a tick late")


def _check_ranges(layer: PackedLayer, where: str, *, graded_input: bool) -> None:
    spec = layer.spec
    sums = ranges.accumulator(layer, graded_input=graded_input)
    extreme = int(max(-sums.low.min(), sums.high.max()))  # < 2^30: 65535 rows of 128 * 128
    _need(sums.fits(16) or spec.acc_bits == 32, where, f"sums of up to {extreme} overflow 16 bits")
    x = ranges.tick_input(layer, graded_input=graded_input)
    _need(
        x.fits(spec.state_bits),
        where,
        f"a tick adds up to {int(max(-x.low.min(), x.high.max()))}, "
        f"more than {spec.state_bits}-bit state holds",
    )


def _need(holds: bool, where: str, what: str) -> None:  # noqa: FBT001  # reads as a sentence
    if not holds:
        raise PackError(what, where=where)
