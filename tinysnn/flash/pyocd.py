"""Flashing through a debug probe with pyOCD, as a program of its own."""

from __future__ import annotations

import importlib.util
import json
import shutil
import sys
from typing import Any

from tinysnn.boards import Board
from tinysnn.choose import Choice, one_of
from tinysnn.errors import BoardError, DeviceError, ToolMissing
from tinysnn.flash.job import FlashJob
from tinysnn.flash.tool import Complaint, failure, run_tool, said

_LIST_LIMIT_S = 60.0


def find_pyocd() -> list[str] | None:
    """Command of pyOCD: the program on PATH, else the package of this Python; None: neither."""
    program = shutil.which("pyocd")
    if program is not None:
        return [program]
    return [sys.executable, "-m", "pyocd"] if importlib.util.find_spec("pyocd") else None


def flash_pyocd(job: FlashJob) -> str:
    """Write the image with `pyocd load`, which verifies it and resets the board; what was done.

    Raises
    ------
    ToolMissing: pyOCD is not here.
    BoardError: the board's file names no target of pyOCD.
    DeviceError: no probe, no permission, a target without its CMSIS pack, or another failure.
    OptionError: several probes, and nobody to ask.

    """
    target = _target(job.board)
    pyocd = find_pyocd()
    if pyocd is None:
        raise ToolMissing("pyocd is not here", fix="pip install 'tinysnn[pyocd]'")
    probe = _pick_probe(pyocd, job)
    _check_target(pyocd, job.board, target)
    command = [*pyocd, "load", "--no-wait", "--uid", probe, "--target", target]
    finished = run_tool([*command, "--format", "elf", str(job.elf)])
    if finished.code != 0:
        raise failure("pyocd", finished, extra=[_unknown_target(job.board, target)])
    return f"pyocd, target {target}, probe {probe}"


def _target(board: Board) -> str:
    target = board.flasher.pyocd_target if board.flasher else None
    if target is None:
        raise BoardError(
            "its file names no target of pyOCD",
            where=board.id,
            fix="Add [flasher] 'pyocd_target' (`pyocd list --targets`), or flash in another way.",
        )
    return target


def _unknown_target(board: Board, target: str) -> Complaint:
    return Complaint(
        r"Target type .* not recognized",
        f"this pyOCD does not know the chip {target} of {board.id}",
        f"Install its CMSIS pack: `pyocd pack update` and `pyocd pack install {target}`.",
    )


def _list(pyocd: list[str], what: str, key: str) -> list[dict[str, Any]]:
    """What `pyocd json` lists; entries that are no objects are left out."""
    finished = run_tool([*pyocd, "json", what], limit_s=_LIST_LIMIT_S)
    try:
        # Warnings of its libraries may come before the object.
        listed = json.loads(finished.text[finished.text.index("{") :])
        if listed["status"] != 0:
            raise failure("pyocd", finished)
        return [entry for entry in listed[key] if isinstance(entry, dict)]
    except (ValueError, LookupError, TypeError):
        raise DeviceError(
            f"cannot list its {key}: {said(finished.text)}",
            where="pyocd",
            fix="Check it with `pyocd list`.",
        ) from None


def _pick_probe(pyocd: list[str], job: FlashJob) -> str:
    """Serial number of the probe to use."""
    wanted = (job.probe or "").lower()
    probes = [
        Choice(str(entry.get("unique_id", "")), str(entry.get("info", "")))
        for entry in _list(pyocd, "--probes", "boards")
    ]
    fitting = [probe for probe in probes if wanted in probe.value.lower()]
    if fitting:
        return one_of(fitting, what="debug probe", option="--probe", ask=job.ask)
    listed = ", ".join(map(str, probes))
    raise DeviceError(
        f"no debug probe with {job.probe!r} in its number is connected; there are: {listed}"
        if probes
        else "no debug probe is connected",
        where=job.board.id,
        fix="Plug the board in with a cable that carries data; on Linux pyOCD's udev rules must be "
        "installed, or probes stay hidden (its repository, folder 'udev').",
    )


def _check_target(pyocd: list[str], board: Board, target: str) -> None:
    """Refuse a target that pyOCD lacks before anything is touched."""
    known = {str(entry.get("name", "")).lower() for entry in _list(pyocd, "--targets", "targets")}
    if target.lower() not in known:
        missing = _unknown_target(board, target)
        raise DeviceError(missing.what, where="pyocd", fix=missing.fix)
