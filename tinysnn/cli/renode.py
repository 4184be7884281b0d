"""`tinysnn renode`: a folder that runs a pack in Renode, with a test suite."""

from __future__ import annotations

from pathlib import Path

import click

from tinysnn.cli.screen import facts, json_option, progress, write_json


@click.command(short_help="Write a Renode project with a test suite for a pack.")
@click.argument("pack", type=click.Path(path_type=Path))
@click.option("--board", required=True, metavar="BOARD", help="Board id, or a board file (.toml).")
@click.option(
    "--input",
    "input_file",
    required=True,
    type=click.Path(path_type=Path),
    help="Input spikes that the suite sends, as for `tinysnn run`.",
)
@click.option(
    "-o", "--output", required=True, type=click.Path(path_type=Path), help="Folder to write."
)
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Only the first N clips.")
@click.option(
    "--toolchain", type=click.Choice(["gcc", "zig"]), help="By default gcc where it is, else zig."
)
@json_option
def renode(
    pack: Path,
    *,
    board: str,
    input_file: Path,
    output: Path,
    limit: int | None,
    toolchain: str | None,
    json_file: str | None,
) -> None:
    """Write a folder that boots the pack in Renode and compares every spike, without tinysnn.

    It holds the firmware, Renode's script (and platform), and a Robot Framework suite for
    `renode-test`. A board that Renode has no model of is stood in for by the generic one of its
    core. To run in Renode from here: tinysnn run --on renode.

    \b
    tinysnn renode net.tsnn --board stm32f4_discovery --input clips.npz -o renode
    renode-test renode/stm32f4_discovery.robot
    """
    from tinysnn.boards import load_board
    from tinysnn.load.stimuli import input_of
    from tinysnn.pack_file import load
    from tinysnn.renode.project import write_project
    from tinysnn.toolchain import find_toolchain

    loaded, target = load(pack), load_board(board)
    stimuli = input_of(loaded, input_file, None).stimuli[:limit]
    chain = find_toolchain(toolchain)
    with progress(f"building for {target.id}"):
        made = write_project(loaded, target, stimuli, output, toolchain=chain)
    result = {"folder": str(output), "files": list(made.files), "board": made.board.id}
    write_json({**result, "clips": len(stimuli), "ticks": made.ticks}, json_file)
    if json_file == "-":
        return
    facts(str(output), {"board": made.board.id, "files": ", ".join(made.files)})
    if made.board.id != target.id:
        click.echo(f"note: Renode has no model of {target.id}; {made.board.id} stands in for it")
    click.echo(f"Run it: renode-test {output / (made.board.id + '.robot')}")
