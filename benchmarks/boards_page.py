"""docs/boards.md: what each board was built with, and where its image was run.

`python -m benchmarks.boards_page` builds the image of one network for every board with every
compiler that is here, runs it on every emulator that can be the board and is here, compares with
the reference bit for bit, and writes the tables between the marks of the page. What is not here
is said to be so; nothing is copied from an older run.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

import click

from benchmarks.cases import ROOT
from benchmarks.networks import PLANS, seeded_clip, seeded_pack
from tinysnn.boards import Board, list_boards
from tinysnn.build import build
from tinysnn.errors import TinysnnError, ToolMissing
from tinysnn.image import Image
from tinysnn.run import open_runner
from tinysnn.run.qemu import qemu_version
from tinysnn.run.unicorn import CPUS
from tinysnn.toolchain import Toolchain, find_gcc, find_zig
from tinysnn.verify import verify

PAGE = ROOT / "docs" / "boards.md"
BEGIN, END = "<!-- begin: benchmarks/boards_page.py -->", "<!-- end -->"
NETWORK = "seed64_5"
BITS = 4
CLIPS = 2
NO = "-"


def run_on(runner: str, image: Image) -> str:
    """What came of the network on one emulator, as a cell of the table."""
    pack = seeded_pack(NETWORK, BITS)
    plan = PLANS[NETWORK]
    clips = [seeded_clip(plan.n_in, percent) for percent in (plan.percent, 20)][:CLIPS]
    try:
        with open_runner(runner, packs=[pack], image=image) as device:
            report = verify(pack, device, clips)
    except ToolMissing:
        return "not here"
    except TinysnnError as error:
        return f"failed: {error}"
    return "bit-exact" if report.ok else f"differs: {report.first_divergence}"


def emulated(board: Board, image: Image) -> Iterator[tuple[str, str]]:
    """Column and cell for each emulator."""
    yield "unicorn", run_on("unicorn", image) if board.core in CPUS else NO
    yield "QEMU", run_on("qemu", image) if board.qemu else NO
    yield "Renode", run_on("renode", image) if board.renode else NO


def built(board: Board, chain: Toolchain | None, folder: Path) -> tuple[str, Image | None]:
    """The cell of a compiler (flash bytes of the image), and the image."""
    if chain is None:
        return "not here", None
    try:
        image = build([seeded_pack(NETWORK, BITS)], board, folder, toolchain=chain)
    except TinysnnError as error:
        return f"failed: {error}", None
    return f"{image.flash_bytes:,}", image


def row(board: Board, gcc: Toolchain | None, zig: Toolchain | None) -> dict[str, str]:
    """One line of the table of boards."""
    cells = {
        "board": f"`{board.id}`",
        "core": board.core.removeprefix("cortex-").upper().replace("PLUS", "+"),
        "MHz": f"{board.clock_hz / 1e6:g}",
    }
    with tempfile.TemporaryDirectory() as name:
        cells["gcc"], image = built(board, gcc, Path(name) / "gcc")
        cells["zig"], other = built(board, zig, Path(name) / "zig")
        for_run = image or other
        if for_run is not None:
            cells |= dict(emulated(board, for_run))
    cells["hardware"] = NO if board.unicorn else "no"
    return cells


def markdown(rows: list[dict[str, str]]) -> str:
    """A table of the rows' cells."""
    heads = list(rows[0])
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    lines += ["| " + " | ".join(cells.get(head, NO) for head in heads) + " |" for cells in rows]
    return "\n".join(lines)


def energy_rows(boards: list[Board]) -> list[dict[str, str]]:
    """What the board files say of current."""
    return [
        {
            "board": f"`{board.id}`",
            "uA/MHz": f"{board.energy.run_ua_per_mhz:g}",
            "at": f"{board.energy.supply_mv / 1000:g} V",
            "conditions": board.energy.conditions,
            "source": board.energy.source,
            "asleep, mA": f"{board.energy.sleep_ua / 1000:g}" if board.energy.sleep_ua else NO,
        }
        for board in boards
        if board.energy
    ]


def page_text(before: str, tables: str) -> str:
    """The page with new tables between its marks; ToolMissing if it has lost them."""
    head, mark, rest = before.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not mark or not end:
        raise ToolMissing("docs/boards.md has lost its marks", fix=f"Put back {BEGIN} and {END}.")
    return f"{head}{BEGIN}\n{tables}\n{END}{tail}"


@click.command()
@click.option("--board", "only", multiple=True, help="Only print the line of these boards.")
def main(only: tuple[str, ...]) -> None:
    """Build and run every board, and write docs/boards.md."""
    boards = [board for board in list_boards() if not only or board.id in only]
    gcc, zig = find_gcc(), find_zig()
    rows = []
    for board in boards:
        rows.append(row(board, gcc, zig))
        click.echo(" ".join(rows[-1].values()))
    if only:
        return
    tools = [chain.version for chain in (gcc, zig) if chain]
    with contextlib.suppress(ToolMissing):
        tools.append(f"QEMU {qemu_version()}")
    tables = "\n\n".join(
        [
            f"With {', '.join(tools)}; `gcc` and `zig` give the bytes of flash of the image.",
            markdown(rows),
            "## Current\n\nWhat the board files say, for estimates of energy:",
            markdown(energy_rows(boards)),
        ]
    )
    PAGE.write_text(page_text(PAGE.read_text(encoding="utf-8"), tables), encoding="utf-8")


if __name__ == "__main__":
    main()
