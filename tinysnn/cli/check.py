"""`tinysnn check`: can this network be deployed, and what would run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tinysnn.cli.model_options import model_options, read_graph
from tinysnn.cli.screen import facts, json_option, table, write_json

if TYPE_CHECKING:
    from tinysnn.graph import Floats, Graph, Layer


@click.command(short_help="Show what would run of a network, layer by layer.")
@click.argument("model", type=click.Path(path_type=Path))
@model_options
@json_option
def check(model: Path, json_file: str | None, **options: Any) -> None:
    """Read a network (.nir) and show what would run, layer by layer.

    Names every option that makes a difference and that the file cannot say.

    \b
    tinysnn check net.nir
    tinysnn check net.nir --dt 1e-4 --decay euler --reset zero --compare gt
    """
    graph = read_graph(model, **options)
    rows = [_row(graph, layer) for layer in graph.layers]
    columns = ("layer", "kind", "n", "fed by", "decay", "current", "threshold", "reset", "output")
    write_json(
        {
            "name": graph.name,
            "n_in": graph.n_in,
            "input_shape": list(graph.input_shape),
            "input_scale": graph.input_scale,
            "dt_s": graph.dt_s,
            "layers": [dict(zip(columns, row, strict=True)) for row in rows],
            "notes": list(graph.notes),
        },
        json_file,
    )
    if json_file == "-":
        return
    scale = graph.input_scale
    facts(
        graph.name,
        {
            "inputs": f"{graph.n_in} {list(graph.input_shape)}",
            "events": "spikes" if scale is None else f"int8 values in steps of {scale:g}",
            "tick": None if graph.dt_s is None else f"{graph.dt_s:g} s",
        },
    )
    table("", columns, rows)
    for note in graph.notes:
        click.echo(f"note: {note}")


def _row(graph: Graph, layer: Layer) -> tuple[object, ...]:
    reset = "-"
    if layer.reset is not None:
        reset = layer.reset if layer.reset == "none" else f"{layer.reset}, {layer.reset_timing}"
    sign = {"gt": ">", "ge": ">="}.get(layer.compare or "", "")
    return (
        layer.name,
        layer.op,
        layer.n,
        ", ".join(_source(graph, c.source, c.delay_ticks) for c in layer.connections),
        _span(layer.beta),
        "-" if layer.alpha is None else _span(layer.alpha),
        "-" if layer.threshold is None else f"{sign} {_span(layer.threshold)}",
        reset,
        "yes" if layer is graph.layers[graph.output] else "",
    )


def _source(graph: Graph, source: int | None, delay_ticks: int) -> str:
    name = "input" if source is None else graph.layers[source].name
    return f"{name} (1 tick before)" if delay_ticks else name


def _span(values: Floats) -> str:
    """One number, or the smallest and the largest."""
    low, high = float(values.min()), float(values.max())
    return f"{low:.4g}" if low == high else f"{low:.4g} .. {high:.4g}"
