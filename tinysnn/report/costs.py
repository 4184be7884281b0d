"""Charts of what a network costs: rates, widths, memory, instructions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tinysnn.evaluate.result import Evaluation, Memory
from tinysnn.report.charts import COLOURS, GREY, as_uri, bars, new, stacked
from tinysnn.report.groups import BUFFERS, HARNESS, KERNELS, MODEL, START, STATE, group_of, grouped

if TYPE_CHECKING:
    from tinysnn.cost.predict import Prediction

TOP = 12
"""Functions shown by name."""
_FIXED = {MODEL: COLOURS[1], KERNELS: COLOURS[2], HARNESS: GREY, BUFFERS: GREY, START: "#c3c9d0",
          STATE: COLOURS[3], "stack, at most": COLOURS[4]}  # fmt: skip
_TABLES = ("#1d4e73", "#2f6690", "#4c83ad", "#6c9fc6", "#8fb8d8", "#b0cfe6")


class Rates(NamedTuple):
    """Spikes per neuron and tick of a layer; None: not known."""

    layer: str
    before: float | None
    """Before quantisation."""
    after: float | None
    evaluated: float | None


def rates_chart(rows: Sequence[Rates]) -> str:
    """Firing rates before and after quantisation, and on the evaluated clips."""
    kinds = ("float, calibration clips", "packed, calibration clips", "packed, evaluated clips")
    values = [row[1:] for row in rows]
    used = [k for k in range(3) if any(row[k] is not None for row in values)]
    figure = new(0.55 + 0.26 * len(rows) * (len(used) + 0.6))
    axes = figure.subplots()
    places = np.arange(len(rows))[::-1] * (len(used) + 0.8)
    for line, kind in enumerate(used):
        at = places + (len(used) - 1) / 2 - line
        shown = [row[kind] or 0.0 for row in values]
        axes.barh(at, shown, height=0.85, color=(GREY, *COLOURS)[kind], label=kinds[kind])
        for place, value in zip(at, shown, strict=True):
            axes.text(value, place, f" {value:.4f}", va="center", fontsize=8)
    axes.set_yticks(places, [row.layer for row in rows])
    axes.set_xlabel("spikes per neuron and tick")
    axes.margins(x=0.12)
    axes.legend(fontsize=8, loc="upper left", bbox_to_anchor=(0, 1.0 + 0.5 / len(rows)), ncols=3)
    return as_uri(figure)


def bits_chart(evaluations: Sequence[Evaluation]) -> str:
    """Accuracy against bytes of tables, with intervals of 95 %, one point per evaluation."""
    figure = new(3.2, 7.2)
    axes = figure.subplots()
    for line, found in enumerate(evaluations):
        if found.accuracy is None or found.accuracy_interval is None:
            continue
        size = sum(layer.table_bytes for layer in found.layers) / 1000
        low, high = found.accuracy_interval
        error = [[100 * (found.accuracy - low)], [100 * (high - found.accuracy)]]
        colour = COLOURS[line % len(COLOURS)]
        axes.errorbar(size, 100 * found.accuracy, error, fmt="o", color=colour, capsize=3)
        label = f"  {found.pack}, {bits_text(found)}"
        axes.text(size, 100 * found.accuracy, label, fontsize=8, va="bottom")
    axes.set_xlabel("tables in flash, kB")
    axes.set_ylabel("accuracy, %")
    axes.margins(x=0.25, y=0.15)
    return as_uri(figure)


def bits_text(found: Evaluation) -> str:
    """Such as ``8 bit`` or ``8/4/8 bit``."""
    widths = [str(layer.bits) for layer in found.layers]
    return (widths[0] if len(set(widths)) == 1 else "/".join(widths)) + " bit"


def memory_chart(memory: Memory, model: str, layers: tuple[str, ...]) -> str:
    """Flash and RAM by part, in bytes."""
    flash = grouped(memory.symbols, "flash", model, layers)
    ram = grouped(memory.symbols, "ram", model, layers)
    if memory.stack_bytes is not None:
        ram["stack, at most"] = memory.stack_bytes
    tables = [name for name in flash if name not in _FIXED]
    colours = {name: _TABLES[k % len(_TABLES)] for k, name in enumerate(tables)} | _FIXED
    figure = new(2.9)
    top, bottom = figure.subplots(2, 1)
    for axes, row, parts in ((top, "flash", flash), (bottom, "RAM", ram)):
        stacked(axes, {row: parts}, colours)
        handles = [_patch(colours[name], f"{name} {size:,}") for name, size in parts.items()]
        axes.legend(handles=handles, fontsize=7.5, loc="upper left", bbox_to_anchor=(0, -0.22),
                    ncols=3, handlelength=1, columnspacing=1.2)  # fmt: skip
    return as_uri(figure)


def _patch(colour: str, label: str) -> object:
    from matplotlib.patches import Patch

    return Patch(color=colour, label=label)


def functions_chart(found: Evaluation) -> str:
    """Measured instructions per tick of the busiest functions."""
    ticks = max(1, sum(clip.ticks for clip in found.clips))
    layers = tuple(layer.name for layer in found.layers)
    top = dict(list(found.profile.items())[:TOP])
    total = sum(found.profile.values())
    values = {name: n / ticks for name, n in top.items()}
    groups = [group_of(name, "flash", found.pack, layers) for name in top]
    colours = [_FIXED.get(group, COLOURS[0]) for group in groups]
    figure = new(0.5 + 0.27 * len(values))
    axes = figure.subplots()
    texts = [f"{n / ticks:,.0f} ({100 * n / total:.0f} %)" for n in top.values()]
    bars(axes, values, colours, texts)
    axes.set_xlabel("instructions per tick, whole firmware")
    shown = dict.fromkeys(groups)
    handles = [_patch(_FIXED.get(name, COLOURS[0]), name) for name in shown]
    axes.legend(handles=handles, fontsize=8, loc="lower right")
    return as_uri(figure)


def layers_chart(prediction: Prediction) -> str:
    """Predicted instructions per tick of each layer."""
    known = {layer.name: layer.instructions_per_tick or 0.0 for layer in prediction.layers} | {
        "call and output": prediction.step_instructions or 0.0
    }
    figure = new(0.5 + 0.3 * len(known))
    axes = figure.subplots()
    whole = prediction.instructions_per_tick or 1.0
    texts = [f"{value:,.0f} ({100 * value / whole:.0f} %)" for value in known.values()]
    bars(axes, known, [COLOURS[0]] * len(prediction.layers) + [GREY], texts)
    axes.set_xlabel(f"instructions per tick, predicted for {prediction.core}")
    return as_uri(figure)
