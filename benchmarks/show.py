"""Tables of what was measured: drawn by rich on a terminal, plain text in a file or pipe."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from benchmarks.measure import Row
from benchmarks.peers.figures import FIGURES
from benchmarks.rows import EVENTS, RowsRow

Cells = Sequence[Sequence[str]]
SHORT = {"cortex-m0plus": "M0+"}
COMPARED = ("cortex-m4", "cortex-m0plus")
OWN_INPUT = {"0 %": "fc64_5", "5 %": "fc64_5", "20 %": "fc64_20"}
"""The network that each density of the common workload was made for."""


def short(core: str) -> str:
    """``M4`` for ``cortex-m4``."""
    return SHORT.get(core, core.removeprefix("cortex-").upper())


def table(title: str, head: Sequence[str], lines: Cells, names: int = 1) -> None:
    """Print a table whose first `names` columns are words and whose others are numbers."""
    if sys.stdout.isatty():
        _rich(title, head, lines, names)
        return
    widths = [max(len(line[k]) for line in (head, *lines)) for k in range(len(head))]
    print(f"\n{title}")
    for line in (head, *lines):
        cells = [
            cell.ljust(width) if k < names else cell.rjust(width)
            for k, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        print("  ".join(cells).rstrip())


def _rich(title: str, head: Sequence[str], lines: Cells, names: int) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    grid = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for k, name in enumerate(head):
        grid.add_column(name, justify="left" if k < names else "right", no_wrap=k < names)
    for line in lines:
        grid.add_row(*line)
    Console(highlight=False, markup=False).print(grid)


def number(value: float | None) -> str:
    """A count, or a dash where there is none."""
    return "-" if value is None else f"{value:,.0f}"


def show_kernels(rows: Sequence[Row]) -> None:
    """One table per network and compiler: bits and density by core."""
    cores = list(dict.fromkeys(row.core for row in rows))
    for model, compiler in dict.fromkeys((row.model, row.compiler) for row in rows):
        mine = [row for row in rows if (row.model, row.compiler) == (model, compiler)]
        lines = []
        for bits, density in dict.fromkeys((row.bits, row.density) for row in mine):
            found = {r.core: r for r in mine if (r.bits, r.density) == (bits, density)}
            operations = next(iter(found.values())).synaptic_operations_per_tick
            counts = [found[c].instructions_per_tick if c in found else None for c in cores]
            lines.append([str(bits), density, number(operations), *map(number, counts)])
        title = f"{model}, {compiler}: executed instructions per tick"
        table(title, ["bits", "input", "SOP", *map(short, cores)], lines, names=2)


def show_sizes(rows: Sequence[Row]) -> None:
    """Flash, RAM and stack of whole images on the two compared cores."""
    seen = {(r.model, r.compiler, r.bits, r.core): r for r in rows if r.core in COMPARED}
    lines = []
    for model, compiler, bits in dict.fromkeys(key[:3] for key in seen):
        images = [seen.get((model, compiler, bits, core)) for core in COMPARED]
        cells = [
            number(None if image is None else value)
            for image in images
            for value in (
                (image.flash_bytes, image.ram_bytes, image.stack_bytes) if image else (None,) * 3
            )
        ]
        lines.append([model, compiler, str(bits), *cells])
    head = [f"{short(core)} {what}" for core in COMPARED for what in ("flash", "RAM", "stack")]
    if lines:
        title = "Whole image with protocol and drivers, bytes"
        table(title, ["network", "compiler", "bits", *head], lines, names=3)


def show_compilers(rows: Sequence[Row]) -> None:
    """Instructions of zig's code by those of gcc's, the worst of all densities."""
    counts = {
        (r.model, r.bits, r.core, r.density, r.compiler): r.instructions_per_tick for r in rows
    }
    worst: dict[tuple[str, int], dict[str, float]] = {}
    for (model, bits, core, density, compiler), count in counts.items():
        other = counts.get((model, bits, core, density, "gcc"))
        if compiler == "zig" and other:
            found = worst.setdefault((model, bits), {})
            found[core] = max(found.get(core, 0.0), count / other)
    cores = list(dict.fromkeys(core for found in worst.values() for core in found))
    lines = [
        [model, str(bits), *(f"{found[c]:.2f}" if c in found else "-" for c in cores)]
        for (model, bits), found in worst.items()
    ]
    if lines:
        title = "zig by gcc, the worst of all densities"
        table(title, ["network", "bits", *map(short, cores)], lines, names=2)


def show_rows(rows: Sequence[RowsRow]) -> None:
    """Adding rows alone, instructions per synaptic operation."""
    longest = [row for row in rows if row.events == EVENTS[-1]]
    cores = list(dict.fromkeys(row.core for row in longest))
    lines = []
    for compiler, bits in dict.fromkeys((row.compiler, row.bits) for row in longest):
        found = {r.core: r for r in longest if (r.compiler, r.bits) == (compiler, bits)}
        cells = [_per_operation(found[core]) if core in found else "-" for core in cores]
        lines.append([compiler, str(bits), *cells])
    if lines:
        title = (
            f"Adding rows alone, {EVENTS[-1]} events onto {longest[0].neurons} neurons:"
            " instructions per synaptic operation\n(in the row functions / of each further event)"
        )
        table(title, ["compiler", "bits", *map(short, cores)], lines, names=2)


def _per_operation(row: RowsRow) -> str:
    parts = (row.per_synaptic_operation, row.marginal_per_synaptic_operation)
    return " / ".join("-" if part is None else f"{part:.2f}" for part in parts)


def show_profiles(rows: Sequence[Row]) -> None:
    """Instructions per tick by function, one table per image, one column per density."""
    for key in dict.fromkeys((r.model, r.bits, r.core, r.compiler) for r in rows if r.profile):
        found = [r for r in rows if (r.model, r.bits, r.core, r.compiler) == key]
        profiles = [row.profile or {} for row in found]
        names = sorted({name for profile in profiles for name in profile})
        names.sort(key=lambda name: -max(profile.get(name, 0) for profile in profiles))
        lines = [[name, *(number(p.get(name, 0)) for p in profiles)] for name in names]
        title = f"{key[0]}, {key[1]} bit, {short(key[2])}, {key[3]}: instructions per tick"
        table(title, ["function", *(row.density for row in found)], lines)


def show_peers(rows: Sequence[Row], run_here: Sequence[dict[str, Any]]) -> None:
    """Ours beside the peers', on the common workload."""
    lines = [_ours(rows, bits, compiler) for compiler in ("gcc", "zig") for bits in (8, 4, 2, 1)]
    lines = [line for line in lines if any(cell != "-" for cell in line[1:7])]
    if not lines:
        return
    for entry in run_here:
        lines.append(_peer_line(entry))
    for figure in FIGURES:
        cells = [*figure.m4, *figure.m0plus, figure.flash_bytes, figure.ram_bytes]
        lines.append([figure.peer, *map(number, cells), figure.source])
    head = [f"{short(core)} {density} %" for core in COMPARED for density in (0, 5, 20)]
    table(
        "64-128-128-12 LIF, executed instructions per tick; flash and RAM on the M4"
        " (ours: whole image; peers: model alone)",
        ["", *head, "flash", "RAM", "where from"],
        lines,
    )


def _ours(rows: Sequence[Row], bits: int, compiler: str) -> list[str]:
    found = {
        (row.core, row.density): row
        for row in rows
        if row.bits == bits and row.compiler == compiler and OWN_INPUT.get(row.density) == row.model
    }
    cells = [
        number(found[core, density].instructions_per_tick if (core, density) in found else None)
        for core in COMPARED
        for density in OWN_INPUT
    ]
    image = next((row for row in found.values() if row.core == COMPARED[0]), None)
    sizes = [number(image.flash_bytes), number(image.ram_bytes)] if image else ["-", "-"]
    return [f"tinysnn {bits} bit, {compiler}", *cells, *sizes, "run here"]


def _peer_line(entry: dict[str, Any]) -> list[str]:
    values = entry["instructions_per_step"]
    cells = [values.get(f"{core} {density}") for core in COMPARED for density in (0, 5, 20)]
    sizes = [entry.get("flash_bytes"), entry.get("ram_bytes")]
    numbers = [number(v if isinstance(v, (int, float)) else None) for v in (*cells, *sizes)]
    return [str(entry["peer"]), *numbers, "run here"]
