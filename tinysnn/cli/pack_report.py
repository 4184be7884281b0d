"""The report of a pack, as tables and as JSON; `pack` and `inspect` show the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tinysnn.cli.screen import facts, table

if TYPE_CHECKING:
    from tinysnn.pack import Pack, PackedLayer


def as_json(pack: Pack) -> dict[str, Any]:
    """Everything but the tables themselves."""
    import msgspec

    from tinysnn.pack import state_bytes

    content: dict[str, Any] = msgspec.to_builtins(pack.meta)
    for k, (entry, layer) in enumerate(zip(content["layers"], pack.layers, strict=True)):
        entry["state_bytes"] = _layer_state_bytes(pack, k)
        entry["table_bytes"] = _table_bytes(layer)
        entry["scale_min"] = float(layer.scale.min())
        entry["scale_max"] = float(layer.scale.max())
    content["n_out"] = pack.n_out
    content["state_bytes"] = state_bytes(pack)
    content["table_bytes"] = sum(_table_bytes(layer) for layer in pack.layers)
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
            "state (RAM)": f"{content['state_bytes']:,} bytes",
            "firing rates on": pack.meta.calibration or "nothing (see --calibrate)",
        },
    )
    columns = ("layer", "kind", "n", "rows", "bits", "scale", "frac", "acc", "state")
    proven = ("input range", "membrane range", "rate before", "rate after", "saturated")
    table(
        "",
        (*columns, *proven, "flash", "RAM"),
        [_row(pack, k) for k in range(len(pack.layers))],
    )
    for note in pack.meta.notes:
        click.echo(f"note: {note}")


def _table_bytes(layer: PackedLayer) -> int:
    """Flash of a layer's tables: weights at their width, everything else as stored."""
    spec = layer.spec
    weights = spec.n_rows * -(-spec.n * spec.bits // 8)
    others = (t.nbytes for name, t in layer.tables().items() if name not in ("rows", "scale"))
    return weights + sum(others)


def _layer_state_bytes(pack: Pack, k: int) -> int:
    """RAM of a layer's state (the work area is shared by all layers)."""
    from tinysnn.pack import state_layout

    return sum(entry.n_bytes for entry in state_layout(pack) if entry.layer == k)


def _scale(layer: PackedLayer) -> str:
    low, high = float(layer.scale.min()), float(layer.scale.max())
    return f"{low:.4g}" if low == high else f"{low:.3g} .. {high:.3g}"


def _row(pack: Pack, k: int) -> tuple[object, ...]:
    layer = pack.layers[k]
    spec, report = layer.spec, layer.spec.report
    return (
        spec.name,
        spec.op,
        spec.n,
        spec.n_rows,
        spec.bits,
        _scale(layer),
        spec.frac_bits,
        spec.acc_bits,
        spec.state_bits,
        f"{report.x_low} .. {report.x_high}",
        "-" if report.membrane_low is None else f"{report.membrane_low} .. {report.membrane_high}",
        report.rate_float,
        report.rate_packed,
        report.saturated,
        _table_bytes(layer),
        _layer_state_bytes(pack, k),
    )
