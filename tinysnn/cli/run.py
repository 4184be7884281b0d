"""`tinysnn run`: stream input spikes to a device and compare it with the reference."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tinysnn.cli.event_option import events_option
from tinysnn.cli.runner_options import runner_options
from tinysnn.cli.screen import facts, json_option, progress, write_json
from tinysnn.cli.serial_options import serial_line, serial_options
from tinysnn.cli.summary_files import summaries_of_failure, write_summaries
from tinysnn.errors import MismatchError

if TYPE_CHECKING:
    from tinysnn.boards import Board
    from tinysnn.pack import Pack
    from tinysnn.stimulus import Stimulus
    from tinysnn.verify import Report


@click.command(short_help="Run a pack on a device and compare it with the reference.")
@click.argument("pack", type=click.Path(path_type=Path))
@click.option(
    "--input",
    "input_file",
    required=True,
    type=click.Path(path_type=Path),
    help="Input spikes: .npz (raster [T, N] or event lists) or NIR data; FILE:KEY picks an entry. "
    "Or recorded events: .npy, .npz, .csv, N-MNIST's .bin, a folder of them (see --events).",
)
@events_option
@runner_options
@serial_options
@click.option(
    "--summary",
    "summaries",
    multiple=True,
    metavar="FILE",
    help="For CI: a badge (shields.io endpoint) if FILE ends in .json, else Markdown is added to "
    "it. May be given twice.",
)
@click.option("--trace", is_flag=True, help="Compare the whole state after every tick.")
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Only the first N clips.")
@json_option
def run(
    pack: Path,
    input_file: Path,
    *,
    events: tuple[str, ...],
    runner: str,
    board: str | None,
    toolchain: str | None,
    port: str | None,
    baud: int | None,
    flash_it: bool,
    summaries: tuple[str, ...],
    trace: bool,
    limit: int | None,
    json_file: str | None,
) -> None:
    """Run a pack on a device, emulated or real, and compare it with the reference bit for bit.

    Ends with exit code 1 if any tick differs, and names tick, layer and neuron.

    \b
    tinysnn run net.tsnn --input clips.npz
    tinysnn run net.tsnn --on qemu --board microbit --input clips.npz --json result.json
    tinysnn run net.tsnn --input Test/ --events tick_us=1000 --events n_ticks=300 --on host
    tinysnn run net.tsnn --on serial --board nucleo_f446re --flash --input clips.npz
    tinysnn run net.tsnn --on serial --board bluepill_f103 --port /dev/ttyUSB0 --input clips.npz
    """
    from tinysnn.deploy import pick_board
    from tinysnn.events.options import event_options
    from tinysnn.load.stimuli import input_of
    from tinysnn.pack_file import load
    from tinysnn.summary import summary_of

    line = serial_line(runner, port=port, baud=baud, flash_it=flash_it)
    loaded, target = load(pack), pick_board(runner, board)
    clips = input_of(loaded, input_file, event_options(events))
    stimuli = clips.stimuli[:limit]
    options = {"runner": runner, "line": line, "toolchain": toolchain}
    with summaries_of_failure(summaries, loaded.name, target.id if target else runner):
        report = _verify(loaded, target, stimuli, trace=trace, **options)
    write_summaries(summaries, summary_of(report, loaded.name))
    right = _right(report, stimuli)
    write_json({**as_json(report), "right": right, "remarks": list(clips.remarks)}, json_file)
    if json_file != "-":
        _show(report, right)
        for remark in clips.remarks:
            click.echo(f"note: {remark}")
    if report.first_divergence is not None:
        raise MismatchError(
            f"{report.mismatches} of {report.clips} clips differ from the reference; first: "
            f"{report.first_divergence}"
        )


def _verify(
    pack: Pack, board: Board | None, stimuli: list[Stimulus], *, trace: bool, **options: Any
) -> Report:
    from tinysnn.deploy import deployed
    from tinysnn.verify import verify

    with (
        progress(f"running on {options['runner']}") as show_progress,
        deployed([pack], board=board, **options) as runner,
    ):
        return verify(pack, runner, stimuli, keep_states=trace, progress=show_progress)


def _right(report: Report, stimuli: list[Stimulus]) -> int | None:
    """Clips whose class is their label; None where some have no label."""
    labels = [stimulus.label for stimulus in stimuli]
    if None in labels:
        return None
    return sum(found == label for found, label in zip(report.predictions, labels, strict=True))


def as_json(report: Report) -> dict[str, Any]:
    """The outcome for machines."""
    info = report.info
    spikes = report.output_spikes
    return {
        "mismatches": report.mismatches,
        "first_divergence": divergence_json(report),
        "clips": report.clips,
        "ticks": report.ticks,
        "output_spikes": None if spikes is None else list(spikes),
        "predictions": list(report.predictions),
        "instructions_per_tick": report.instructions_per_tick,
        "count_kind": info.count_kind,
        "counts_per_tick": report.counts_per_tick,
        "runner": info.runner,
        "board": info.board,
        "core": info.core,
        "compiler": info.compiler,
        "flash_bytes": info.flash_bytes,
        "ram_bytes": info.ram_bytes,
    }


def divergence_json(report: Report) -> dict[str, Any] | None:
    """Where the device first left the reference, or None."""
    import dataclasses

    first = report.first_divergence
    if first is None:
        return None
    place = dataclasses.asdict(first.divergence)
    return {"clip": first.clip, "clip_name": first.clip_name, **place, "text": str(first)}


def _show(report: Report, right: int | None) -> None:
    info, spikes = report.info, report.output_spikes
    counted = f"{info.count_kind} per tick" if info.count_kind else "instructions per tick"
    facts(
        "",
        {
            "runner": f"{info.runner}, {info.board} ({info.core})",
            "compiler": info.compiler,
            "clips, ticks": f"{report.clips}, {report.ticks:,}",
            "mismatches": report.mismatches,
            "output spikes": "membranes are read out"
            if spikes is None
            else " ".join(map(str, spikes)),
            "classes": " ".join(map(str, report.predictions[:16]))
            + (" ..." if report.clips > 16 else ""),
            "right": None if right is None else f"{right} of {report.clips} labelled clips",
            counted: None if report.counts_per_tick is None else f"{report.counts_per_tick:,.0f}",
            "flash, RAM": f"{info.flash_bytes:,}, {info.ram_bytes:,} bytes"
            if info.flash_bytes is not None and info.ram_bytes is not None
            else None,
        },
    )
