"""The firmware as a process, and a line to it."""

from __future__ import annotations

import os
import selectors
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.firmware.client import Line
from tests.tools import need
from tinysnn.build_host import build_host_server

MODEL = Path(__file__).parent / "model"


class Server:
    """A server process and the line to it."""

    def __init__(self, program: Path) -> None:
        self.process = subprocess.Popen(
            [program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self._stdin, self._stdout = self.process.stdin, self.process.stdout
        self._ready = selectors.DefaultSelector()
        self._ready.register(self._stdout, selectors.EVENT_READ)
        self.line = Line(self.write, self.read)

    def write(self, data: bytes) -> None:
        self._stdin.write(data)
        self._stdin.flush()

    def read(self, timeout_s: float) -> bytes:
        return os.read(self._stdout.fileno(), 65536) if self._ready.select(timeout_s) else b""

    def close(self) -> tuple[int, bytes]:
        """End the server in the proper way; its exit code and what a sanitizer said."""
        self._stdin.close()
        self._ready.close()
        assert self.process.stderr is not None
        with self._stdout, self.process.stderr:
            self._stdout.read()
            said = self.process.stderr.read()
        return self.process.wait(10), said


@pytest.fixture(scope="session")
def server_program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The firmware with the hand-written models, under address and UB sanitizers."""
    need("cc")
    return build_host_server(MODEL, tmp_path_factory.mktemp("server"), sanitize=True)


@pytest.fixture
def server(server_program: Path) -> Iterator[Server]:
    """A fresh server; it must end without a complaint of the sanitizers."""
    running = Server(server_program)
    yield running
    assert running.close() == (0, b"")


@pytest.fixture
def line(server: Server) -> Line:
    """A line to a server without a session."""
    return server.line


@pytest.fixture
def session(line: Line) -> Line:
    """A line to slot 0 after HELLO with seq 100."""
    line.connect(100)
    return line
