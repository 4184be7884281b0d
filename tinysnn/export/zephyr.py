"""A Zephyr module with a sample: ``zephyr/module.yml``, Kconfig and CMake around the models.

Schema of module.yml: Zephyr's scripts/zephyr_module.py; layout: "Modules (External projects)".
"""

from __future__ import annotations

from pathlib import PurePosixPath

from tinysnn.export.ports import export_header, for_framework, server_files
from tinysnn.export.request import (
    IMAGE,
    Request,
    fill,
    license_text,
    model_files,
    project_view,
)


def files(request: Request) -> dict[str, str]:
    """Every file of the module, by path."""
    plain = for_framework(request)
    board = request.board
    view = project_view(plain, board_id=board.id if board else "")
    models = model_files(plain, "model/")
    server = {f"firmware/{_place(name)}": text for name, text in server_files("zephyr").items()}
    zephyr_board = board.zephyr.board if board and board.zephyr else "BOARD"
    facts = {
        "board": zephyr_board,
        "models": _compiled([name for name in models if name != IMAGE]),
        "server": _compiled([IMAGE, *server]),
    }
    return {
        **models,
        **server,
        "firmware/src/tsnn_export.h": export_header(
            view, f'"{board.id}"' if board else "CONFIG_BOARD"
        ),
        "zephyr/module.yml": fill("zephyr/module.yml", view),
        "CMakeLists.txt": fill("zephyr/CMakeLists.txt", view, **facts),
        "Kconfig": fill("zephyr/Kconfig", view),
        **{
            f"samples/serve/{name}": fill(f"zephyr/{name}", view, **facts)
            for name in ("prj.conf", "sample.yaml", "src/main.c")
        },
        "samples/serve/CMakeLists.txt": fill("zephyr/CMakeLists_sample.txt", view, **facts),
        "README.md": fill("zephyr/README.md", view, **facts),
        "LICENSE": license_text(),
    }


def _compiled(names: list[str]) -> tuple[str, ...]:
    return tuple(name for name in names if name.endswith((".c", ".S")))


def _place(name: str) -> str:
    """The port's header is for applications, so it goes to the public ones."""
    path = PurePosixPath(name)
    return f"include/{path.name}" if path.parts[0] == "port" and path.suffix == ".h" else name
