"""The part of the page about an evaluation."""

from __future__ import annotations

from tinysnn.evaluate.result import Evaluation
from tinysnn.report.costs import functions_chart, memory_chart
from tinysnn.report.energy_text import energy_texts
from tinysnn.report.view import Cell, Chart, EvaluationView, Matrix, MatrixRow, Table

MOST_CLASSES = 40
"""Above that a confusion matrix is a picture of noise: the pairs are listed instead."""
PAIRS = 20
OBJECTS = 12


def view_evaluation(found: Evaluation) -> EvaluationView:
    """Facts, matrix and charts of one evaluation."""
    device = found.device
    wide = len(found.classes) > MOST_CLASSES
    return EvaluationView(
        title=f"{found.dataset or 'Clips'}{f', {found.split} split' if found.split else ''}"
        f" on {device.runner} ({device.board})",
        facts=_facts(found),
        divergence=divergence(found),
        matrix=None if wide or not found.confusion else _matrix(found),
        charts=_charts(found),
        tables=(*((_pairs(found),) if wide else ()), *_objects(found)),
    )


def divergence(found: Evaluation) -> str:
    """The first difference in words; empty if there is none."""
    if found.first_divergence is None:
        return ""
    clip = found.clips[found.first_divergence]
    place = "" if clip.divergence is None else clip.divergence.text
    return (
        f"{found.mismatches:,} of {len(found.clips):,} clips differ from the reference. "
        f"First: clip {clip.clip} ({clip.name}), {place}."
    )


def accuracy_text(found: Evaluation) -> str:
    """Such as ``85.4 % (72.8 to 92.8)``; a dash without labels."""
    if found.accuracy is None or found.accuracy_interval is None:
        return "-"
    low, high = found.accuracy_interval
    return f"{100 * found.accuracy:.1f} % ({100 * low:.1f} to {100 * high:.1f})"


def number(value: float | None, unit: str = "") -> str:
    """A whole number with separators; a dash for None."""
    return "-" if value is None else f"{value:,.0f}{unit}"


def _facts(found: Evaluation) -> tuple[tuple[str, str], ...]:
    device, bench = found.device, found.neurobench
    work = bench.synaptic_operations
    kind = device.count_kind or "instructions"
    per_second = ""
    if found.instructions_per_tick is not None and found.dt_s:
        per_second = f"{found.instructions_per_tick / found.dt_s / 1e6:.3f} million per second"
    facts = {
        "clips": f"{len(found.clips):,} ({found.source})",
        "accuracy, 95 % interval": accuracy_text(found),
        "clips that differ": f"{found.mismatches:,}",
        "device": f"{device.runner}, {device.board}, {device.core}",
        "compiler": device.compiler or "-",
        f"{kind} per clip": number(found.counts_per_clip),
        "instructions per tick": number(found.instructions_per_tick),
        "instructions in real time": per_second or "-",
        "synaptic operations per clip": f"{work.Effective_ACs:,.0f} additions,"
        f" {work.Effective_MACs:,.0f} multiplications; dense {work.Dense:,.0f}",
        "activation sparsity": f"{100 * bench.activation_sparsity:.1f} %",
        "connection sparsity": f"{100 * bench.connection_sparsity:.1f} %",
        "footprint": f"{bench.footprint:,} bytes of tables and state",
        **energy_texts(found),
    }
    return tuple(facts.items())


def _matrix(found: Evaluation) -> Matrix:
    rows = []
    for k, (name, counts) in enumerate(zip(found.classes, found.confusion, strict=True)):
        total = sum(counts)
        cells = tuple(_cell(n, total, right=j == k) for j, n in enumerate(counts))
        rows.append(MatrixRow(name, cells, f"{100 * counts[k] / total:.0f} %" if total else "-"))
    return Matrix(found.classes, tuple(rows))


def _cell(n: int, total: int, *, right: bool) -> Cell:
    if not n:
        return Cell("", "")
    share = n / total
    colour = "47,102,144" if right else "209,121,59"
    strength = 0.15 + 0.85 * share if right else min(1.0, 0.25 + 2 * share)
    ink = "#fff" if strength > 0.6 else "#24292f"
    return Cell(str(n), f"background:rgba({colour},{strength:.2f});color:{ink}")


def _pairs(found: Evaluation) -> Table:
    pairs = [
        (n, found.classes[i], found.classes[j])
        for i, row in enumerate(found.confusion)
        for j, n in enumerate(row)
        if n and i != j
    ]
    rows = tuple((a, b, str(n)) for n, a, b in sorted(pairs, reverse=True)[:PAIRS])
    return Table("Most confused", ("class", "taken for", "clips"), rows)


def _charts(found: Evaluation) -> tuple[Chart, ...]:
    layers = tuple(layer.name for layer in found.layers)
    charts = []
    memory = found.device.memory
    if memory is not None:
        stack = "" if memory.stack_bytes is None else f", stack up to {memory.stack_bytes:,}"
        words = (
            f"{memory.flash_bytes:,} of {memory.board_flash_bytes:,} bytes of flash and "
            f"{memory.ram_bytes:,} of {memory.board_ram_bytes:,} bytes of RAM{stack}. Functions and"
            " objects by name; what the linker puts between them is not drawn."
        )
        charts.append(Chart("Memory map", memory_chart(memory, found.pack, layers), words))
    if found.profile:
        words = (
            "Executed instructions per tick by function, measured over all clips with the whole "
            "firmware; loops of the protocol alone are left out."
        )
        charts.append(Chart("Instructions by function", functions_chart(found), words))
    return tuple(charts)


def _objects(found: Evaluation) -> tuple[Table, ...]:
    memory = found.device.memory
    if memory is None:
        return ()
    rows = tuple(
        (name, place, f"{size:,}") for name, (place, size) in list(memory.symbols.items())[:OBJECTS]
    )
    return (Table("Largest objects", ("name", "where", "bytes"), rows),)
