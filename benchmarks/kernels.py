"""Counts executed instructions per tick: `make bench`, or with choices `--help`."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from typing import Any

import click

from benchmarks import show
from benchmarks.cases import (
    BITS,
    BOARDS,
    OUT,
    default_models,
    has_workload,
    model_names,
    workload_dir,
)
from benchmarks.measure import Job, Outcome, Row, measure
from benchmarks.rows import MODEL as ROWS_MODEL
from benchmarks.rows import RowsRow, measure_rows
from tinysnn.cli.screen import progress, write_json
from tinysnn.errors import EXIT_MISMATCH, EXIT_MISSING, TinysnnError

COMPILERS = ("gcc", "zig")
KERNELS, ROWS, PEERS = OUT / "kernels.json", OUT / "rows.json", OUT / "peers.json"
EPILOG = """\b
Examples:
  python benchmarks/kernels.py
  python benchmarks/kernels.py --model fc64_5 --core cortex-m4 --compiler gcc --profile
  python benchmarks/kernels.py --model rows --bits 4 --bits 1 --json rows.json
"""
Task = tuple[Callable[[Job], Outcome], Job]


@dataclass(frozen=True)
class Results:
    """Everything measured, in the order of the tables."""

    kernels: list[Row]
    rows: list[RowsRow]
    not_here: list[str]
    failures: list[str]


def _choice(flag: str, values: Sequence[str], text: str) -> Callable[[Any], Any]:
    name = flag.lstrip("-")
    return click.option(flag, name, multiple=True, type=click.Choice(list(values)), help=text)


@click.command(epilog=EPILOG)
@_choice("--model", [*model_names(), "rows"], "Network; rows: adding rows alone. May be repeated.")
@_choice("--bits", [str(bits) for bits in BITS], "Weight width. May be repeated.")
@_choice("--core", list(BOARDS), "Core. May be repeated.")
@_choice("--compiler", COMPILERS, "Compiler. May be repeated.")
@click.option("--profile", is_flag=True, help="Also count by function.")
@click.option(
    "--json",
    "json_file",
    metavar="FILE",
    help="Where to write the rows; '-' prints them instead of the tables. A full run writes "
    "benchmarks/out/kernels.json and rows.json, one with choices nothing.",
)
@click.option("--jobs", default=os.cpu_count() or 1, help="Processes.", show_default=True)
def main(
    *,
    model: tuple[str, ...],
    bits: tuple[str, ...],
    core: tuple[str, ...],
    compiler: tuple[str, ...],
    profile: bool,
    json_file: str | None,
    jobs: int,
) -> None:
    """Count executed instructions per tick, by network, weight width, core, compiler and input.

    Counted is the generated step, from call to return: event list in, output events out; the mean
    over all ticks. Every row is first compared with the integer reference, bit for bit. The
    common workload is looked for in TINYSNN_BENCH, else ../shared/bench.
    """
    start = time.monotonic()
    if not has_workload():
        print(
            f"no workload in {workload_dir()} (set TINYSNN_BENCH): only networks made from a seed"
            " and the keyword network are measured",
            file=sys.stderr,
        )
    tasks = _tasks(model, bits, core, compiler, profile=profile)
    results = _run(tasks, jobs)
    whole = not (model or bits or core or compiler)
    try:
        _write(results, json_file, whole=whole)
    except TinysnnError as error:
        raise SystemExit(f"error: {error}") from None
    if json_file != "-":
        _show(results)
        print(f"\n{len(tasks)} images in {time.monotonic() - start:.0f} s")
    raise SystemExit(_status(results))


def _tasks(
    models: Sequence[str],
    bits: Sequence[str],
    cores: Sequence[str],
    compilers: Sequence[str],
    *,
    profile: bool,
) -> list[Task]:
    wanted = [b for b in BITS if not bits or str(b) in bits]
    tasks: list[Task] = []
    for compiler in compilers or COMPILERS:
        for model in models or (*default_models(), "rows"):
            function = measure_rows if model == "rows" else measure
            name = ROWS_MODEL if model == "rows" else model
            tasks += [
                (function, Job(name, b, core, compiler, profile))
                for b in wanted
                for core in cores or BOARDS
            ]
    return tasks


def _run(tasks: Sequence[Task], jobs: int) -> Results:
    """Measure in processes of their own; the order of the results is that of the tasks."""
    with ProcessPoolExecutor(max(1, min(jobs, len(tasks)))) as pool, progress("measuring") as tell:
        pending: list[Future[Outcome]] = [pool.submit(function, job) for function, job in tasks]
        for done, _ in enumerate(as_completed(pending), 1):
            tell(done, len(tasks))
    outcomes = [future.result() for future in pending]
    found = [row for outcome in outcomes for row in outcome.rows]
    return Results(
        kernels=[row for row in found if isinstance(row, Row)],
        rows=[row for row in found if isinstance(row, RowsRow)],
        not_here=list(dict.fromkeys(o.not_here for o in outcomes if o.not_here)),
        failures=[o.failure for o in outcomes if o.failure],
    )


def _write(results: Results, json_file: str | None, *, whole: bool) -> None:
    kernels, rows = ([_as_json(row) for row in part] for part in (results.kernels, results.rows))
    if json_file is not None:
        write_json([*kernels, *rows], json_file)
    elif whole:
        OUT.mkdir(parents=True, exist_ok=True)
        write_json(kernels, str(KERNELS))
        write_json(rows, str(ROWS))
        print(f"written to {KERNELS.name} and {ROWS.name} in benchmarks/out")


def _as_json(row: Row | RowsRow) -> dict[str, Any]:
    """A row without the fields it does not have."""
    values = asdict(row)
    if values.get("profile") is None:
        values.pop("profile", None)
    return values


def _show(results: Results) -> None:
    show.show_kernels(results.kernels)
    show.show_profiles(results.kernels)
    show.show_sizes(results.kernels)
    show.show_compilers(results.kernels)
    show.show_rows(results.rows)
    show.show_peers(results.kernels, _peers_run_here())
    for reason in results.not_here:
        print(f"not here: {reason}")
    for failure in results.failures:
        print(f"failed: {failure}", file=sys.stderr)


def _peers_run_here() -> list[dict[str, Any]]:
    """What benchmarks/peers/*.py measured on this machine; empty if nothing."""
    if not PEERS.is_file():
        return []
    try:
        found = json.loads(PEERS.read_text(encoding="utf-8"))
        return [e for e in found if "peer" in e and isinstance(e["instructions_per_step"], dict)]
    except (OSError, ValueError, KeyError, TypeError):
        print(f"{PEERS.name} is damaged: run `make bench-peers`", file=sys.stderr)
        return []


def _status(results: Results) -> int:
    if results.failures:
        return EXIT_MISMATCH
    return 0 if results.kernels or results.rows else EXIT_MISSING


if __name__ == "__main__":
    main()
