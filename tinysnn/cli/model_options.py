"""Options that `check` and `pack` share: what a network file cannot say."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from tinysnn.errors import OptionError

if TYPE_CHECKING:
    from tinysnn.graph import Graph
    from tinysnn.options import LowerOptions

F = TypeVar("F", bound=Callable[..., Any])

_FLAGS = (
    click.option(
        "--options",
        "options_file",
        type=click.Path(path_type=Path),
        help="TOML file with these options; by default MODEL with the suffix .toml, if it exists.",
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
    click.option("--gain", metavar="dt|tick|NUMBER", help="What input adds to the membrane."),
    click.option(
        "--synapse-gain", metavar="dt|tick|NUMBER", help="What input adds to a synaptic current."
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


def read_graph(model: Path, *, options_file: Path | None, **flags: Any) -> Graph:
    """Load and lower a network with the options of the file and those of the command line."""
    from tinysnn.load import load_network
    from tinysnn.lower import lower

    network = load_network(model)
    return lower(network, _options(model, options_file, flags))


def _options(model: Path, options_file: Path | None, flags: dict[str, Any]) -> LowerOptions:
    from tinysnn.options import LowerOptions, load_options, merge, options_from

    beside = model.with_suffix(".toml")
    if options_file is None and beside != model and beside.is_file():
        options_file = beside
    base = load_options(options_file) if options_file else LowerOptions()
    given = {name: _number(value) for name, value in flags.items() if value is not None}
    return merge(base, options_from(given, where="command line")) if given else base


def _number(value: Any) -> Any:
    """A number where the text is one: some options take a word or a number."""
    if not isinstance(value, str):
        return value
    try:
        return float(value)
    except ValueError:
        return value


def per_layer(values: tuple[str, ...], option: str) -> dict[str, str]:
    """``LAYER=VALUE`` texts as a dictionary."""
    pairs = [value.rpartition("=") for value in values]
    for value, (layer, sign, _) in zip(values, pairs, strict=True):
        if not (layer and sign):
            raise OptionError(f"'{value}' is not LAYER=VALUE", where=option)
    return {layer: value for layer, _, value in pairs}
