"""`tinysnn inspect`: what a pack holds, how it will run and what it costs on a core."""

from __future__ import annotations

from pathlib import Path

import click

from tinysnn.cli.event_option import events_option
from tinysnn.cli.pack_report import as_json, show
from tinysnn.cli.screen import json_option, write_json

DEFAULT_BOARD = "generic_m4"


@click.command(short_help="Check a pack, show what it holds and what it costs.")
@click.argument("pack", type=click.Path(path_type=Path))
@click.option("--core", metavar="CORE", help="Predict for this core, e.g. cortex-m0plus.")
@click.option(
    "--board",
    metavar="BOARD",
    help=f"Predict for this board (id or file): its core, clock and memory. [{DEFAULT_BOARD}]",
)
@click.option(
    "--density",
    type=click.FloatRange(0, 1),
    metavar="D",
    help="Part of the inputs active per tick, random. By default as on the calibration data.",
)
@click.option(
    "--input",
    "input_file",
    type=click.Path(path_type=Path),
    help="Input that the prediction is for, as for `tinysnn run`, instead of --density.",
)
@events_option
@json_option
def inspect(
    pack: Path,
    *,
    core: str | None,
    board: str | None,
    density: float | None,
    input_file: Path | None,
    events: tuple[str, ...],
    json_file: str | None,
) -> None:
    """Check a pack (digest, format, every rule of the specification) and show what it holds.

    Then predicts, without a compiler, what it costs: by layer the variant of the code, the reason
    for it, and instructions per tick (docs/cost-model.md).

    \b
    tinysnn inspect net.tsnn
    tinysnn inspect net.tsnn --board bluepill_f103 --density 0.05
    tinysnn inspect net.tsnn --core cortex-m0plus --input clips.npz --json -
    """
    from tinysnn.cli.cost_report import cost_json, predicted, show_cost, target
    from tinysnn.pack_file import load

    loaded = load(pack)
    chosen = target(core, board, default=DEFAULT_BOARD)
    prediction = predicted(loaded, chosen, density, input_file, events)
    content = {**as_json(loaded), "cost": cost_json(loaded, chosen, prediction)}
    write_json(content, json_file)
    if json_file != "-":
        show(loaded)
        show_cost(loaded, chosen, prediction)
