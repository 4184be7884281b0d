"""A CMake project: the models as a library for find_package, and a server or a firmware."""

from __future__ import annotations

from tinysnn.export.firmware_files import (
    Sources,
    board_project,
    headers,
    host_project,
    target_flags,
)
from tinysnn.export.request import IMAGE, Request, fill, license_text, model_files, project_view


def files(request: Request) -> dict[str, str]:
    """Every file of the project, by path."""
    view, models = project_view(request), model_files(request, "model/")
    project, sources = _program(request, models)
    arm = request.board is not None or request.core is not None
    facts = {
        "sources": sources,
        "compiled": tuple(name for name in models if name.endswith((".c", ".S")) and name != IMAGE),
        "headers": tuple(name for name in models if name.endswith(".h")),
        "target": target_flags(view.core) if arm else (),
        "has_assembly": any(name.endswith(".S") for name in (*models, *sources.all)),
    }
    found = {
        **models,
        **project,
        "CMakeLists.txt": fill("cmake/CMakeLists.txt", view, **facts),
        "cmake/config.cmake.in": fill("cmake/config.cmake.in", view),
        "README.md": fill("cmake/README.md", view, arm="yes" if arm else ""),
        "LICENSE": license_text(),
    }
    if arm:
        found["cmake/arm-none-eabi.cmake"] = fill("cmake/arm-none-eabi.cmake", view, **facts)
    return found


def _program(request: Request, models: dict[str, str]) -> tuple[dict[str, str], Sources]:
    """What is built beside the library: nothing where a core was named without a board."""
    if request.board is not None:
        return board_project(request.board, [*models])
    if request.core is None:
        return host_project([*models])
    found = {f"firmware/{name}": text for name, text in headers(("include",)).items()}
    return found, Sources((), (), ("firmware/include", "model"))
