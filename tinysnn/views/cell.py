"""The neurons of a layer as C expressions (SPEC.md 1.4 steps 4 to 9)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinysnn import ranges
from tinysnn.ops.fixed import ONE_Q16, STATE_RANGE
from tinysnn.pack import PackedLayer
from tinysnn.views.more import MoreView, view_more
from tinysnn.views.neuron_kernels import NeuronsKernel
from tinysnn.views.neurons import NO_NEURONS, NeuronsView, view_neurons
from tinysnn.views.rows import RowsView
from tinysnn.views.table import Tables, literal


@dataclass(frozen=True)
class CellView:
    """Everything ops/lif*.c.jinja, li.c.jinja and idle.c.jinja need about the neurons."""

    template: str
    equation: str
    state_type: str
    sums_pointer: str
    constant: str
    needs_count: bool
    beta_kind: str
    beta: str
    alpha: str
    leak: str
    leak_current: str
    saturate: str
    align: str
    next_value: str
    next_tick_reset: str
    same_tick_reset: str
    passes: str
    theta: str
    clip_high: str
    clip_low: str
    """Statements in the branch that fires and in the other; empty where nothing saturates."""
    watch_fired: bool
    watch_active: bool
    watch_membrane: bool
    hot_value: str
    block_end: str
    v_init: str
    neurons: NeuronsView
    more: MoreView


def view_cell(
    layer: PackedLayer, rows: RowsView, tables: Tables, kernel: NeuronsKernel | None
) -> CellView:
    """The neurons' view; tables it refers to are added to `tables`."""
    spec = layer.spec
    in_pairs = kernel is not None
    beta_kind = decay_kind(layer.beta)
    beta_tables = _once(tables, discard=in_pairs and not spec.may_skip)  # idle.c.jinja reads it
    beta = _unsigned(beta_tables.expression("beta", layer.beta, "membrane decay, Q0.16"))
    theta = _once(tables, discard=in_pairs).expression(
        "theta", layer.theta, "threshold, state units"
    )
    saturate = f"tsnn_sat{spec.state_bits}"
    leak = f"tsnn_leak{spec.state_bits}_{'nearest' if spec.fires else 'zero'}"
    same_tick, next_tick = _resets(layer, theta, _once(tables, discard=in_pairs), saturate)
    more = view_more(layer, tables, saturate)
    next_value = _next_value(layer, rows, beta_kind, f"{leak}(v, {beta})", saturate)
    align, constant = _aligned(layer, rows, _once(tables, discard=in_pairs))
    watches = _watches(layer, beta_kind)
    late = saturates_late(layer, rows)
    low, high = STATE_RANGE[spec.state_bits]
    v_init = tables.expression("v_init", layer.v_init, "membrane before the first tick")
    neurons = NO_NEURONS
    if kernel is not None:
        neurons = view_neurons(layer, kernel, tables, biased=rows.offset != 0 and not rows.wide)
    return CellView(
        template="" if in_pairs else _template(layer),
        equation=equation(layer),
        state_type=f"int{spec.state_bits}_t",
        sums_pointer=_sums_pointer(rows),
        constant="" if in_pairs else constant,
        needs_count=rows.offset != 0 and not rows.wide,
        beta_kind=beta_kind,
        beta=beta,
        alpha=_unsigned(tables.expression("alpha", layer.alpha, "current decay, Q0.16")),
        leak=leak,
        leak_current=f"tsnn_leak{spec.state_bits}_zero",
        saturate=saturate,
        align=align,
        next_value=f"(wait != 0) ? v : ({next_value})" if more.refractory else next_value,
        next_tick_reset="" if more.late_reset else next_tick,
        same_tick_reset=more.reset or same_tick,
        passes=">" if spec.compare == "gt" else ">=",
        theta=theta,
        clip_high=f"v = tsnn_least_signed(v, {high});" if late else "",
        clip_low=f"v = tsnn_most_signed(v, {literal(low)});" if late else "",
        watch_fired=watches[0],
        watch_active=watches[1] or watches[2] or watches[3],
        watch_membrane=watches[2],
        hot_value=_hot_value(watches),
        block_end=_block_end(layer.n),
        v_init=v_init,
        neurons=neurons,
        more=more,
    )


def _template(layer: PackedLayer) -> str:
    if not layer.spec.fires:
        return "ops/li.c.jinja"
    return "ops/lif.c.jinja" if layer.is_plain else "ops/lif_more.c.jinja"


def _once(tables: Tables, *, discard: bool) -> Tables:
    """The layer's tables, or ones that nobody prints: pairs have tables of their own."""
    return Tables(tables.prefix, tables.n) if discard else tables


def decay_kind(decay: npt.NDArray[np.int32]) -> str:
    """Whether a decay is one, zero, the same for all neurons, or each its own."""
    if (decay != decay[0]).any():
        return "each"
    return {ONE_Q16: "one", 0: "zero"}.get(int(decay[0]), "same")


def never_saturates(layer: PackedLayer, rows: RowsView) -> bool:
    """Whether the membrane provably stays inside the state's range."""
    reach = ranges.membrane(layer, graded_input=rows.graded)
    return reach is not None and reach.fits(layer.spec.state_bits)


def _unsigned(expression: str) -> str:
    if expression.startswith("(int32_t)"):
        return expression.replace("(int32_t)", "(uint32_t)", 1)
    return f"{expression}u"


def _sums_pointer(rows: RowsView) -> str:
    if rows.wide:
        return f"const int32_t *sums = st->{rows.sums};"
    return f"const tsnn_lane_t *sums = (const tsnn_lane_t *)st->{rows.sums};"


def _aligned(layer: PackedLayer, rows: RowsView, tables: Tables) -> tuple[str, str]:
    """C text of x for neuron j, and of the constant it refers to (empty: none)."""
    f = layer.spec.frac_bits
    own = None if layer.spec.learn is not None and not layer.spec.fires else layer.bias
    bias = tables.expression("bias", own, "bias, state units per tick")
    each = "" if bias == "0" else f" + {bias}"
    if rows.wide or rows.signed_lanes:
        value = "(int32_t)sums[j]" if rows.wide else "(int32_t)(int16_t)sums[j]"
        if f >= 0:
            return (f"({value} * {1 << f}){each}" if f else f"{value}{each}"), ""
        return f"(({value} + {1 << (-f - 1)}) >> {-f}){each}", ""
    gain = 1 << (max(f, 0) + rows.gain_log2)
    excess = f"((int32_t)n_events * {rows.offset << max(f, 0)})"
    if rows.lane_offset:
        excess = str(rows.lane_offset << max(f, 0))
    raw = f"((int32_t)sums[j] * {gain})" if gain > 1 else "(int32_t)sums[j]"
    if f >= 0:
        return f"{raw} + constant{each}", f"-{excess}"
    return f"(({raw} + constant) >> {-f}){each}", f"{1 << (-f - 1)} - {excess}"


def _next_value(
    layer: PackedLayer, rows: RowsView, beta_kind: str, leaked: str, saturate: str
) -> str:
    kept = {"zero": "x", "one": "v + x"}.get(beta_kind, f"{leaked} + x")
    if never_saturates(layer, rows) or saturates_late(layer, rows):
        return kept
    return f"{saturate}({kept})"


def saturates_late(layer: PackedLayer, rows: RowsView) -> bool:
    """Whether the clip can wait until after the comparison, where each branch needs one side."""
    low, high = STATE_RANGE[layer.spec.state_bits]
    theta = layer.wide("theta")
    inside = bool((theta > low).all() and (theta < high).all())
    simple = layer.spec.fires and layer.is_plain
    return simple and inside and not never_saturates(layer, rows)


def _resets(layer: PackedLayer, theta: str, tables: Tables, saturate: str) -> tuple[str, str]:
    """Statements for a reset in the same tick and in the next one; empty where there is none."""
    spec = layer.spec
    if spec.reset == "zero":
        reset_to = tables.expression("reset_to", layer.reset_to, "membrane after a reset")
        statement = f"v = {reset_to};"
    elif spec.reset == "subtract" and spec.reset_timing == "next-tick":
        statement = f"x -= {theta};"
    elif spec.reset == "subtract":
        rises = bool((layer.wide("theta") < 0).any())
        statement = f"v = {saturate}(v - {theta});" if rises else f"v -= {theta};"
    else:
        statement = ""
    return (statement, "") if spec.reset_timing == "same-tick" else ("", statement)


Watches = tuple[bool, bool, bool, bool]
"""Spikes, a current, a membrane, neurons that may fire without an event."""


def _watches(layer: PackedLayer, beta_kind: str) -> Watches:
    """What makes a layer hot."""
    spec = layer.spec
    if not spec.may_skip:
        return False, False, False, False
    settles = spec.reset == "zero" and spec.reset_timing == "same-tick"
    return (
        spec.fires and not settles,
        spec.has_current,
        not spec.fires and beta_kind != "one",
        layer.rho is not None or layer.refractory is not None,
    )


def _hot_value(watches: Watches) -> str:
    terms = ["(any != 0u)"] * watches[0] + ["(active != 0)"] * any(watches[1:])
    return f"({' || '.join(terms)}) ? 1u : 0u" if terms else "0u"


def _block_end(n: int) -> str:
    if n % 32 == 0:
        return "first + 32u"
    return f"{n}u" if n < 32 else f"tsnn_least(first + 32u, {n}u)"


def equation(layer: PackedLayer) -> str:
    """The update in one line, for the comment above it."""
    spec, kind = layer.spec, decay_kind(layer.beta)
    kept = {"one": "v", "zero": "0", "same": "v * beta", "each": "v * beta[j]"}[kind]
    current = "i = i * alpha + x; v = {} + i" if spec.has_current else "v = {} + x"
    bias = " + bias" if layer.bias is not None else ""
    text = f"x = sum * 2^{spec.frac_bits}{bias}; {current.format(kept)}"
    if spec.fires:
        sign = ">" if spec.compare == "gt" else ">="
        text += f"; fires if v {sign} theta; reset: {spec.reset}, {spec.reset_timing}"
    return text
