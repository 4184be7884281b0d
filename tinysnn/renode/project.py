"""A folder that runs a model in Renode and compares it with the reference, without tinysnn."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tinysnn.image import ElfView
from tinysnn.paths import templates_dir
from tinysnn.renode.program import NEEDS_GE
from tinysnn.renode.scripts import render, render_platform, render_script, shipped_platform
from tinysnn.renode.stand_in import renode_board
from tinysnn.renode.stepped import BITS_PER_BYTE, BURST_BYTES
from tinysnn.renode.vectors import vectors

if TYPE_CHECKING:
    from tinysnn.boards import Board
    from tinysnn.image import Image
    from tinysnn.pack import Pack
    from tinysnn.stimulus import Stimulus
    from tinysnn.toolchain import Toolchain

PORT = 3456
"""Port of the UART's socket."""
_LIBRARY = "TinysnnVectors.py"
_SLICE_S = "0.002"
_SLICES = 5000
"""Slices of virtual time that one answer may take: 10 s in all."""


@dataclass(frozen=True)
class Project:
    """What was written."""

    folder: Path
    files: tuple[str, ...]
    board: Board
    """The board that runs: the one asked for, or the generic one of its core."""
    image: Image
    ticks: int


def write_project(
    pack: Pack,
    board: Board,
    stimuli: Sequence[Stimulus],
    folder: Path,
    *,
    toolchain: Toolchain | None = None,
) -> Project:
    """Build the firmware and write script, platform, Robot Framework suite and vectors.

    Files that are there are replaced; nothing is written unless everything could be made.

    Raises
    ------
    BoardError: Renode cannot run the board's core, or the image does not fit.
    BuildError, ToolMissing: the image cannot be built.
    StimulusError: a clip does not fit the pack.

    """
    from tinysnn.build import build

    runs = renode_board(board)
    with tempfile.TemporaryDirectory(prefix="tinysnn-renode-") as work:
        image = build([pack], runs, Path(work), toolchain=toolchain)
        texts = _texts(pack, board, runs, stimuli, image)
        folder.mkdir(parents=True, exist_ok=True)
        elf = Path(shutil.copyfile(image.elf, folder / f".{image.elf.name}.new"))
        elf.replace(folder / image.elf.name)
    for name, text in texts.items():
        partial = folder / f".{name}.new"
        partial.write_text(text, encoding="utf-8")
        partial.replace(folder / name)
    ticks = sum(stimulus.n_ticks for stimulus in stimuli)
    return Project(folder, (image.elf.name, *texts), runs, image, ticks)


def _texts(
    pack: Pack, board: Board, runs: Board, stimuli: Sequence[Stimulus], image: Image
) -> dict[str, str]:
    """The text files by name."""
    assert runs.renode is not None
    elf = ElfView(image.elf)
    payload = elf.word(elf.symbol("tsnn_max_payload").address)
    repl = f"{runs.id}.repl" if runs.renode.platform == "generic" else ""
    platform = f"$ORIGIN/{repl}" if repl else shipped_platform(runs)
    wanted = vectors(pack, stimuli, board=runs.id, max_payload=payload)
    texts = {
        f"{runs.id}.resc": render_script(
            runs, elf=f"$ORIGIN/{image.elf.name}", port=PORT, platform=platform, start=False
        ),
        f"{runs.id}.robot": render(
            "suite.robot.jinja",
            model=pack.name,
            board=runs.id,
            uart=runs.renode.uart,
            slice=_SLICE_S,
            slices=_SLICES,
            pace=f"{BURST_BYTES * BITS_PER_BYTE / runs.uart.baud:.6f}",
        ),
        "vectors.json": json.dumps(wanted, indent=1) + "\n",
        _LIBRARY: (templates_dir() / "renode" / _LIBRARY).read_text(encoding="utf-8"),
        "README.md": render(
            "README.md.jinja",
            model=pack.name,
            board=runs.id,
            built=runs.id,
            digest=pack.digest[:12],
            compiler=image.compiler,
            port=PORT,
            repl=repl,
            ticks=sum(stimulus.n_ticks for stimulus in stimuli),
            needs_new=runs.core in NEEDS_GE,
            stands_in="" if runs.id == board.id else board.id,
        ),
    }
    return {**texts, repl: render_platform(runs)} if repl else texts
