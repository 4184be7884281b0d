"""`tinysnn demo`: the keyword network, end to end."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tinysnn.cli.runner_options import runner_options
from tinysnn.cli.screen import facts, json_option, progress, table, write_json
from tinysnn.cli.serial_options import serial_line, serial_options
from tinysnn.errors import MismatchError

if TYPE_CHECKING:
    from tinysnn.demo import DemoReport


@click.command(short_help="Deploy a keyword network and compare every spike.")
@runner_options
@serial_options
@click.option(
    "--data",
    "data_dir",
    type=click.Path(path_type=Path),
    help="Folder with kws/speech_commands; by default TINYSNN_DATA, then what `tinysnn data get` "
    "has fetched, then clips that come with tinysnn.",
)
@click.option(
    "--clips",
    type=click.IntRange(0),
    default=96,
    show_default=True,
    metavar="N",
    help="At most so many clips; 0: all.",
)
@json_option
def demo(
    *,
    runner: str,
    board: str | None,
    toolchain: str | None,
    port: str | None,
    baud: int | None,
    flash_it: bool,
    data_dir: Path | None,
    clips: int,
    json_file: str | None,
) -> None:
    """Deploy a keyword-spotting network, stream speech to it and compare every spike.

    \b
    tinysnn demo
    tinysnn demo --on qemu --board microbit --json out.json
    tinysnn demo --data ../recordings --clips 0
    """
    from tinysnn.demo import DemoOptions, run_demo

    line = serial_line(runner, port=port, baud=baud, flash_it=flash_it)
    options = DemoOptions(runner, board, toolchain, data_dir, clips or None, line)
    quiet = json_file == "-"
    with progress(f"streaming to {runner}") as show_progress:
        result = run_demo(
            options,
            tell=lambda line: None if quiet else click.echo(line),
            progress=show_progress,
        )
    write_json(result.as_json(), json_file)
    if not quiet:
        _show(result)
    if result.report.first_divergence is not None:
        raise MismatchError(
            f"{result.report.mismatches} clips differ from the reference; first: "
            f"{result.report.first_divergence}"
        )


def _show(result: DemoReport) -> None:
    report, info = result.report, result.report.info
    pairs = list(zip(result.labels, report.predictions, strict=True))
    first = dict(reversed(pairs))  # the first of several pairs stays
    rows = [
        (result.words[a], result.words[b], "" if a == b else "wrong")
        for a, b in sorted(first.items())
    ]
    table("The first clip of each word", ("spoken", "found", ""), rows)
    right = sum(a == b for a, b in pairs)
    per_second = result.instructions_per_second
    facts(
        "",
        {
            "accuracy": f"{result.accuracy:.1%} ({right} of {len(pairs)} clips)",
            "mismatches": f"{report.mismatches} in {report.ticks:,} ticks (whole state, by hash)",
            "instructions": "not counted by this runner"
            if per_second is None
            else f"{report.instructions_per_tick:,.0f} per tick, "
            f"{per_second / 1e6:.3g} million per second of audio",
            "flash": None if info.flash_bytes is None else f"{info.flash_bytes:,} bytes",
            "RAM": None if info.ram_bytes is None else f"{info.ram_bytes:,} bytes",
            "compiler": info.compiler,
        },
    )
