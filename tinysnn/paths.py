"""Finds what travels beside the Python code: templates, firmware, boards and models.

In a wheel they lie in ``tinysnn/_data``; in a checkout (editable installs included) they are the
folders of the same name at the top of the repository. This is the only module that knows.
"""

from __future__ import annotations

from pathlib import Path

from tinysnn.errors import ToolMissing

_PACKAGE = Path(__file__).resolve().parent


def _find(name: str) -> Path:
    """Folder `name`, from the installed package first, then from the checkout.

    Raises
    ------
    ToolMissing
        Neither is there: the installation is damaged.
    """
    for folder in (_PACKAGE / "_data" / name, _PACKAGE.parent / name):
        if folder.is_dir():
            return folder
    raise ToolMissing(
        f"the folder '{name}' is not part of this installation",
        where=str(_PACKAGE),
        fix="Install tinysnn again, from a wheel or from a complete checkout.",
    )


def templates_dir() -> Path:
    """Jinja templates of the generated C."""
    return _find("templates")


def firmware_dir() -> Path:
    """Hand-written C: ``include/``, ``src/``, ``port/`` and ``ld/``."""
    return _find("firmware")


def boards_dir() -> Path:
    """Board descriptions, ``<id>.toml``."""
    return _find("boards")


def license_file() -> Path:
    """The text of the licence.

    Raises
    ------
    ToolMissing
        It is not there: the installation is damaged.
    """
    for path in (_PACKAGE / "_data" / "LICENSE", _PACKAGE.parent / "LICENSE"):
        if path.is_file():
            return path
    raise ToolMissing(
        "the licence is not part of this installation",
        where=str(_PACKAGE),
        fix="Install tinysnn again, from a wheel or from a complete checkout.",
    )


def models_dir() -> Path:
    """Trained networks that ship with the project."""
    return _find("models")
