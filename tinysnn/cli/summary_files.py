"""Files of ``--summary``: a badge, or Markdown added to what is there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tinysnn.cli.screen import write_json
from tinysnn.errors import TinysnnError

if TYPE_CHECKING:
    from tinysnn.summary import Summary


def write_summaries(files: Sequence[str], summary: Summary) -> None:
    """Write a badge to each file that ends in .json, and add Markdown to each other.

    GitHub's step summary is a file that steps add to, so Markdown never replaces what is there.

    Raises
    ------
    TinysnnError: a file cannot be written.

    """
    for name in files:
        if name.endswith(".json"):
            write_json(summary.badge(), name)
            continue
        try:
            with Path(name).open("a", encoding="utf-8") as file:
                file.write(summary.markdown())
        except OSError as error:
            raise TinysnnError(f"cannot be written ({error.strerror})", where=name) from None


@contextmanager
def summaries_of_failure(files: Sequence[str], pack: str, where: str) -> Iterator[None]:
    """Write what went wrong too: a badge must not go on showing the success before."""
    try:
        yield
    except TinysnnError as error:
        from tinysnn.summary import failed

        write_summaries(files, failed(error, pack, where))
        raise
