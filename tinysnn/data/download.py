"""Fetching files from the official places of data sets: checked, resumable set by set.

pooch downloads to a temporary name and moves the file once its checksum is right, so a file that is
there is whole; of a set of many files, those that are there are not fetched again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tinysnn.errors import ToolMissing


class Progress(Protocol):
    """What pooch calls while it downloads (a tqdm bar fits)."""

    total: int

    def update(self, amount: int) -> object:
        """`amount` more bytes have arrived."""

    def reset(self) -> object:
        """Start again from nothing."""

    def close(self) -> object:
        """The download is over."""


@dataclass(frozen=True)
class RemoteFile:
    """One file of a data set."""

    url: str
    name: str
    """Under which it is kept."""
    digest: str
    """``sha256:...`` or ``md5:...`` (where only that is published)."""
    size: int | None = None
    """Bytes; None: not published."""


def fetch_file(file: RemoteFile, folder: Path, progress: Progress | None = None) -> Path:
    """Download a file unless it is here, check it, and return its path.

    Raises
    ------
    ToolMissing: no network, or the server does not answer as it should; nothing is left behind.

    """
    import pooch

    try:
        pooch.retrieve(
            file.url,
            known_hash=file.digest,
            fname=file.name,
            path=folder,
            downloader=pooch.HTTPDownloader(progressbar=progress or False),
        )
    except (OSError, ValueError) as error:
        raise ToolMissing(
            f"cannot be fetched ({error})",
            where=file.url,
            fix="Check the network, or name a folder of recordings with --data.",
        ) from error
    return folder / file.name


def fetch_all(
    files: Sequence[RemoteFile],
    folder: Path,
    progress: Callable[[int, int], None] | None = None,
) -> list[Path]:
    """Download all files of a set; `progress` is called with bytes done and bytes in all."""
    total = sum(file.size or 0 for file in files)
    done, paths = 0, []
    for file in files:
        bar = _Bar(progress, done, total) if progress else None
        paths.append(fetch_file(file, folder, bar))
        done += paths[-1].stat().st_size
    return paths


class _Bar:
    """A progress bar in the shape that pooch calls."""

    def __init__(self, show: Callable[[int, int], None], before: int, known: int) -> None:
        self.show, self.before, self.known = show, before, known
        self.total = 0
        self._done = 0

    def update(self, amount: int) -> None:
        """`amount` more bytes have arrived."""
        self._done += amount
        self.show(self.before + self._done, max(self.known, self.before + self.total))

    def reset(self) -> None:
        """Pooch calls this before it fills the bar at the end."""
        self._done = 0

    def close(self) -> None:
        """The download is over; the bar goes with its context."""
