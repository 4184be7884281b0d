"""The neurons of a layer as C expressions (SPEC.md 1.4 steps 4 to 9)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tinysnn import ranges
from tinysnn.ops.fixed import ONE_Q16
from tinysnn.pack import PackedLayer
from tinysnn.views.table import Tables, literal


@dataclass(frozen=True)
class CellView:
    """Everything ops/lif.c.jinja, li.c.jinja and idle.c.jinja need about the neurons."""

    template: str
    equation: str
    state_type: str
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
    hot_check: str
    hot_value: str
    block_end: str
    v_init: str


def view_cell(layer: PackedLayer, tables: Tables, *, graded: bool) -> CellView:
    """The neurons' view; tables it refers to are added to `tables`."""
    spec = layer.spec
    beta_kind = _kind(layer.beta)
    beta = tables.expression("beta", layer.beta, "membrane decay, Q0.16")
    theta = tables.expression("theta", layer.theta, "threshold, state units")
    reset_to = tables.expression("reset_to", layer.reset_to, "membrane after a reset")
    saturate = f"tsnn_sat{spec.state_bits}"
    same_tick, next_tick = _resets(layer, theta, reset_to, saturate)
    hot_check, hot_value = _hot(layer, beta_kind, theta)
    leak = f"tsnn_leak{spec.state_bits}_{'nearest' if spec.fires else 'zero'}"
    return CellView(
        template="ops/lif.c.jinja" if spec.fires else "ops/li.c.jinja",
        equation=equation(layer),
        state_type=f"int{spec.state_bits}_t",
        beta_kind=beta_kind,
        beta=_unsigned(beta),
        alpha=_unsigned(tables.expression("alpha", layer.alpha, "current decay, Q0.16")),
        leak=leak,
        leak_current=f"tsnn_leak{spec.state_bits}_zero",
        saturate=saturate,
        align=_aligned(layer, tables.expression("bias", layer.bias, "bias, state units per tick")),
        next_value=_next_value(layer, beta_kind, leak, _unsigned(beta), saturate, graded=graded),
        next_tick_reset=next_tick,
        same_tick_reset=same_tick,
        passes=">" if spec.compare == "gt" else ">=",
        theta=theta,
        hot_check=hot_check,
        hot_value=hot_value,
        block_end=_block_end(layer.n),
        v_init=tables.expression("v_init", layer.v_init, "membrane before the first tick"),
    )


def _unsigned(expression: str) -> str:
    if expression.startswith("(int32_t)"):
        return expression.replace("(int32_t)", "(uint32_t)", 1)
    return f"{expression}u"


def _kind(decay: np.typing.NDArray[np.int32]) -> str:
    if (decay != decay[0]).any():
        return "each"
    return {ONE_Q16: "one", 0: "zero"}.get(int(decay[0]), "same")


def _aligned(layer: PackedLayer, bias: str) -> str:
    f = layer.spec.frac_bits
    text = "(int32_t)sums[j]"
    if f > 0:
        text = f"{text} * {1 << f}"
    elif f < 0:
        text = f"(({text} + {1 << (-f - 1)}) >> {-f})"
    return text if bias == "0" else f"({text}) + {bias}"


def _next_value(
    layer: PackedLayer, beta_kind: str, leak: str, beta: str, saturate: str, *, graded: bool
) -> str:
    if beta_kind == "zero":
        kept = "x"
    elif beta_kind == "one":
        kept = "v + x"
    else:
        kept = f"{leak}(v, {beta}) + x"
    reach = ranges.membrane(layer, graded_input=graded)
    never = reach is not None and reach.fits(layer.spec.state_bits)
    return kept if never else f"{saturate}({kept})"


def _resets(layer: PackedLayer, theta: str, reset_to: str, saturate: str) -> tuple[str, str]:
    """Statements for a reset in the same tick and in the next one; empty where there is none."""
    spec = layer.spec
    if spec.reset == "zero":
        statement = f"v = {reset_to};"
    elif spec.reset == "subtract" and spec.reset_timing == "next-tick":
        statement = f"x -= {theta};"
    elif spec.reset == "subtract":
        rises = bool((layer.wide("theta") < 0).any())
        statement = f"v = {saturate}(v - {theta});" if rises else f"v -= {theta};"
    else:
        statement = ""
    return (statement, "") if spec.reset_timing == "same-tick" else ("", statement)


def _hot(layer: PackedLayer, beta_kind: str, theta: str) -> tuple[str, str]:
    """The statement that notices a neuron that may act without events, and the flag's value."""
    spec = layer.spec
    current = " | (active != 0)" if spec.has_current else ""
    if not spec.may_skip:
        return "", ""
    if not spec.fires:
        statement = "" if beta_kind == "one" else "active |= v;"
        return statement, "(active != 0) ? 1u : 0u" if statement or current else "0u"
    compare = ">" if spec.compare == "gt" else ">="
    if spec.reset == "none" or spec.reset_timing == "next-tick":
        statement = "hot = 1u;"
    elif spec.reset == "subtract":
        statement = f"hot |= (v {compare} {theta}) ? 1u : 0u;"
    else:
        statement = ""
    return statement, "hot | ((active != 0) ? 1u : 0u)" if current else "hot"


def _block_end(n: int) -> str:
    if n % 32 == 0:
        return "first + 32u"
    if n < 32:
        return f"{n}u"
    return f"(first + 32u < {n}u) ? (first + 32u) : {n}u"


def equation(layer: PackedLayer) -> str:
    """The update in one line, for the comment above it."""
    spec = layer.spec
    kind = {"one": "v", "zero": "0", "same": "v * beta", "each": "v * beta[j]"}[_kind(layer.beta)]
    current = "i = i * alpha + x; v = {} + i" if spec.has_current else "v = {} + x"
    shown = layer.wide("beta")[0] / ONE_Q16
    text = f"x = sums * 2^{spec.frac_bits}{' + bias' if layer.bias is not None else ''}; "
    text += current.format(kind)
    if spec.fires:
        text += f"; fires if v {'>' if spec.compare == 'gt' else '>='} theta"
        text += f"; reset: {spec.reset}, {spec.reset_timing}"
    return text + (f"; beta = {shown:.5f}" if _kind(layer.beta) == "same" else "")


__all__ = ["CellView", "equation", "literal", "view_cell"]
