"""What an evaluation has found so far, in a file to which lines are only ever appended.

The first line says what is evaluated; each further line is one chunk of clips. A line that was cut
off by a crash is dropped, so the file always says something true.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec

from tinysnn.errors import OptionError, TinysnnError
from tinysnn.evaluate.clip import Chunk

MAX_BYTES = 1 << 30


class Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the chunks belong to; a file with another header is not continued."""

    format: int
    digest: str
    """Of the pack."""
    clips: str
    """SHA-256 of inputs and labels, in their order."""
    runner: str
    board: str
    compiler: str


def partial_path(result: Path) -> Path:
    """The file beside the result."""
    return result.with_name(result.name + ".part")


class Partial:
    """The open file; a context manager."""

    def __init__(self, path: Path, header: Header, *, resume: bool) -> None:
        self.path = path
        self.chunks: list[Chunk] = []
        """What earlier runs have found."""
        try:
            if path.exists() and path.stat().st_size:
                self._go_on(header, resume=resume)
            self._file = path.open("ab")
            if not self._file.tell():
                self._append(msgspec.json.encode(header))
        except OSError as error:
            raise TinysnnError(f"cannot be written ({error.strerror})", where=str(path)) from error

    def add(self, chunk: Chunk) -> None:
        """Append a chunk."""
        self._append(msgspec.json.encode(chunk))

    def __enter__(self) -> Partial:  # noqa: PYI034 (typing.Self needs Python 3.11)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def _append(self, line: bytes) -> None:
        self._file.write(line + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())

    def _holds_chunks(self) -> bool:
        """Whether anything follows the header; whatever is not ours is not touched."""
        with self.path.open("rb") as file:
            lines = _whole_lines(file.read(1 << 20))
        return len(lines) != 1 or not lines[0].startswith(b'{"format":')

    def _go_on(self, header: Header, *, resume: bool) -> None:
        """Read what is there, and cut off a line that is not whole."""
        if not resume and not self._holds_chunks():
            os.truncate(self.path, 0)  # it ended before the first chunk: nothing is lost
            return
        if not resume:
            raise OptionError(
                "holds an evaluation that was interrupted",
                where=str(self.path),
                fix="Go on with --resume, or remove the file to start again.",
            )
        if self.path.stat().st_size > MAX_BYTES:
            raise OptionError("is too large", where=str(self.path), fix="Remove it.")
        data = self.path.read_bytes()
        lines = _whole_lines(data)
        if lines and _decoded(lines[:1], Header, self.path) != [header]:
            raise OptionError(
                "belongs to another evaluation: pack, clips, runner, board or compiler differ",
                where=str(self.path),
                fix="Remove it, or choose another --json file.",
            )
        self.chunks = _decoded(lines[1:], Chunk, self.path)
        os.truncate(self.path, data.rfind(b"\n") + 1)


def _whole_lines(data: bytes) -> list[bytes]:
    """Lines that end; what a crash cut off is no line."""
    return data[: data.rfind(b"\n") + 1].splitlines()


def _decoded(lines: Sequence[bytes], kind: type[msgspec.Struct], path: Path) -> list[Any]:
    try:
        return [msgspec.json.decode(line, type=kind) for line in lines]
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise OptionError(f"is damaged ({error})", where=str(path), fix="Remove it.") from error
