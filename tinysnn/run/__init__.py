"""Runners: where a model can be run, behind one protocol."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tinysnn.errors import OptionError

if TYPE_CHECKING:
    from tinysnn.boards import Board
    from tinysnn.choose import Ask
    from tinysnn.image import Image
    from tinysnn.link_faults import Faults
    from tinysnn.pack import Pack
    from tinysnn.run.base import Runner

RUNNERS = ("host", "unicorn", "qemu", "renode", "serial")


def open_runner(
    name: str,
    *,
    packs: Sequence[Pack],
    image: Image | None = None,
    board: Board | None = None,
    port: str | None = None,
    baud: int | None = None,
    ask: Ask | None = None,
    work_dir: Path | None = None,
    slot: int = 0,
    faults: Faults | None = None,
) -> Runner:
    """Start a runner, and make sure that it runs `packs[slot]`. Close it when done, or use `with`.

    Parameters
    ----------
    name: one of `RUNNERS`.
    packs: the packs in the image, in slot order.
    image: the firmware, for unicorn, qemu and renode.
    board: the board at the port, for serial (its baud rate); else the image's.
    port: name or URL of the port, for serial; by default the one with the board's USB id.
    baud: rate in bit/s, for serial; by default the board's.
    ask: who picks one of several ports; None: that is an error, which lists them.
    work_dir: folder for files of the run; a temporary one if none is given.
    slot: which of the packs.
    faults: damage to inject into the line, for tests; not for host.

    Raises
    ------
    OptionError: an unknown runner, or something it needs is missing.
    ToolMissing: the emulator is not on this machine.
    DeviceError: the device does not answer, or runs another model.

    """
    if name not in RUNNERS:
        raise OptionError(f"unknown runner {name!r}", fix=f"Runners: {', '.join(RUNNERS)}.")
    if not 0 <= slot < len(packs):
        raise OptionError(f"slot {slot} of {len(packs)} packs", fix="Slots are counted from 0.")
    if name == "host":
        from tinysnn.run.host import HostRunner

        return HostRunner(packs, slot, work_dir)
    from tinysnn.run.base import Job, expected_model

    job = Job(expected_model(packs[slot]), slot, image, faults)
    if name == "unicorn":
        from tinysnn.run.unicorn import UnicornRunner

        return UnicornRunner(job)
    if name == "qemu":
        from tinysnn.run.qemu import QemuRunner

        return QemuRunner(job)
    if name == "renode":
        from tinysnn.run.renode import RenodeRunner

        return RenodeRunner(job, work_dir)
    from tinysnn.run.serial import SerialRunner

    return SerialRunner(job, board or (image.board if image else None), port, baud, ask)
