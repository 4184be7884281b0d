"""A QEMU machine that waits for an image: memory empty, halted, a GDB server, its UART a socket."""

from __future__ import annotations

import socket
import subprocess
import time
from contextlib import contextmanager, suppress
from typing import NamedTuple

from tinysnn.run.process import HOST, free_port
from tinysnn.run.qemu import find_qemu


class Halted(NamedTuple):
    gdb: str
    serial: str


@contextmanager
def halted_qemu(board):
    """Start it; yields where its GDB server and its UART are."""
    gdb, uart = free_port(), free_port()
    command = [find_qemu(), "-machine", board.qemu.machine, "-nographic", "-monitor", "none"]
    command += [*board.qemu.args, "-S", "-gdb", f"tcp:{HOST}:{gdb}"]
    command += ["-serial", f"tcp:{HOST}:{uart},server=on,wait=off,nodelay=on"]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    try:
        _wait_for(gdb)
        yield Halted(f"{HOST}:{gdb}", f"socket://{HOST}:{uart}")
    finally:
        process.kill()
        process.wait()


def _wait_for(port):
    """QEMU opens its ports before it is ready; one that is never opened fails the test."""
    for _ in range(200):
        with suppress(OSError):
            socket.create_connection((HOST, port), timeout=1).close()
            return
        time.sleep(0.05)
    raise AssertionError("QEMU opened no port")
