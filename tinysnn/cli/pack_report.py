"""The report of a pack, as tables and as JSON; `pack` and `inspect` show the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tinysnn.cli.screen import facts, show_notes, table

if TYPE_CHECKING:
    from tinysnn.budget import Choice, Trial
    from tinysnn.pack import LayerReport, Pack, PackedLayer


def as_json(pack: Pack, choice: Choice | None = None) -> dict[str, Any]:
    """Everything but the tables themselves; with automatic bits also what was tried."""
    import msgspec

    from tinysnn.footprint import flash_bytes
    from tinysnn.learn.layout import learned_bytes, learning_bytes
    from tinysnn.learn.plastic import is_plastic
    from tinysnn.learn.price import instructions
    from tinysnn.state import state_bytes

    content: dict[str, Any] = msgspec.to_builtins(pack.meta)
    for k, (entry, layer) in enumerate(zip(content["layers"], pack.layers, strict=True)):
        entry["state_bytes"] = _layer_state_bytes(pack, k)
        entry["table_bytes"] = _table_bytes(layer)
        entry["scale_min"] = float(layer.scale.min())
        entry["scale_max"] = float(layer.scale.max())
    content["n_out"] = pack.n_out
    content["state_bytes"] = state_bytes(pack)
    if is_plastic(pack):
        content["learned_bytes"] = learned_bytes(pack)
        content["learning_bytes"] = learning_bytes(pack)
        content["learning_instructions_m4"] = instructions(pack)
    content["table_bytes"] = sum(_table_bytes(layer) for layer in pack.layers)
    content["flash_estimate_bytes"] = flash_bytes(
        pack.layers, front_end=pack.front_end, graded_input=pack.graded_input
    )
    if choice is not None:
        content["trials"] = [msgspec.to_builtins(trial) for trial in choice.trials]
    return content


def show(pack: Pack) -> None:
    """Print the report."""
    content = as_json(pack)
    scale = pack.meta.input_scale
    facts(
        pack.name,
        {
            "digest": pack.digest[:16],
            "inputs": pack.meta.n_in,
            "events": "spikes" if scale is None else f"int8 values in steps of {scale:g}",
            "outputs": pack.n_out,
            "tables (flash)": f"{content['table_bytes']:,} bytes",
            "whole image": f"about {content['flash_estimate_bytes']:,} bytes of flash",
            "state (RAM)": f"{content['state_bytes']:,} bytes",
            **_learning(content),
            "firing rates on": pack.meta.calibration or "nothing (see --calibrate)",
        },
    )
    columns = ("layer", "kind", "n", "rows", "bits", "rounding", "scale", "frac", "acc", "state")
    proven = ("input range", "membrane range", "rate before", "rate after", "events", "saturated")
    table(
        "",
        (*columns, *proven, "flash", "RAM"),
        [_row(pack, k) for k in range(len(pack.layers))],
    )
    show_notes(pack.meta.notes)


def _learning(content: dict[str, Any]) -> dict[str, str]:
    """What learning needs of RAM beside the state, if a layer learns."""
    names = {"learned_bytes": "learned (RAM)", "learning_bytes": "an example to learn (RAM)"}
    if "learned_bytes" not in content:
        return {}
    sizes = {words: f"{content[n]:,} bytes" for n, words in names.items()}
    count = f"about {content['learning_instructions_m4']:,} (Cortex-M4, within a factor of 2)"
    return {**sizes, "instructions to learn an example": count}


def show_search(pack: Pack, choice: Choice) -> None:
    """Print what automatic bits tried: layers by themselves, then whole networks."""
    names = [layer.name for layer in pack.layers]
    widths = sorted({bits for _, bits in choice.prices}, reverse=True)
    table(
        "loss with one layer narrowed",
        ("layer", *(f"{bits} bit" for bits in widths)),
        [
            (name, *(choice.prices.get((k, bits)) for bits in widths))
            for k, name in enumerate(names)
        ],
    )
    table(
        "packed and measured",
        (*names, "flash", "expected loss", "loss", ""),
        [
            (*t.widths, t.flash_bytes, t.expected_loss, t.loss, _verdict(t, choice))
            for t in choice.trials
        ],
    )


def _verdict(trial: Trial, choice: Choice) -> str:
    if trial == choice.best:
        return "taken"
    return "" if trial.fits else "too large"


def _table_bytes(layer: PackedLayer) -> int:
    """Flash of a layer's tables, as the generator lays them out."""
    from tinysnn.footprint import table_bytes

    return table_bytes(layer)


def _layer_state_bytes(pack: Pack, k: int) -> int:
    """RAM of a layer's state (the work area is shared by all layers)."""
    from tinysnn.state import state_layout

    return sum(entry.n_bytes for entry in state_layout(pack) if entry.layer == k)


def _scale(layer: PackedLayer) -> str:
    low, high = float(layer.scale.min()), float(layer.scale.max())
    return f"{low:.4g}" if low == high else f"{low:.3g} .. {high:.3g}"


def _rounding(report: LayerReport) -> str:
    if report.rounding is None:
        return "nearest" if report.weight_snr_db is not None else "exact"
    return report.rounding + ("" if report.threshold_change is None else ", tuned")


def _row(pack: Pack, k: int) -> tuple[object, ...]:
    layer = pack.layers[k]
    spec, report = layer.spec, layer.spec.report
    return (
        spec.name,
        spec.op,
        spec.n,
        spec.n_rows,
        spec.bits,
        _rounding(report),
        _scale(layer),
        spec.frac_bits,
        spec.acc_bits,
        spec.state_bits,
        f"{report.x_low} .. {report.x_high}",
        "-" if report.membrane_low is None else f"{report.membrane_low} .. {report.membrane_high}",
        report.rate_float,
        report.rate_packed,
        report.events_per_tick,
        report.saturated,
        _table_bytes(layer),
        _layer_state_bytes(pack, k),
    )
