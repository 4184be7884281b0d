"""`tinysnn learn`: teach a device with labelled clips and show how its accuracy rises."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tinysnn.cli.runner_options import runner_options
from tinysnn.cli.screen import facts, json_option, progress, table, write_json
from tinysnn.errors import OptionError

if TYPE_CHECKING:
    from tinysnn.learn.course import Course, Plan
    from tinysnn.pack import Pack
    from tinysnn.run.base import RunnerInfo
    from tinysnn.stimulus import Stimulus


@click.command(short_help="Teach a device with labelled clips.")
@click.argument("pack", type=click.Path(path_type=Path))
@click.option(
    "--data",
    "data_file",
    required=True,
    type=click.Path(path_type=Path),
    help="Labelled clips in the order they are learned: .npz with a raster and labels.",
)
@click.option(
    "--test", "test_file", type=click.Path(path_type=Path), help="Clips to measure accuracy on."
)
@click.option("--epochs", type=click.IntRange(1), default=1, help="How often all are learned.")
@click.option(
    "--every", type=click.IntRange(1), metavar="N", help="Measure after every N examples."
)
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Only the first N clips.")
@click.option(
    "--order",
    type=click.Choice(["recorded", "shuffled"]),
    default="recorded",
    show_default=True,
    help="Order of the examples.",
)
@click.option(
    "--wrong-labels", is_flag=True, help="Shuffle the labels: what is learned must then be chance."
)
@click.option(
    "--learning/--no-learning", default=True, help="Without learning accuracy must not rise."
)
@click.option("--save", is_flag=True, help="Save what was learned in the board's flash at the end.")
@click.option("--check/--no-check", default=True, help="Compare with the reference.")
@runner_options
@click.option("--port", help="Serial port or URL, for --on serial.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="Write what was learned as a pack."
)
@json_option
def learn(
    pack: Path,
    data_file: Path,
    *,
    test_file: Path | None,
    epochs: int,
    every: int | None,
    limit: int | None,
    order: str,
    wrong_labels: bool,
    learning: bool,
    save: bool,
    check: bool,
    runner: str,
    board: str | None,
    toolchain: str | None,
    port: str | None,
    output: Path | None,
    json_file: str | None,
) -> None:
    """Teach a device, emulated or real, and show its accuracy on the way.

    The pack must have a plastic readout (`tinysnn pack --learn`). Classes are added as their first
    example comes. A readout that learns by reward (rstdp) is told 64 for right answers, -64 for
    wrong ones, and no classes.

    \b
    tinysnn learn net.tsnn --data train.npz --test test.npz
    tinysnn learn net.tsnn --on qemu --data train.npz --every 50 -o learned.tsnn
    tinysnn learn net.tsnn --on serial --board microbit --port /dev/ttyACM0 --data mine.npz
    """
    from tinysnn.deploy import pick_board
    from tinysnn.deploy_serial import Line
    from tinysnn.learn.course import Plan, check_labels
    from tinysnn.pack_file import load

    if port and runner != "serial":
        raise OptionError(f"--port is for --on serial, not for {runner}", fix="Leave it out.")
    loaded, target = load(pack), pick_board(runner, board)
    train = arranged(_clips(loaded, data_file)[:limit], order=order, wrong_labels=wrong_labels)
    test = _clips(loaded, test_file) if test_file else []
    check_labels(loaded, [*train, *test])
    plan = Plan(epochs=epochs, every=every or 0, learning=learning)
    options = {"runner": runner, "board": target, "line": Line(port), "toolchain": toolchain}
    course, info, learned = _teach(loaded, train, test, plan, check=check, save=save, **options)
    result = as_json(course, info)
    if output is not None:
        _write(loaded, learned, output)
    write_json(result, json_file)
    if json_file != "-":
        _show(course, result)


def _clips(pack: Pack, path: Path) -> list[Stimulus]:
    from tinysnn.load.stimuli import input_of

    return input_of(pack, path).stimuli


def arranged(clips: list[Stimulus], *, order: str, wrong_labels: bool) -> list[Stimulus]:
    """The clips in the order they are to be learned, or with each other's labels."""
    import dataclasses

    import numpy as np

    rng = np.random.default_rng(1)
    if wrong_labels:
        labels = [clips[k].label for k in rng.permutation(len(clips))]
        clips = [dataclasses.replace(c, label=x) for c, x in zip(clips, labels, strict=True)]
    return [clips[k] for k in rng.permutation(len(clips))] if order == "shuffled" else clips


def _teach(
    pack: Pack,
    train: list[Stimulus],
    test: list[Stimulus],
    plan: Plan,
    *,
    check: bool,
    save: bool,
    **options: Any,
) -> tuple[Course, RunnerInfo, bytes]:
    from tinysnn.deploy import deployed
    from tinysnn.learn.calls import Call, expect
    from tinysnn.learn.course import Teacher, hold_course
    from tinysnn.learn.learner import Learner
    from tinysnn.learn.lesson import ReferencePupil

    with (
        progress(f"learning on {options['runner']}") as bar,
        deployed([pack], **options) as runner,
    ):
        pupil = runner.pupil()
        reference = ReferencePupil(pack) if check else None
        learned = pupil.learned()
        if reference is not None:
            reference.teach(learned)  # a device that has learned before
        known = Learner(pack)
        known.restore(learned)
        teacher = Teacher(pack, pupil, reference, classes=known.shared.n_classes)
        course = hold_course(teacher, train, test, plan, bar)
        if save:
            expect(pupil.call(Call.SAVE), Call.SAVE, runner.info.board)
        return course, runner.info, pupil.learned()


def _write(pack: Pack, learned: bytes, output: Path) -> None:
    from tinysnn.learn.pulled import pulled
    from tinysnn.pack_file import save

    if output.is_dir():
        raise OptionError("is a folder", where=str(output), fix="Name the file to write.")
    save(pulled(pack, learned), output)


def as_json(course: Course, info: RunnerInfo) -> dict[str, Any]:
    """The outcome for machines."""
    points = [{"examples": p.examples, "online": p.online, "test": p.test} for p in course.points]
    counted = info.count_kind is not None and bool(course.counts)
    return {
        "points": points,
        "examples": course.examples,
        "classes": course.classes,
        "mismatches": course.mismatches,
        "count_kind": info.count_kind,
        "count_per_example": sum(course.counts) / len(course.counts) if counted else None,
        "runner": info.runner,
        "board": info.board,
        "core": info.core,
        "compiler": info.compiler,
        "flash_bytes": info.flash_bytes,
        "ram_bytes": info.ram_bytes,
    }


def _show(course: Course, result: dict[str, Any]) -> None:
    rows = [[p.examples, p.online, p.test] for p in course.points]
    table("", ["examples learned", "right before learning", "right on the test clips"], rows)
    compared = "not compared" if course.mismatches is None else "the same as the reference's"
    kind = result["count_kind"]
    facts(
        "",
        {
            "runner": f"{result['runner']}, {result['board']} ({result['core']})",
            "examples, classes": f"{course.examples:,}, {course.classes}",
            "learned bytes": compared,
            f"{kind or 'instructions'} at the end of an example": result["count_per_example"],
            "flash, RAM": None
            if result["flash_bytes"] is None
            else f"{result['flash_bytes']:,}, {result['ram_bytes']:,} bytes",
        },
    )
