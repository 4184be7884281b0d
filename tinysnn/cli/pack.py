"""`tinysnn pack`: quantise a network and write a pack."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tinysnn.cli.model_options import model_options, per_layer, read_graph
from tinysnn.cli.pack_report import as_json, show
from tinysnn.cli.screen import json_option, progress, write_json
from tinysnn.errors import OptionError

if TYPE_CHECKING:
    from tinysnn.graph import Graph
    from tinysnn.quantise import PackOptions
    from tinysnn.stimulus import Stimulus


@click.command(short_help="Quantise a network to fixed point.")
@click.argument("model", type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", required=True, type=click.Path(path_type=Path), help="Pack to write."
)
@model_options
@click.option("--name", help="Name of the model in C; by default made from the file's name.")
@click.option("--bits", type=click.Choice(["1", "2", "4", "8"]), default="8", help="Weight width.")
@click.option(
    "--layer-bits", multiple=True, metavar="LAYER=BITS", help="Weight width of one layer."
)
@click.option(
    "--state-bits",
    type=click.Choice(["auto", "16", "32"]),
    default="auto",
    help="Width of membranes; auto: 16 where the range proof allows it.",
)
@click.option(
    "--calibrate",
    type=click.Path(path_type=Path),
    help="Input spikes on which firing rates before and after are compared.",
)
@click.option(
    "--allow-silent", multiple=True, metavar="LAYER", help="A layer that may fall silent."
)
@json_option
def pack(
    model: Path,
    output: Path,
    *,
    name: str | None,
    bits: str,
    layer_bits: tuple[str, ...],
    state_bits: str,
    calibrate: Path | None,
    allow_silent: tuple[str, ...],
    json_file: str | None,
    **options: Any,
) -> None:
    """Quantise a network (.nir) to fixed point and write it as a pack.

    \b
    tinysnn pack net.nir -o net.tsnn
    tinysnn pack net.nir -o net.tsnn --bits 4 --layer-bits readout=8 --calibrate clips.npz
    """
    from tinysnn.pack import save
    from tinysnn.quantise import quantise

    if output.is_dir():
        raise OptionError("is a folder", where=str(output), fix="Name the file to write.")
    choices = _choices(name, bits, layer_bits, state_bits, allow_silent)
    graph = read_graph(model, **options)
    with progress(f"packing {graph.name}"):
        packed = quantise(graph, choices, _clips(graph, calibrate))
    save(packed, output)
    write_json(as_json(packed), json_file)
    if json_file != "-":
        show(packed)
        click.echo(f"Written to {output}.")


def _choices(
    name: str | None,
    bits: str,
    layer_bits: tuple[str, ...],
    state_bits: str,
    allow_silent: tuple[str, ...],
) -> PackOptions:
    import msgspec

    from tinysnn.quantise import PackOptions

    wanted = {
        "name": name,
        "bits": int(bits),
        "layer_bits": {k: _bits(k, v) for k, v in per_layer(layer_bits, "--layer-bits").items()},
        "state_bits": None if state_bits == "auto" else int(state_bits),
        "allow_silent": allow_silent,
    }
    return msgspec.convert(wanted, PackOptions)


def _bits(layer: str, value: str) -> int:
    if value not in ("1", "2", "4", "8"):
        raise OptionError(
            f"{layer}={value} is no weight width", where="--layer-bits", fix="Use 1, 2, 4 or 8."
        )
    return int(value)


def _clips(graph: Graph, calibrate: Path | None) -> list[Stimulus] | None:
    if calibrate is None:
        return None
    from tinysnn.stimulus import load_stimuli

    return list(load_stimuli(calibrate, n_in=graph.n_in, graded=graph.input_scale is not None))
