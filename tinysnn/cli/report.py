"""`tinysnn report`: packs and evaluations as one page for a browser."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tinysnn.errors import OptionError

if TYPE_CHECKING:
    from tinysnn.report.inputs import Subject
    from tinysnn.stimulus import Stimulus


@click.command(short_help="Write a page with accuracy, spikes, memory and cost.")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", required=True, type=click.Path(path_type=Path), help="The HTML file."
)
@click.option("--title", default="", help="Title of the page; by default the models' names.")
@click.option(
    "--input",
    "input_file",
    type=click.Path(path_type=Path),
    help="Show the first clip of this file, as for `tinysnn run`, instead of the evaluation's.",
)
def report(files: tuple[Path, ...], output: Path, title: str, input_file: Path | None) -> None:
    """Write one HTML page about packs and evaluations (.json of `tinysnn evaluate`).

    The page holds everything it shows and needs no network: verdict, accuracy, confusion matrix,
    spikes, membranes, firing rates, memory, instructions. An evaluation is shown with its pack if
    that is given too; several of both are compared.

    \b
    tinysnn report net.tsnn net.json -o report.html
    tinysnn report net8.tsnn net8.json net4.tsnn net4.json -o widths.html --title "8 or 4 bit"
    tinysnn report net.tsnn --input clips.npz -o report.html
    """
    from tinysnn.report.inputs import read_subjects
    from tinysnn.report.page import render, write_report

    if any(output.resolve() == path.resolve() for path in files):
        raise OptionError("is also one of the inputs", where=str(output), fix="Choose another -o.")

    def clip_for(subject: Subject) -> Stimulus | None:
        if input_file is None or subject.pack is None:
            return None
        from tinysnn.load.stimuli import load_stimuli

        pack = subject.pack
        found = load_stimuli(
            input_file, n_in=pack.meta.n_in, graded=pack.graded_input, dt_s=pack.meta.dt_s
        )
        return found[0]

    write_report(render(read_subjects(files), title=title, clip_for=clip_for), output)
    click.echo(f"Written to {output} ({output.stat().st_size:,} bytes).")
