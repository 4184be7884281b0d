"""Options that `check` and `pack` share: what a network file cannot say."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from tinysnn.errors import OptionError

if TYPE_CHECKING:
    from tinysnn.graph import Graph
    from tinysnn.load.stimuli import InputClips
    from tinysnn.network import Network
    from tinysnn.options import LowerOptions

F = TypeVar("F", bound=Callable[..., Any])

_FLAGS = (
    click.option(
        "--options",
        "options_file",
        type=click.Path(path_type=Path),
        help="TOML file with these options; by default MODEL with the suffix .toml, if it exists.",
    ),
    click.option(
        "--from",
        "profile",
        metavar="FRAMEWORK",
        help="Where the file comes from: snntorch, norse, spikingjelly, sinabs, rockpool, lava, "
        "nengo, spyx or nir. Answers what that framework always does.",
    ),
    click.option("--dt", "dt_s", type=float, metavar="SECONDS", help="Length of a tick."),
    click.option("--decay", type=click.Choice(["euler", "exact"]), help="How decays follow."),
    click.option("--reset", type=click.Choice(["zero", "subtract", "none"]), help="After a spike."),
    click.option(
        "--reset-timing", type=click.Choice(["same-tick", "next-tick"]), help="When it resets."
    ),
    click.option(
        "--compare", type=click.Choice(["gt", "ge"]), help="Spike above (gt) or at (ge) threshold."
    ),
    click.option("--v-init", metavar="rest|reset|zero|NUMBER", help="Membrane at the start."),
    click.option("--gain", metavar="dt|tick|decay|NUMBER", help="What input adds to the membrane."),
    click.option(
        "--synapse-gain",
        metavar="dt|tick|decay|NUMBER",
        help="What input adds to a synaptic current.",
    ),
    click.option(
        "--spikes", type=click.Choice(["one", "many"]), help="Spikes of a neuron in one tick."
    ),
    click.option("--v-min", type=float, metavar="REAL", help="Lowest value of a membrane."),
    click.option(
        "--leak-step",
        type=float,
        metavar="REAL",
        help="Decayed values are cut towards zero to multiples of this.",
    ),
    click.option(
        "--reset-input",
        type=click.Choice(["kept", "lost"]),
        help="Whether a next-tick reset to zero keeps that tick's input.",
    ),
    click.option(
        "--node",
        "per_node",
        multiple=True,
        metavar="NODE:OPTION=VALUE",
        help="An option of one node, such as lif1:reset=zero or out:readout=membrane; repeatable.",
    ),
    click.option(
        "--input-scale",
        type=float,
        metavar="REAL",
        help="Input events carry an int8 value; this is what one step of it is worth.",
    ),
)


def model_options(command: F) -> F:
    """Add the options; they arrive as keyword arguments for `read_graph`."""
    for flag in reversed(_FLAGS):
        command = flag(command)
    return command


def read_model(
    model: Path, *, options_file: Path | None, **flags: Any
) -> tuple[Network, LowerOptions]:
    """Load a network, and the options of its file and of the command line."""
    from tinysnn.load import load_network

    return load_network(model), _options(model, options_file, flags)


def read_graph(model: Path, *, options_file: Path | None, **flags: Any) -> Graph:
    """Load and lower a network that is to be packed; refused if a pack cannot hold it."""
    from tinysnn.graph import require_packable
    from tinysnn.lower import lower

    network, options = read_model(model, options_file=options_file, **flags)
    graph = lower(network, options)
    require_packable(graph)
    return graph


def clips_for(graph: Graph, path: Path, events: tuple[str, ...]) -> InputClips:
    """The clips of an input file for a network that is not packed yet."""
    from tinysnn.events.options import event_options
    from tinysnn.load.stimuli import read_input

    return read_input(
        path,
        n_in=graph.n_in,
        graded=graph.input_scale is not None,
        dt_s=graph.dt_s,
        shape=graph.input_shape,
        events=event_options(events),
    )


def _options(model: Path, options_file: Path | None, flags: dict[str, Any]) -> LowerOptions:
    from tinysnn.options import LowerOptions, load_options, merge, options_from

    beside = model.with_suffix(".toml")
    if options_file is None and beside != model and beside.is_file():
        options_file = beside
    base = load_options(options_file) if options_file else LowerOptions()
    nodes = _per_node(flags.pop("per_node", ()))
    given = {name: _number(value) for name, value in flags.items() if value is not None}
    if "profile" in given:
        given["from"] = given.pop("profile")
    if nodes:
        given["node"] = nodes
    return merge(base, options_from(given, where="command line")) if given else base


def _per_node(values: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    """``NODE:OPTION=VALUE`` texts as options by node; a node's name may hold colons."""
    nodes: dict[str, dict[str, Any]] = {}
    for text in values:
        node, colon, setting = text.rpartition(":")
        option, sign, value = setting.partition("=")
        if not (node and colon and option and sign and value):
            raise OptionError(
                f"'{text}' is not NODE:OPTION=VALUE", where="--node", fix="Such as lif1:reset=zero."
            )
        option = {"dt": "dt_s"}.get(option, option.replace("-", "_"))
        nodes.setdefault(node, {})[option] = _number(value)
    return nodes


def _number(value: Any) -> Any:
    """A number where the text is one: some options take a word or a number."""
    if not isinstance(value, str):
        return value
    try:
        return int(value) if value.lstrip("+-").isdecimal() else float(value)
    except ValueError:
        return value


def per_layer(values: tuple[str, ...], option: str) -> dict[str, str]:
    """``LAYER=VALUE`` texts as a dictionary."""
    pairs = [value.rpartition("=") for value in values]
    for value, (layer, sign, _) in zip(values, pairs, strict=True):
        if not (layer and sign):
            raise OptionError(f"'{value}' is not LAYER=VALUE", where=option)
    return {layer: value for layer, _, value in pairs}
