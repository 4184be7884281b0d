"""The part of the page about a model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast, get_args

from tinysnn.footprint import flash_bytes, table_bytes
from tinysnn.pack import Pack
from tinysnn.report.behaviour import membranes_chart, spikes_chart
from tinysnn.report.costs import Rates, layers_chart, rates_chart
from tinysnn.report.evaluations import number, view_evaluation
from tinysnn.report.inputs import Subject
from tinysnn.report.recording import record, stimulus_of
from tinysnn.report.view import Chart, SubjectView, Table
from tinysnn.state import state_bytes

if TYPE_CHECKING:
    from tinysnn.boards import Core
    from tinysnn.stimulus import Stimulus

DEFAULT_CORE = "cortex-m4"


def view_subject(subject: Subject, clip: Stimulus | None) -> SubjectView:
    """Everything about one model; `clip` is shown in the place of the evaluations' example.

    Raises
    ------
    StimulusError: the clip does not fit the pack.

    """
    pack = subject.pack
    charts: list[Chart] = []
    tables: tuple[Table, ...] = ()
    facts: tuple[tuple[str, str], ...] = (("digest", subject.digest),)
    if pack is not None:
        facts, tables = _facts(subject, pack), (_layers(pack),)
        shown = clip or _example(subject, pack)
        if shown is not None:
            charts += _behaviour(subject, pack, shown)
            charts += _predicted(subject, pack, shown)
        charts += _rates(subject, pack)
    return SubjectView(
        title=subject.name,
        facts=facts,
        tables=tables,
        charts=tuple(charts),
        evaluations=tuple(view_evaluation(found) for found in subject.evaluations),
    )


def _facts(subject: Subject, pack: Pack) -> tuple[tuple[str, str], ...]:
    flash = flash_bytes(pack.layers, front_end=pack.front_end, graded_input=pack.graded_input)
    scale, dt_s = pack.meta.input_scale, pack.meta.dt_s
    facts = {
        "file": subject.file,
        "digest": subject.digest,
        "inputs, outputs": f"{pack.meta.n_in:,}, {pack.n_out:,}",
        "events": "spikes" if scale is None else f"int8 values in steps of {scale:g}",
        "tick": "-" if dt_s is None else f"{1000 * dt_s:g} ms",
        "whole image": f"about {flash:,} bytes of flash",
        "state": f"{state_bytes(pack):,} bytes of RAM",
        "calibration": pack.meta.calibration or "none",
    }
    notes = tuple(("note", note) for note in pack.meta.notes)
    return (*facts.items(), *notes)


def _layers(pack: Pack) -> Table:
    rows = []
    for layer in pack.layers:
        spec, report = layer.spec, layer.spec.report
        snr = "exact" if report.weight_snr_db is None else f"{report.weight_snr_db:.1f} dB"
        cells = (spec.op, number(spec.n), number(spec.n_rows), str(spec.bits), snr)
        reach = f"{report.x_low:,} .. {report.x_high:,}"
        ends = number(report.saturated)
        rows.append(
            (
                spec.name,
                *cells,
                str(spec.state_bits),
                str(spec.frac_bits),
                reach,
                ends,
                number(table_bytes(layer)),
            )
        )
    columns = (
        *("layer", "kind", "neurons", "rows", "bits", "weights to noise"),
        *("state bits", "fraction", "input range", "saturated", "bytes"),
    )
    return Table("Layers", columns, tuple(rows))


def _example(subject: Subject, pack: Pack) -> Stimulus | None:
    for found in subject.evaluations:
        if found.example is not None:
            return stimulus_of(found.example, pack.meta.n_in)
    return None


def _behaviour(subject: Subject, pack: Pack, clip: Stimulus) -> list[Chart]:
    recording = record(pack, clip)
    classes: Sequence[str] = subject.evaluations[0].classes if subject.evaluations else ()
    spikes = (
        f"{clip.name or 'One clip'} in the integer reference: input events and the spikes of each "
        "layer, one row per neuron."
    )
    membranes = (
        "Membranes after each tick of the outputs, and of the neurons of each layer that fire "
        "most, in the units of the source file; the dotted line is the threshold."
    )
    return [
        Chart("Spikes", spikes_chart(recording), spikes),
        Chart("Membranes", membranes_chart(recording, classes), membranes),
    ]


def _predicted(subject: Subject, pack: Pack, clip: Stimulus) -> list[Chart]:
    """Instructions by layer, by the cost model, with this clip as input."""
    from tinysnn.boards import Core
    from tinysnn.cost.activity import of_clips
    from tinysnn.cost.predict import knows, predict

    measured = [found.device.core for found in subject.evaluations]
    core = next((c for c in measured if c in get_args(Core)), DEFAULT_CORE)
    if not knows(core):
        return []
    found = predict(pack, cast("Core", core), of_clips(pack, [clip], "this clip"))
    if found.instructions_per_tick is None:
        return []
    words = (
        f"Instructions per tick on {core} by layer, as the cost model predicts them for this clip: "
        f"{found.instructions_per_tick:,.0f} in all (docs/cost-model.md)."
    )
    return [Chart("Instructions by layer", layers_chart(found), words)]


def _rates(subject: Subject, pack: Pack) -> list[Chart]:
    seen = subject.evaluations[0].layers if subject.evaluations else ()
    rows = [
        Rates(
            layer.name,
            layer.spec.report.rate_float,
            layer.spec.report.rate_packed,
            seen[k].rate if k < len(seen) else None,
        )
        for k, layer in enumerate(pack.layers)
        if layer.spec.fires
    ]
    if not any(value is not None for row in rows for value in row[1:]):
        return []
    words = "Spikes per neuron and tick before and after quantisation, and on the evaluated clips."
    if all(row.before is None for row in rows):
        words += " The pack was made without --calibrate, so there is no rate before quantisation."
    return [Chart("Firing rates", rates_chart(rows), words)]
