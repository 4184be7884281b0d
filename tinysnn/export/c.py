"""Plain C with a Makefile: the firmware of a board, or the server as a process of this machine."""

from __future__ import annotations

from tinysnn.errors import OptionError
from tinysnn.export.firmware_files import (
    board_project,
    common_flags,
    host_project,
    target_flags,
)
from tinysnn.export.request import Request, fill, license_text, model_files, project_view


def files(request: Request) -> dict[str, str]:
    """Every file of the project, by path.

    Raises
    ------
    OptionError: a core was named without a board.

    """
    if request.core is not None:
        raise OptionError(
            "--core without --board makes no program",
            fix="Name a --board, or leave out --format to get the C of the models alone.",
        )
    view, models = project_view(request), model_files(request, "model/")
    board = request.board
    project, sources = board_project(board, [*models]) if board else host_project([*models])
    facts = {
        "sources": sources,
        "flags": " ".join(common_flags()),
        "target": " ".join(target_flags(view.core)) if board else "",
    }
    return {
        **models,
        **project,
        "Makefile": fill("c/Makefile", view, **facts),
        "README.md": fill("c/README.md", view),
        "LICENSE": license_text(),
    }
