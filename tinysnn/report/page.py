"""The whole page, from packs and evaluations to HTML."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tinysnn import __version__
from tinysnn.errors import TinysnnError
from tinysnn.evaluate.result import Evaluation
from tinysnn.paths import templates_dir
from tinysnn.report.charts import style
from tinysnn.report.costs import bits_chart, bits_text
from tinysnn.report.evaluations import accuracy_text, divergence, number
from tinysnn.report.inputs import Subject
from tinysnn.report.subjects import view_subject
from tinysnn.report.view import Chart, PageView, Table

if TYPE_CHECKING:
    from tinysnn.stimulus import Stimulus

ClipFor = Callable[[Subject], "Stimulus | None"]


def write_report(page: str, path: Path) -> None:
    """Write the page; the file appears whole or not at all.

    Raises
    ------
    TinysnnError: it cannot be written.

    """
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        partial.write_text(page, encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise TinysnnError(f"cannot be written ({error.strerror})", where=str(path)) from error


def render(
    subjects: Sequence[Subject], *, title: str = "", clip_for: ClipFor = lambda _: None
) -> str:
    """The page as HTML.

    Parameters
    ----------
    subjects: models with their evaluations, see `tinysnn.report.inputs.read_subjects`.
    title: of the page; by default the names of the models.
    clip_for: the clip to show for a model; None: the one that its evaluation keeps.

    Raises
    ------
    ToolMissing: matplotlib is not installed.
    StimulusError: a clip does not fit its pack.

    """
    import jinja2

    with style():
        view = _page(subjects, title, clip_for)
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(templates_dir() / "report"),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html.jinja").render(page=view)


def _page(subjects: Sequence[Subject], title: str, clip_for: ClipFor) -> PageView:
    every = [found for subject in subjects for found in subject.evaluations]
    names = list(dict.fromkeys(subject.name for subject in subjects))
    kind, verdict, more = _verdict(every)
    return PageView(
        title=title or ", ".join(names),
        verdict_kind=kind,
        verdict=verdict,
        verdict_more=more,
        overview=_overview(every),
        charts=_across(every),
        subjects=tuple(view_subject(subject, clip_for(subject)) for subject in subjects),
        commands=_commands(subjects),
        version=__version__,
    )


def _verdict(every: Sequence[Evaluation]) -> tuple[str, str, str]:
    """Kind, first line, second line."""
    if not every:
        return "open", "Not run on a device", "No evaluation was given: see how to reproduce."
    clips = sum(len(found.clips) for found in every)
    ticks = sum(clip.ticks for found in every for clip in found.clips)
    bad = [found for found in every if found.mismatches]
    if bad:
        wrong = sum(found.mismatches for found in bad)
        first = f"{wrong:,} of {clips:,} clips differ from the reference"
        return "bad", first, divergence(bad[0])
    where = ", ".join(dict.fromkeys(f"{f.device.runner} ({f.device.board})" for f in every))
    return (
        "good",
        "The device does bit for bit what the reference does",
        f"{clips:,} clips, {ticks:,} ticks, state compared after every tick, on {where}.",
    )


def _overview(every: Sequence[Evaluation]) -> Table | None:
    if not every:
        return None
    rows = tuple(
        (
            found.pack,
            bits_text(found),
            found.dataset or "-",
            f"{found.device.runner}, {found.device.board}",
            number(len(found.clips)),
            accuracy_text(found),
            number(found.mismatches),
            number(found.instructions_per_tick),
            *_sizes(found),
        )
        for found in every
    )
    columns = (
        *("model", "weights", "data", "device", "clips", "accuracy"),
        *("differ", "instructions/tick", "flash", "RAM"),
    )
    return Table("", columns, rows)


def _sizes(found: Evaluation) -> tuple[str, str]:
    memory = found.device.memory
    if memory is None:
        return "-", "-"
    return number(memory.flash_bytes), number(memory.ram_bytes)


def _across(every: Sequence[Evaluation]) -> tuple[Chart, ...]:
    """Accuracy against size, where there is something to compare."""
    labelled = [found for found in every if found.accuracy is not None]
    if len({found.digest for found in labelled}) < 2:
        return ()
    words = (
        "Accuracy against the bytes of the weight tables, with the 95 % interval that the number "
        "of clips leaves open."
    )
    return (Chart("Accuracy by bits", bits_chart(labelled), words),)


def _commands(subjects: Sequence[Subject]) -> tuple[str, ...]:
    lines = [f"pip install tinysnn=={__version__}"]
    for subject in subjects:
        name = subject.file if subject.pack else f"{subject.name}.tsnn"
        lines += [_command(name, found) for found in subject.evaluations]
        if subject.pack and not subject.evaluations:
            lines.append(_join("tinysnn", "inspect", name))
    return tuple(dict.fromkeys(lines))


def _command(pack: str, found: Evaluation) -> str:
    device = found.device
    parts = ["tinysnn", "evaluate", pack]
    if found.split:
        parts += ["--dataset", found.dataset, "--split", found.split]
    else:
        parts += ["--input", found.dataset]
    parts += ["--limit", str(len(found.clips)), "--on", device.runner]
    if device.runner != "host":
        parts += ["--board", device.board]
    return _join(*parts)


def _join(*parts: str) -> str:
    return shlex.join(parts)
