"""`tinysnn evaluate`: accuracy, differences and cost of a pack over a whole data set."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tinysnn.cli.runner_options import runner_options
from tinysnn.cli.screen import facts, json_option, progress, table, write_json
from tinysnn.errors import MismatchError, OptionError

if TYPE_CHECKING:
    from tinysnn.data.labelled import LabelledClips
    from tinysnn.evaluate.result import Evaluation
    from tinysnn.pack import Pack

MOST_CLASSES = 20
"""Above that the confusion matrix is too wide for a terminal."""


@click.command(short_help="Measure accuracy and cost of a pack over a data set.")
@click.argument("pack", type=click.Path(path_type=Path))
@click.option(
    "--dataset",
    type=click.Choice(["speech-commands", "fsdd", "nmnist"]),
    help="Data set (docs/data.md).",
)
@click.option(
    "--input",
    "input_file",
    type=click.Path(path_type=Path),
    help="Clips with 'labels' in a .npz, as for `tinysnn run`, instead of --dataset.",
)
@click.option("--split", default="testing", show_default=True, help="Part of the data set.")
@click.option(
    "--data",
    "data_dir",
    type=click.Path(path_type=Path),
    help="Folder of recordings; by default TINYSNN_DATA, else what `tinysnn data get` fetched.",
)
@click.option("--limit", type=click.IntRange(1), metavar="N", help="At most N clips.")
@runner_options
@click.option("--port", help="Serial port or URL, for --on serial.")
@click.option(
    "--jobs", type=click.IntRange(1, 256), metavar="N", help="Processes; by default one per core."
)
@click.option("--resume", is_flag=True, help="Go on after an interruption; needs --json FILE.")
@json_option
def evaluate(
    pack: Path,
    *,
    dataset: str | None,
    input_file: Path | None,
    split: str,
    data_dir: Path | None,
    limit: int | None,
    runner: str,
    board: str | None,
    toolchain: str | None,
    port: str | None,
    jobs: int | None,
    resume: bool,
    json_file: str | None,
) -> None:
    """Run a pack on every clip of a data set, on a device, emulated or real.

    Each clip is compared with the reference; shown are accuracy, confusion matrix, instructions and
    synaptic operations, under NeuroBench's names where it has one (docs/evaluate.md). Exit code 1
    if any clip differs.

    \b
    tinysnn evaluate net.tsnn --dataset speech-commands --json result.json
    tinysnn evaluate net.tsnn --dataset speech-commands --on qemu --board microbit --limit 48
    tinysnn evaluate net.tsnn --input clips.npz --on host --json result.json --resume
    """
    from tinysnn.evaluate.evaluate import EvaluateOptions, forget_partial
    from tinysnn.evaluate.evaluate import evaluate as run
    from tinysnn.pack_file import load

    result = None if json_file in (None, "-") else Path(str(json_file))
    if resume and result is None:
        raise OptionError(
            "--resume without --json FILE", fix="Partial results lie beside that file."
        )
    if port and runner != "serial":
        raise OptionError(f"--port is for --on serial, not for {runner}", fix="Leave it out.")
    loaded = load(pack)
    clips = _clips(loaded, dataset, input_file, split=split, data_dir=data_dir, limit=limit)
    options = EvaluateOptions(runner, board, toolchain, port, jobs, result, resume)
    name = dataset or (input_file.name if input_file else "")
    with progress(f"evaluating on {runner}") as show_progress:
        found = run(
            loaded,
            clips,
            options,
            dataset=name,
            split=split if dataset else "",
            progress=show_progress,
        )
    _finish(found, json_file)
    if result is not None:
        forget_partial(result)
    _judge(found)


def _clips(
    pack: Pack,
    dataset: str | None,
    input_file: Path | None,
    *,
    split: str,
    data_dir: Path | None,
    limit: int | None,
) -> LabelledClips:
    """Clips of the data set or file that the user names, exactly one of them."""
    if (dataset is None) == (input_file is None):
        raise OptionError(
            "exactly one of --dataset and --input is needed", fix="See: tinysnn evaluate --help"
        )
    if dataset is not None:
        from tinysnn.data.labelled import read_labelled

        with progress(f"encoding {dataset}") as show_progress:
            return read_labelled(dataset, split, data_dir, limit, show_progress)
    from tinysnn.data.labelled import of_file

    assert input_file is not None
    return of_file(input_file, pack, limit)


def _finish(found: Evaluation, json_file: str | None) -> None:
    import msgspec

    write_json(msgspec.to_builtins(found), json_file)
    if json_file != "-":
        _show(found)


def _judge(found: Evaluation) -> None:
    if found.first_divergence is None:
        return
    clip = found.clips[found.first_divergence]
    where = "" if clip.divergence is None else clip.divergence.text
    raise MismatchError(
        f"{found.mismatches} of {len(found.clips)} clips differ from the reference; first: "
        f"clip {clip.clip} ({clip.name}), {where}"
    )


def _show(found: Evaluation) -> None:
    if found.confusion:
        _show_confusion(found)
    device, bench = found.device, found.neurobench
    operations = bench.synaptic_operations
    memory = device.memory
    facts(
        "",
        {
            "pack": f"{found.pack} {found.digest[:12]}",
            "clips": f"{len(found.clips):,}, {found.source}",
            "runner": f"{device.runner}, {device.board} ({device.core})",
            "accuracy": _accuracy(found),
            "mismatches": found.mismatches,
            f"{device.count_kind or 'instructions'} per clip": found.counts_per_clip
            and round(found.counts_per_clip),
            "instructions per tick": found.instructions_per_tick
            and round(found.instructions_per_tick),
            "synaptic operations": f"{operations.Effective_ACs:,.0f} ACs + "
            f"{operations.Effective_MACs:,.0f} MACs per clip, {operations.Dense:,.0f} dense",
            "connection sparsity": f"{100 * bench.connection_sparsity:.1f} %",
            "activation sparsity": f"{100 * bench.activation_sparsity:.1f} %",
            "footprint": f"{bench.footprint:,} bytes of tables and state",
            "flash, RAM": None
            if memory is None
            else f"{memory.flash_bytes:,}, {memory.ram_bytes:,} bytes",
        },
    )


def _accuracy(found: Evaluation) -> str | None:
    if found.accuracy is None or found.accuracy_interval is None:
        return None
    low, high = (100 * value for value in found.accuracy_interval)
    return f"{100 * found.accuracy:.2f} % ({low:.1f} to {high:.1f}, 95 % interval)"


def _show_confusion(found: Evaluation) -> None:
    """The matrix, or the pairs that are confused most where it is too wide."""
    names = found.classes
    if len(names) <= MOST_CLASSES:
        rows = [
            (name, *(n or "." for n in row), _recall(row, k))
            for k, (name, row) in enumerate(zip(names, found.confusion, strict=True))
        ]
        table("class (rows) and what was found", ("", *names, "found"), rows)
        return
    pairs = [
        (n, names[i], names[j])
        for i, row in enumerate(found.confusion)
        for j, n in enumerate(row)
        if n and i != j
    ]
    worst = sorted(pairs, reverse=True)[:MOST_CLASSES]
    table("most confused", ("class", "taken for", "clips"), [(a, b, n) for n, a, b in worst])


def _recall(row: tuple[int, ...], k: int) -> str:
    total = sum(row)
    return f"{100 * row[k] / total:.0f} %" if total else "-"
