"""Fills a build folder: a project of its own, in which what has not changed stays as it is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tinysnn.errors import BuildError
from tinysnn.paths import firmware_dir
from tinysnn.views.row_options import AUTO, RowOptions

if TYPE_CHECKING:
    from tinysnn.pack import Pack

_TRAVELS = (".c", ".h", ".S", ".ld")
"""Files of the firmware that a build folder gets."""


def replace_text(path: Path, text: str) -> None:
    """Write a file unless it says so already; never half of it."""
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.new")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


def _copy_tree(source: Path, target: Path) -> None:
    """Make the C files under `target` those under `source`; files that are the same stay."""
    if source.resolve() == target.resolve():
        return
    wanted = {p.relative_to(source) for p in source.rglob("*") if p.suffix in _TRAVELS}
    for stale in [p for p in target.rglob("*") if p.is_file()]:
        if stale.relative_to(target) not in wanted:
            stale.unlink()
    for name in sorted(wanted):
        replace_text(target / name, (source / name).read_text(encoding="utf-8"))


def emit_models(
    packs: Sequence[Pack], model_dir: Path, core: str, options: RowOptions = AUTO
) -> None:
    """Generate the C of `packs` and remove that of models built here before."""
    from tinysnn.emit import emit

    files = {path.resolve() for path in emit(packs, model_dir, core=core, options=options)}
    for path in model_dir.resolve().iterdir():
        if path.suffix in (".c", ".h", ".S") and path not in files:
            path.unlink()


def lay_out(model_dir: Path, out_dir: Path) -> list[str]:
    """Bring models and firmware into `out_dir`; the models' sources, relative to it."""
    if not model_dir.is_dir():
        raise BuildError("there is no such folder of generated C", where=str(model_dir))
    _copy_tree(model_dir, out_dir / "model")
    _copy_tree(firmware_dir(), out_dir / "firmware")
    sources = sorted(f"model/{path.name}" for path in (out_dir / "model").glob("*.[cS]"))
    if "model/tsnn_image.c" not in sources:
        raise BuildError("holds no tsnn_image.c", where=str(model_dir))
    return sources
