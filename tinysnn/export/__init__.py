"""Projects of their own made of packs: plain C, CMake, PlatformIO, Arduino and Zephyr.

One module per format, which says what lies where; templates are in ``templates/project/<format>``.
`request` is what is asked for, `tree` writes the files without losing what a user has changed.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tinysnn.export.request import Request

FORMATS = ("c", "cmake", "platformio", "arduino", "zephyr")


def export(kind: str, request: Request, folder: Path, *, replace: bool = False) -> list[Path]:
    """Write a project into a folder, which is made if missing.

    Parameters
    ----------
    kind: one of `FORMATS`.
    request: what it holds and what it is for.
    folder: where it goes; files of an earlier export that are no longer part of it are removed.
    replace: overwrite files that are not from an export, or were changed since.

    Returns
    -------
    The files of the project, whether they changed or not.

    Raises
    ------
    OptionError: the format is unknown or cannot serve the request, or a file would be lost.
    BoardError: the board is none that the format knows.

    """
    from tinysnn.errors import OptionError
    from tinysnn.export.tree import write_tree

    if kind not in FORMATS:
        raise OptionError(f"there is no format '{kind}'", fix=f"Formats: {', '.join(FORMATS)}.")
    files = import_module(f"tinysnn.export.{kind}").files(request)
    return write_tree(folder, kind, files, replace=replace)
