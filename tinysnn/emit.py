"""Packs to C: renders the templates and writes only what changed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from tinysnn.boards import Core
from tinysnn.errors import OptionError
from tinysnn.pack import Pack
from tinysnn.paths import firmware_dir, templates_dir
from tinysnn.views.model import view_image, view_model
from tinysnn.views.row_options import AUTO, RowOptions

if TYPE_CHECKING:
    import jinja2

RUNTIME_HEADERS = (
    *("tsnn.h", "tsnn_kernel.h", "tsnn_image.h", "tsnn_past.h", "tsnn_learn.h", "tsnn_dsp.h"),
    "tsnn_rotation.h",
)
"""Hand-written headers that generated files may include; those in use are copied beside them, so
that they compile."""

CORES: tuple[str, ...] = get_args(Core)
"""Cores that kernels can be chosen for: those that boards have."""

LINE_WIDTH = 100


def emit(
    packs: Sequence[Pack], out_dir: Path, *, core: str, options: RowOptions = AUTO
) -> list[Path]:
    """Write the C of some models and of the image that holds them.

    Parameters
    ----------
    packs: one or more models with different names; slot numbers follow this order.
    out_dir: folder for `tsnn_<model>.h`, `tsnn_<model>.c`, `tsnn_image.c` and the headers they
        include; made if missing.
    core: the core that kernels are chosen for, one of `CORES`.
    options: how rows are stored and walked; by default as costs say.

    Returns
    -------
    The files, whether they changed or not.

    Raises
    ------
    OptionError: if two models have one name, or the core is unknown.

    """
    files = []
    texts = render(packs, core=core, options=options)
    texts |= _headers(texts)
    out_dir.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        path = out_dir / name
        if not path.exists() or path.read_text() != text:
            partial = path.with_suffix(path.suffix + ".part")
            partial.write_text(text)
            partial.replace(path)
        files.append(path)
    return files


def _headers(texts: Mapping[str, str]) -> dict[str, str]:
    """The hand-written headers that these texts include."""
    used = [n for n in RUNTIME_HEADERS if any(f'#include "{n}"' in t for t in texts.values())]
    return {name: (firmware_dir() / "include" / name).read_text() for name in used}


def render(packs: Sequence[Pack], *, core: str, options: RowOptions = AUTO) -> dict[str, str]:
    """The generated files by name; see `emit`."""
    if core not in CORES:
        raise OptionError(f"unknown core {core!r}", fix=f"Known are {', '.join(CORES)}")
    names = [pack.name for pack in packs]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice or not packs:
        what = f"two models are named {twice[0]!r}" if twice else "no model"
        raise OptionError(what, fix="Pack one of them with another --name")
    jinja = environment()
    texts = {}
    for pack in packs:
        view = view_model(pack, core, options)
        for suffix in ("h", "c"):
            template = jinja.get_template(f"model.{suffix}.jinja")
            texts[f"{view.prefix}.{suffix}"] = tidy(template.render(m=view))
        if view.has_assembly:
            template = jinja.get_template("kernels.S.jinja")
            texts[f"{view.prefix}_kernels.S"] = tidy(template.render(m=view))
    image = jinja.get_template("image.c.jinja")
    texts["tsnn_image.c"] = tidy(image.render(image=view_image(list(packs))))
    return texts


def environment() -> jinja2.Environment:
    """Jinja for all templates: texts and integers only, unknown names are errors."""
    import jinja2

    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(templates_dir()),
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # noqa: S701  # C, not HTML
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_only_text,
    )
    made.filters["c_rows"] = c_rows
    return made


def _only_text(value: Any) -> Any:
    """Refuse to print what has no defined form in C."""
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise TypeError(f"a template printed {value!r}: make it a text in a view")
    return value


def c_rows(values: Sequence[int], style: str) -> str:
    """A table's entries, wrapped and indented."""
    tokens = [f"0x{v:08X}u," if style == "hex" else f"{v}," for v in values]
    lines, line = [], "   "
    for token in tokens:
        if len(line) + 1 + len(token) > LINE_WIDTH:
            lines.append(line)
            line = "   "
        line += f" {token}"
    lines.append(line)
    return "\n".join(lines).rstrip(",")


def tidy(text: str) -> str:
    """Close up what block tags leave: trailing blanks and runs of empty lines."""
    text = re.sub(r"[ \t]+$", "", text, flags=re.MULTILINE)
    return re.sub(r"\n{3,}", "\n\n", text).strip("\n") + "\n"
