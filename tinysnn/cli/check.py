"""`tinysnn check`: can this network be deployed, and what would run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tinysnn.cli.event_option import events_option
from tinysnn.cli.model_options import clips_for, model_options, read_model
from tinysnn.cli.screen import facts, json_option, show_notes, table, write_json
from tinysnn.errors import ModelError, OptionError

if TYPE_CHECKING:
    from tinysnn.graph import Connection, Floats, Graph, Layer, SpatialConnection
    from tinysnn.load.stimuli import InputClips
    from tinysnn.lower.verdicts import Verdict


@click.command(short_help="Show what would run of a network, layer by layer.")
@click.argument("model", type=click.Path(path_type=Path))
@model_options
@click.option(
    "--input",
    "input_file",
    type=click.Path(path_type=Path),
    help="Input, as for `tinysnn run`: whether it fits the network is checked too.",
)
@events_option
@json_option
def check(
    model: Path,
    json_file: str | None,
    input_file: Path | None,
    events: tuple[str, ...],
    **options: Any,
) -> None:
    """Read a network (.nir) and show what would run, node by node and layer by layer.

    Names every option that makes a difference and that the file cannot say. Every node is called
    faithful, approximated (with the error) or unsupported; the last ends the command with 2.

    \b
    tinysnn check net.nir --from snntorch --reset subtract
    tinysnn check net.nir --dt 1e-4 --decay euler --reset zero --compare gt
    tinysnn check cnn.nir --from sinabs --input Test/ --events tick_us=1000 --events n_ticks=300
    """
    from tinysnn.load.nir import UnsupportedNodesError
    from tinysnn.lower import lower
    from tinysnn.lower.profiles import of_file
    from tinysnn.lower.verdicts import verdicts

    if events and input_file is None:
        raise OptionError("is for --input", where="--events", fix="Leave it out.")
    try:
        network, choices = read_model(model, **options)
    except UnsupportedNodesError as exc:
        _show_unsupported(exc.nodes, json_file)
        raise
    graph = lower(network, choices)
    found = verdicts(network, graph, choices)
    clips = None if input_file is None else clips_for(graph, input_file, events)
    profile = of_file(network, choices).profile
    write_json(_as_json(graph, found, profile) | _input_json(clips), json_file)
    if json_file != "-":
        _show(graph, found)
        _show_input(clips)
    bad = [item.node for item in found if item.verdict == "unsupported"]
    if bad:
        raise ModelError(
            f"{len(bad)} of {len(found)} nodes cannot be packed: {', '.join(map(repr, bad[:8]))}",
            where=str(model),
            fix="The table says why; change the model or its options.",
        )


_COLUMNS = ("layer", "kind", "n", "fed by", "decay", "current", "threshold", "reset", "output")


def _as_json(graph: Graph, found: tuple[Verdict, ...], profile: str | None) -> dict[str, object]:
    return {
        "name": graph.name,
        "n_in": graph.n_in,
        "input_shape": list(graph.input_shape),
        "input_scale": graph.input_scale,
        "dt_s": graph.dt_s,
        "from": profile,
        "nodes": [
            {"node": v.node, "type": v.kind, "verdict": v.verdict, "why": v.why, "error": v.error}
            for v in found
        ],
        "layers": [dict(zip(_COLUMNS, _row(graph, layer), strict=True)) for layer in graph.layers],
        "warnings": [note for note in graph.notes if "mended: " in note],
        "notes": list(graph.notes),
    }


def _show(graph: Graph, found: tuple[Verdict, ...]) -> None:
    scale = graph.input_scale
    ports = ", ".join(f"{port.name} {list(port.shape)}" for port in graph.inputs)
    facts(
        graph.name,
        {
            "inputs": f"{graph.n_in} {ports or list(graph.input_shape)}",
            "events": "spikes" if scale is None else f"int8 values in steps of {scale:g}",
            "tick": None if graph.dt_s is None else _tick(graph.dt_s),
        },
    )
    table("", ("node", "type", "verdict", "how"), [_verdict(item) for item in found])
    table("", _COLUMNS, [_row(graph, layer) for layer in graph.layers])
    show_notes(graph.notes)


def _input_json(clips: InputClips | None) -> dict[str, object]:
    """Figures of the input, under the key ``input``; empty if none was given."""
    if clips is None:
        return {}
    import numpy as np

    ticks = [clip.n_ticks for clip in clips.stimuli]
    active = sum(int(np.count_nonzero(clip.raster)) for clip in clips.stimuli)
    figures = {
        "clips": len(ticks),
        "ticks_per_clip": [min(ticks), max(ticks)],
        "events_per_tick": active / sum(ticks),
        "remarks": list(clips.remarks),
    }
    return {"input": figures}


def _show_input(clips: InputClips | None) -> None:
    for figures in _input_json(clips).values():
        assert isinstance(figures, dict)
        low, high = figures["ticks_per_clip"]
        click.echo(
            f"input fits: {figures['clips']} clips of {low} to {high} ticks, "
            f"{figures['events_per_tick']:.3g} events per tick"
        )
        for remark in figures["remarks"]:
            click.echo(f"note: {remark}")


def _tick(dt_s: float) -> str:
    """The length of a tick; 1 means that time constants count ticks."""
    return "1 (times in the file count ticks)" if dt_s == 1.0 else f"{dt_s:g} s"


def _verdict(item: Verdict) -> tuple[object, ...]:
    error = "" if item.error is None else f" (error {item.error:.3g})"
    return item.node, item.kind, item.verdict, f"{item.why}{error}"


def _show_unsupported(nodes: tuple[tuple[str, str, bool], ...], json_file: str | None) -> None:
    """The nodes of a file that could not be loaded, so that all can be seen at once."""
    rows = [(name, kind, "not examined" if known else "unsupported") for name, kind, known in nodes]
    columns = ("node", "type", "verdict")
    write_json({"nodes": [dict(zip(columns, row, strict=True)) for row in rows]}, json_file)
    if json_file != "-":
        table("", columns, rows)


def _row(graph: Graph, layer: Layer) -> tuple[object, ...]:
    reset = "-"
    if layer.reset is not None:
        reset = layer.reset if layer.reset == "none" else f"{layer.reset}, {layer.reset_timing}"
    sign = {"gt": ">", "ge": ">="}.get(layer.compare or "", "")
    return (
        layer.name,
        layer.op,
        layer.n,
        ", ".join(_source(graph, connection) for connection in layer.connections),
        _span(layer.beta),
        "-" if layer.alpha is None else _span(layer.alpha),
        "-" if layer.threshold is None else f"{sign} {_span(layer.threshold)}",
        reset,
        "yes" if any(layer is graph.layers[k] for k in graph.outputs or (graph.output,)) else "",
    )


def _source(graph: Graph, connection: Connection | SpatialConnection) -> str:
    """The source of a connection, its form if it is no matrix, and its delays in ticks."""
    index = connection.source
    name = "input" if index is None else graph.layers[index].name
    early, late = connection.source_delays, connection.target_delays
    most = connection.delay_ticks
    most += sum(int(delay.max()) for delay in (early, late) if delay is not None)
    words = [form] if (form := _form(connection)) else []
    if most:
        least = "" if early is None and late is None else "up to "
        words.append(f"{least}{most} tick{'s' if most > 1 else ''} before")
    return f"{name} ({', '.join(words)})" if words else name


def _form(connection: Connection | SpatialConnection) -> str:
    """Such as ``2 x 2 sums, 3 x 3 convolution``; empty for a matrix."""
    from tinysnn.graph import SpatialConnection

    words: list[str] = []
    if not isinstance(connection, SpatialConnection):
        return ""
    if connection.pool is not None:
        words.append(f"{connection.pool.kernel[0]} x {connection.pool.kernel[1]} sums")
    if connection.conv is not None:
        height, width = connection.conv.kernel.shape[2:]
        words.append(f"{height} x {width} convolution")
    return ", ".join(words)


def _span(values: Floats) -> str:
    """One number, or the smallest and the largest."""
    low, high = float(values.min()), float(values.max())
    return f"{low:.4g}" if low == high else f"{low:.4g} .. {high:.4g}"
