"""Flashing through a GDB server: OpenOCD, pyOCD, J-Link, Black Magic Probe, QEMU."""

from __future__ import annotations

from tinysnn.errors import OptionError
from tinysnn.flash.job import FlashJob


def flash_gdb(job: FlashJob) -> str:
    """Write the image through the server, read it back and reset the board; what was done.

    Raises
    ------
    OptionError: no address, or one that is none.
    DeviceError: nobody listens there, the server refuses, or memory reads back other bytes.

    """
    from tinysnn.flash_gdb import flash_elf

    if job.gdb is None:
        raise OptionError(
            "--method gdb needs the address of a server", fix="Add --gdb HOST:PORT, such as :3333."
        )
    written = flash_elf(job.elf, job.gdb)
    return f"gdb server {job.gdb}, {written:,} bytes written and read back"
