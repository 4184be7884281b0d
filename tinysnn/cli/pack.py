"""`tinysnn pack`: quantise a network and write a pack."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tinysnn.cli.event_option import events_option
from tinysnn.cli.model_options import model_options, per_layer, read_graph
from tinysnn.cli.pack_report import as_json, show, show_search
from tinysnn.cli.screen import json_option, progress, write_json
from tinysnn.errors import OptionError

if TYPE_CHECKING:
    from tinysnn.graph import Graph
    from tinysnn.learn.spec import Wish
    from tinysnn.pack import Pack
    from tinysnn.pack_options import PackOptions
    from tinysnn.stimulus import Stimulus

_SIZE = re.compile(r"([0-9]{1,12})\s*(k|m)?(i?b)?", re.IGNORECASE)


@click.command(short_help="Quantise a network to fixed point.")
@click.argument("model", type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", required=True, type=click.Path(path_type=Path), help="Pack to write."
)
@model_options
@click.option("--name", help="Name of the model in C; by default made from the file's name.")
@click.option(
    "--bits",
    type=click.Choice(["1", "2", "4", "8", "auto"]),
    default="8",
    help="Weight width; auto: by layer, least loss on the --calibrate clips within --budget-flash.",
)
@click.option(
    "--layer-bits", multiple=True, metavar="LAYER=BITS", help="Weight width of one layer."
)
@click.option(
    "--budget-flash",
    metavar="BYTES",
    help="With --bits auto: flash for tables and code, e.g. 24576, 24k or 24kB (k is 1024).",
)
@click.option(
    "--state-bits",
    type=click.Choice(["auto", "16", "32"]),
    default="auto",
    help="Width of membranes; auto: 16 where the range proof allows it.",
)
@click.option(
    "--convolution",
    type=click.Choice(["auto", "kernel", "matrix"]),
    default="auto",
    help="Keep convolutions and pooling as kernels, or write small ones out as matrices.",
)
@click.option(
    "--calibrate",
    type=click.Path(path_type=Path),
    help="Input spikes that narrow weights are fitted to, and on which firing rates are compared.",
)
@events_option
@click.option(
    "--rounding",
    type=click.Choice(["nearest", "compensated"]),
    help="compensated: errors make good for each other on the --calibrate clips; the default for "
    "weights below 8 bits if there are clips.",
)
@click.option(
    "--tune-thresholds/--no-tune-thresholds",
    default=True,
    help="With compensated rounding: keep firing rates where that lowers the loss.",
)
@click.option(
    "--allow-silent", multiple=True, metavar="LAYER", help="A layer that may fall silent."
)
@click.option(
    "--learn",
    "learn_layers",
    multiple=True,
    metavar="LAYER=RULE[,NAME=N...]",
    help="A layer that learns on the device: its weights lie in RAM (docs/learning.md).",
)
@click.option(
    "--rehearse",
    type=click.Path(path_type=Path),
    help="Labelled clips of the known classes, for --learn LAYER=delta,packed=N (examples that the "
    "device learns again) and LAYER=few-shot,nuisance=N (what differs within a class).",
)
@json_option
def pack(
    model: Path,
    output: Path,
    *,
    calibrate: Path | None,
    events: tuple[str, ...],
    learn_layers: tuple[str, ...],
    rehearse: Path | None,
    json_file: str | None,
    **options: Any,
) -> None:
    """Quantise a network (.nir) to fixed point and write it as a pack.

    \b
    tinysnn pack net.nir -o net.tsnn
    tinysnn pack net.nir -o net.tsnn --bits 4 --layer-bits readout=8 --calibrate clips.npz
    tinysnn pack net.nir -o net.tsnn --bits auto --budget-flash 24k --calibrate clips.npz
    """
    from tinysnn.pack_file import save
    from tinysnn.quantise import quantise, quantise_within

    if output.is_dir():
        raise OptionError("is a folder", where=str(output), fix="Name the file to write.")
    from tinysnn.learn.mark import parse_wish

    wishes = dict(map(parse_wish, learn_layers))
    used = [
        wish.parameters.get(name) for wish in wishes.values() for name in ("packed", "nuisance")
    ]
    if rehearse and not any(used):
        raise OptionError(
            "no layer takes examples along",
            where="--rehearse",
            fix="Add packed=N to LAYER=delta, or nuisance=N to LAYER=few-shot, or leave it out.",
        )
    choices = _choices(options)
    graph = read_graph(model, **options)
    clips = _clips(graph, calibrate, events)
    choice = None
    with progress(f"packing {graph.name}") as bar:
        if choices.bits == "auto":
            packed, choice = quantise_within(graph, choices, clips, progress=bar)
        else:
            packed = quantise(graph, choices, clips, progress=bar)
    if wishes:
        packed = _plastic(packed, wishes, _clips(graph, rehearse, ()) or [])
    save(packed, output)
    write_json(as_json(packed, choice), json_file)
    if json_file != "-":
        if choice is not None:
            show_search(packed, choice)
        show(packed)
        click.echo(f"Written to {output}.")


def _plastic(packed: Pack, wishes: dict[str, Wish], clips: list[Stimulus]) -> Pack:
    """The pack with plastic layers, which take along what they need of the clips."""
    from tinysnn.learn.mark import mark_plastic
    from tinysnn.learn.nuisance import known_by_clips
    from tinysnn.learn.replay import replay_of

    if not clips:
        return mark_plastic(packed, wishes)
    examples, known = replay_of(packed, wishes, clips), known_by_clips(packed, wishes, clips)
    return mark_plastic(packed, wishes, examples, known)


def _choices(options: dict[str, Any]) -> PackOptions:
    """Take the packer's options out of those of the command line."""
    import msgspec

    from tinysnn.pack_options import PackOptions

    taken = {name: options.pop(name) for name in PackOptions.__struct_fields__}
    bits, state_bits = taken["bits"], taken["state_bits"]
    layer_bits = per_layer(taken["layer_bits"], "--layer-bits")
    wanted = {
        **taken,
        "bits": bits if bits == "auto" else int(bits),
        "layer_bits": {layer: _bits(layer, value) for layer, value in layer_bits.items()},
        "budget_flash": _bytes(taken["budget_flash"]),
        "state_bits": None if state_bits == "auto" else int(state_bits),
    }
    return msgspec.convert(wanted, PackOptions)


def _bytes(text: str | None) -> int | None:
    """A size in bytes; k and M are powers of 1024, as in data sheets."""
    if text is None:
        return None
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        raise OptionError(
            f"{text!r} is no size", where="--budget-flash", fix="Use 24576, 24k or 24kB."
        )
    powers = {"": 1, "k": 1 << 10, "m": 1 << 20}
    return int(found[1]) * powers[(found[2] or "").lower()]


def _bits(layer: str, value: str) -> int:
    if value not in ("1", "2", "4", "8"):
        raise OptionError(
            f"{layer}={value} is no weight width", where="--layer-bits", fix="Use 1, 2, 4 or 8."
        )
    return int(value)


def _clips(graph: Graph, calibrate: Path | None, events: tuple[str, ...]) -> list[Stimulus] | None:
    from tinysnn.cli.model_options import clips_for

    if calibrate is None:
        if events:
            raise OptionError("is for --calibrate", where="--events", fix="Leave it out.")
        return None
    return clips_for(graph, calibrate, events).stimuli
