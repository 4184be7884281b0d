"""`tinysnn generate`: packs to C, alone or as a project."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tinysnn.cli.row_options import row_options
from tinysnn.errors import OptionError
from tinysnn.export import FORMATS

if TYPE_CHECKING:
    from tinysnn.export.request import Request
    from tinysnn.pack import Pack
    from tinysnn.stimulus import Stimulus
    from tinysnn.views.row_options import Fallback, RowsForm

CORES = (
    "cortex-m0",
    "cortex-m0plus",
    "cortex-m3",
    "cortex-m4",
    "cortex-m7",
    "cortex-m33",
    "cortex-m55",
)
DEFAULT_CORE = "cortex-m4"
"""Of the C alone; a project without a board or core gets C for any processor."""


@click.command(short_help="Write the C of one or more packs, or a project around it.")
@click.argument(
    "packs", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PACK..."
)
@click.option(
    "-o", "--output", required=True, type=click.Path(path_type=Path), help="Folder for the files."
)
@click.option(
    "--format",
    "kind",
    type=click.Choice(FORMATS),
    help="Write a project that builds on its own; without it, the C of the models alone.",
)
@click.option(
    "--board",
    metavar="BOARD",
    help="Board id or board file; for PlatformIO also its PLATFORM/BOARD.",
)
@click.option(
    "--core",
    type=click.Choice(CORES),
    help=f"Core the kernels are chosen for, without a board. [{DEFAULT_CORE} for the C alone]",
)
@click.option(
    "--input",
    "input_file",
    type=click.Path(path_type=Path),
    help="Input for the test of a PlatformIO project, as for `tinysnn run`; else random.",
)
@click.option(
    "--offline", is_flag=True, help="A PlatformIO project that needs nothing of its registry."
)
@click.option("--force", is_flag=True, help="Replace files of the project that you have changed.")
@row_options
def generate(
    packs: tuple[Path, ...],
    output: Path,
    kind: str | None,
    *,
    rows: RowsForm,
    dense_fallback: Fallback,
    **flags: Any,
) -> None:
    """Write the C11 of one or more packs; files that would not change are left alone.

    With --format it is a project with the firmware or server around the models, and a README that
    says how to build it (docs/exports.md).

    \b
    tinysnn generate net.tsnn -o generated
    tinysnn generate yes_no.tsnn fan.tsnn -o generated --core cortex-m0
    tinysnn generate net.tsnn --format platformio --board nucleo_f446re -o project
    tinysnn generate net.tsnn --format platformio --board espressif32/esp32dev -o project
    tinysnn generate net.tsnn --format arduino --core cortex-m4 -o TinysnnNet
    """
    from tinysnn.pack_file import load
    from tinysnn.views.row_options import RowOptions

    _check_flags(kind, flags)
    loaded, options = [load(pack) for pack in packs], RowOptions(rows, dense_fallback)
    if kind is None:
        paths = _plain(loaded, output, options, flags)
    else:
        from tinysnn.export import export

        request = _request(kind, loaded, options, flags)
        paths = export(kind, request, output, replace=flags["force"])
    for path in paths:
        click.echo(str(path))


def _check_flags(kind: str | None, flags: dict[str, Any]) -> None:
    """Refuse flags that would do nothing."""
    for name in ("offline", "input_file"):
        if flags[name] and kind != "platformio":
            word = name.removesuffix("_file")
            raise OptionError(
                f"--{word} is for --format platformio", fix=f"Leave --{word} out, or add it."
            )
    if flags["force"] and kind is None:
        raise OptionError("--force is for --format", fix="Leave it out.")


def _plain(packs: list[Pack], output: Path, options: Any, flags: dict[str, Any]) -> list[Path]:
    from tinysnn.boards import load_board
    from tinysnn.emit import emit

    if flags["board"] and flags["core"]:
        raise OptionError("--core and --board are both given", fix="Leave one of them out.")
    core = load_board(flags["board"]).core if flags["board"] else flags["core"] or DEFAULT_CORE
    return emit(packs, output, core=core, options=options)


def _request(kind: str, packs: list[Pack], options: Any, flags: dict[str, Any]) -> Request:
    from tinysnn.boards import load_board
    from tinysnn.export.request import Request

    board = flags["board"] or ""
    # A path of a board file has slashes too; only PlatformIO has boards that tinysnn does not know.
    foreign = kind == "platformio" and "/" in board and not board.endswith(".toml")
    return Request(
        packs=tuple(packs),
        board=load_board(board) if board and not foreign else None,
        core=flags["core"],
        rows=options,
        clips=tuple(_clips(packs[0], flags["input_file"])),
        offline=flags["offline"],
        pio_board=board if foreign else "",
    )


def _clips(pack: Pack, path: Path | None) -> list[Stimulus]:
    from tinysnn.load.stimuli import load_stimuli

    if path is None:
        return []
    return load_stimuli(path, n_in=pack.meta.n_in, graded=pack.graded_input, dt_s=pack.meta.dt_s)
