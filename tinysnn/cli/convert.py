"""`tinysnn convert`: a trained network without spikes (.tflite) to a spiking one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tinysnn.cli.screen import facts, json_option, progress, table, write_json
from tinysnn.errors import OptionError

if TYPE_CHECKING:
    from tinysnn.convert.ann import Ann
    from tinysnn.convert.convert import Conversion
    from tinysnn.convert.inputs import Inputs


@click.command(short_help="Convert a .tflite network to a spiking one.")
@click.argument("model", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(path_type=Path),
    help="NIR file (.nir, with a .toml of options beside it), or a pack (any other suffix).",
)
@click.option(
    "--inputs",
    "inputs_file",
    required=True,
    type=click.Path(path_type=Path),
    help=".npz with 'x' (inputs as the model takes them) and optional 'labels'.",
)
@click.option("--percentile", type=float, default=99.9, show_default=True,
              help="Of the activations of a stage: its threshold.")  # fmt: skip
@click.option("--by-channel", is_flag=True, help="A threshold for each channel.")
@click.option(
    "--ticks", default="4,8,16,32,64", show_default=True, help="Numbers of ticks to look at."
)
@click.option(
    "--clips",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write the inputs as events (.npz) for run and evaluate, of the most --ticks.",
)
@click.option(
    "--test",
    "test_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Other inputs (.npz) for what is shown and for --clips; thresholds are from --inputs.",
)
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Only the first N of each.")
@click.option("--baseline", is_flag=True, help="Run the original in LiteRT on the same inputs.")
@json_option
def convert(
    model: Path,
    *,
    output: Path,
    inputs_file: Path,
    percentile: float,
    by_channel: bool,
    ticks: str,
    clips: Path | None,
    test_file: Path | None,
    limit: int | None,
    baseline: bool,
    json_file: str | None,
) -> None:
    """Convert a trained network (.tflite) of dense layers, convolutions, average pools and ReLUs.

    A ReLU becomes neurons that integrate and fire; their thresholds are taken from its activations
    on the inputs. Shown is how far the outputs are from the original's after so many ticks.

    \b
    tinysnn convert net.tflite --inputs train.npz -o net.nir
    tinysnn convert net.tflite --inputs train.npz --test test.npz -o net.tsnn --clips clips.npz
    tinysnn evaluate net.tsnn --input clips.npz
    """
    from tinysnn.convert.chain import read_ann
    from tinysnn.convert.convert import ConvertOptions
    from tinysnn.convert.convert import convert as run
    from tinysnn.convert.inputs import read_inputs

    options = ConvertOptions(percentile, by_channel, _ticks(ticks))
    ann = read_ann(model)
    inputs = read_inputs(inputs_file, ann, limit)
    shown = inputs if test_file is None else read_inputs(test_file, ann, limit)
    with progress("converting") as show_progress:
        found = run(ann, inputs, options, test=shown, progress=show_progress)
    reference = _baseline(model, ann, shown) if baseline else None
    _write(found, output, ann.name)
    if clips is not None:
        _write_clips(found, shown, max(options.ticks), clips)
    result = _as_json(ann, found, reference)
    write_json(result, json_file)
    if json_file != "-":
        _show(ann, result)
        click.echo(f"Written to {output}.")


def _ticks(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise OptionError(
            f"{text!r} are no numbers", where="--ticks", fix="Such as 8,16."
        ) from None


def _baseline(model: Path, ann: Ann, inputs: Inputs) -> dict[str, float | None]:
    from tinysnn.convert.baseline import run_baseline

    with progress("running the original") as show_progress:
        outputs = run_baseline(model, inputs, show_progress)
    classes = outputs.argmax(axis=1)
    same = float((classes == ann.activations(inputs.x)[-1].argmax(axis=1)).mean())
    right = None if inputs.labels is None else float((classes == inputs.labels).mean())
    return {"accuracy": right, "agreement_with_float": same}


def _write(found: Conversion, output: Path, name: str) -> None:
    from tinysnn.convert.to_nir import write_nir
    from tinysnn.graph import require_packable
    from tinysnn.names import model_name
    from tinysnn.pack_file import save
    from tinysnn.pack_options import PackOptions
    from tinysnn.quantise import quantise

    if output.suffix == ".nir":
        write_nir(found.converted, output)
        return
    require_packable(found.graph)
    save(quantise(found.graph, PackOptions(name=model_name(name))), output)


def _write_clips(found: Conversion, inputs: Inputs, ticks: int, path: Path) -> None:
    import os

    import numpy as np

    from tinysnn.convert.drive import rasters

    arrays: dict[str, Any] = {"raster": rasters(inputs.x, found.step, ticks)}
    if inputs.labels is not None:
        arrays["labels"] = inputs.labels
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with partial.open("wb") as file:
            np.savez_compressed(file, **arrays)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _as_json(
    ann: Ann, found: Conversion, reference: dict[str, float | None] | None
) -> dict[str, Any]:
    import dataclasses

    return {
        "model": ann.name,
        "inputs": list(ann.in_shape),
        "outputs": ann.n_out,
        "weights": ann.weights,
        "input_scale": found.step,
        "layers": [
            {"name": layer.name, "n": layer.n, "fires": layer.fires} for layer in found.graph.layers
        ],
        "accuracy_without_spikes": found.ann_accuracy,
        "by_ticks": [dataclasses.asdict(each) for each in found.errors],
        "original": reference,
    }


def _show(ann: Ann, result: dict[str, Any]) -> None:
    original = result["original"] or {}
    facts(
        ann.name,
        {
            "inputs, outputs": f"{result['inputs']}, {result['outputs']}",
            "weights, biases": result["weights"],
            "layers": ", ".join(f"{layer['name']} {layer['n']}" for layer in result["layers"]),
            "input step": result["input_scale"],
            "accuracy, no spikes": result["accuracy_without_spikes"],
            "accuracy, original": original.get("accuracy"),
        },
    )
    rows = [
        (each["ticks"], each["error"], each["agreement"], each["accuracy"])
        for each in result["by_ticks"]
    ]
    columns = ("ticks", "error of outputs", "same class", "accuracy")
    table("float spiking network, by number of ticks", columns, rows)
