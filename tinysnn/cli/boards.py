"""`tinysnn boards`: which boards there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tinysnn.cli.screen import json_option, table, write_json
from tinysnn.errors import BoardError

if TYPE_CHECKING:
    from tinysnn.boards import Board


def _runners(board: Board) -> list[str]:
    named = {
        "unicorn": board.unicorn,
        "qemu": board.qemu,
        "renode": board.renode,
        "serial": not board.unicorn,  # those that unicorn can be exist in emulators only
    }
    return [name for name, there in named.items() if there]


@click.command()
@click.option("--core", metavar="CORE", help="Only boards with this core, e.g. cortex-m4.")
@click.option(
    "--runner",
    type=click.Choice(["unicorn", "qemu", "renode", "serial"]),
    help="Only boards this runner can be.",
)
@json_option
def boards(core: str | None, runner: str | None, json_file: str | None) -> None:
    """List the boards, their memory and what can run them.

    \b
    tinysnn boards --core cortex-m0
    tinysnn boards --runner qemu --json -
    """
    import msgspec

    from tinysnn.boards import list_boards

    chosen = [
        board
        for board in list_boards()
        if core in (None, board.core) and (runner is None or runner in _runners(board))
    ]
    if not chosen:
        raise BoardError(
            "no board fits", fix=f"Cores: {', '.join(sorted({b.core for b in list_boards()}))}."
        )
    write_json([msgspec.to_builtins(b) | {"runners": _runners(b)} for b in chosen], json_file)
    if json_file == "-":
        return
    columns = ("board", "core", "MHz", "flash KiB", "RAM KiB", "runners", "name")
    rows = [
        (
            b.id,
            b.core,
            b.clock_hz / 1e6,
            b.flash_bytes // 1024,
            b.ram_bytes // 1024,
            ", ".join(_runners(b)),
            b.name,
        )
        for b in chosen
    ]
    table("", columns, rows)
