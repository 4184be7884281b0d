"""`tinysnn generate`: packs to C."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tinysnn.cli.row_options import row_options

if TYPE_CHECKING:
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


@click.command(short_help="Write the C of one or more packs.")
@click.argument(
    "packs", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PACK..."
)
@click.option(
    "-o", "--output", required=True, type=click.Path(path_type=Path), help="Folder for the C files."
)
@click.option(
    "--core",
    type=click.Choice(CORES),
    default="cortex-m4",
    show_default=True,
    help="Core the kernels are chosen for.",
)
@row_options
def generate(
    packs: tuple[Path, ...], output: Path, core: str, rows: RowsForm, dense_fallback: Fallback
) -> None:
    """Write the C11 of one or more packs; files that would not change are left alone.

    \b
    tinysnn generate net.tsnn -o generated
    tinysnn generate yes_no.tsnn fan.tsnn -o generated --core cortex-m0
    """
    from tinysnn.emit import emit
    from tinysnn.pack import load
    from tinysnn.views.row_options import RowOptions

    options = RowOptions(rows, dense_fallback)
    for path in emit([load(pack) for pack in packs], output, core=core, options=options):
        click.echo(str(path))
