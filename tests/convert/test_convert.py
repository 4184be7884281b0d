"""Conversion of .tflite: what is read, what is refused, and how near the spiking network comes."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.tools import require
from tinysnn.cli.main import run as command
from tinysnn.convert.balance import thresholds
from tinysnn.convert.chain import read_ann
from tinysnn.convert.convert import ConvertOptions, convert
from tinysnn.convert.drive import input_step, rasters
from tinysnn.convert.inputs import read_inputs
from tinysnn.errors import ModelError, OptionError, StimulusError, TinysnnError, ToolMissing

WRITER = Path(__file__).parents[2] / "examples" / "digits" / "write_tflite.py"
RNG = np.random.default_rng(11)


@pytest.fixture(scope="module")
def writer() -> Any:
    """The writer of the example: .tflite without TensorFlow."""
    for package in ("tflite", "flatbuffers"):
        here = importlib.util.find_spec(package) is not None
        require("tflite", here, f"{package} is not installed")
    spec = importlib.util.spec_from_file_location("write_tflite", WRITER)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    import sys

    sys.modules["write_tflite"] = module  # its dataclasses look themselves up
    spec.loader.exec_module(module)
    return module


def dense_ops(writer: Any) -> list[Any]:
    rng = np.random.default_rng(3)
    return [
        writer.Op("dense", rng.normal(0, 0.5, (12, 6)), rng.normal(0.2, 0.3, 12), relu=True),
        writer.Op("dense", rng.normal(0, 0.5, (8, 12)), rng.normal(0.2, 0.3, 8), relu=True),
        writer.Op("dense", rng.normal(0, 0.5, (4, 8)), rng.normal(0.2, 0.3, 4)),
    ]


def map_ops(writer: Any) -> list[Any]:
    """Even kernels, so that padding is not the same on both sides; two channels that mix up."""
    rng = np.random.default_rng(4)
    return [
        writer.Op("conv", rng.normal(0, 0.5, (3, 2, 3, 2)), rng.normal(0.3, 0.2, 3), relu=True),
        writer.Op(
            "depthwise", rng.normal(0, 0.6, (1, 3, 2, 3)), rng.normal(0.3, 0.2, 3), relu=True
        ),
        writer.Op("pool", window=2),
        writer.Op("conv", rng.normal(0, 0.6, (4, 1, 1, 3)), rng.normal(0.3, 0.2, 4), relu=True),
        writer.Op("dense", rng.normal(0, 0.5, (5, 24)), rng.normal(0.3, 0.2, 5)),
    ]


def shape_of(kind: str) -> tuple[int, ...]:
    return (6,) if kind == "dense" else (4, 6, 2)


@pytest.fixture(params=["dense", "map"])
def model(request: Any, writer: Any, tmp_path: Path) -> tuple[Path, Any, Any]:
    """A file, its operators and inputs."""
    ops = (dense_ops if request.param == "dense" else map_ops)(writer)
    x = np.clip(np.random.default_rng(5).normal(0.3, 0.5, (80, *shape_of(request.param))), 0, None)
    path = tmp_path / "net.tflite"
    writer.write(path, ops, x)
    np.savez(tmp_path / "x.npz", x=x.astype(np.float32), labels=_classes(writer, ops, x))
    return path, ops, x


def _classes(writer: Any, ops: Any, x: Any) -> Any:
    return writer.forward(ops, x)[-1].argmax(axis=1)


def test_what_is_read_computes_what_was_written(model: Any, writer: Any, tmp_path: Path) -> None:
    path, ops, x = model
    ann = read_ann(path)
    inputs = read_inputs(tmp_path / "x.npz", ann)
    wanted = writer.forward(ops, x)[-1]
    found = ann.activations(inputs.x)[-1]
    assert np.abs(found - wanted).max() < 0.03 * np.abs(wanted).max()  # weights of 8 bits
    assert ann.weights == sum(op.weight.size + op.bias.size for op in ops if op.weight is not None)


def test_the_interpreter_agrees(model: Any, tmp_path: Path) -> None:
    here = importlib.util.find_spec("ai_edge_litert") is not None
    require("litert", here, "ai-edge-litert is not installed")
    from tinysnn.convert.baseline import run_baseline

    path, _, _ = model
    ann = read_ann(path)
    inputs = read_inputs(tmp_path / "x.npz", ann)
    wanted = run_baseline(path, inputs)
    found = ann.activations(inputs.x)[-1]
    assert np.abs(found - wanted).mean() < 0.02 * np.abs(wanted).max()


@pytest.mark.parametrize("by_channel", [False, True])
def test_error_falls_with_the_number_of_ticks(
    model: Any, tmp_path: Path, *, by_channel: bool
) -> None:
    path, _, _ = model
    ann = read_ann(path)
    inputs = read_inputs(tmp_path / "x.npz", ann)
    options = ConvertOptions(percentile=100, by_channel=by_channel, ticks=(4, 16, 64, 256))
    errors = [each.error for each in convert(ann, inputs, options).errors]
    assert errors[0] > errors[1] > errors[2] > errors[3]
    assert errors[3] < errors[1] / 6  # about as 1 / ticks
    assert errors[3] < 0.03


def test_threshold_is_the_percentile(model: Any, tmp_path: Path) -> None:
    path, _, _ = model
    ann = read_ann(path)
    inputs = read_inputs(tmp_path / "x.npz", ann)
    values = ann.activations(inputs.x)
    whole = thresholds(ann, inputs.x, percentile=99.5, by_channel=False)
    for stage, level, activation in zip(ann.stages, whole, values, strict=False):
        assert np.allclose(level, np.percentile(activation, 99.5), rtol=1e-5)
        assert stage.relu
    channels = thresholds(ann, inputs.x, percentile=100, by_channel=True)[0]
    by_unit = values[0].max(axis=0).reshape(ann.stages[0].out_shape[0], -1).max(axis=1)
    floor = np.maximum(by_unit, 0.05 * by_unit.max())
    assert np.allclose(np.unique(channels), np.unique(floor), rtol=1e-5)
    with pytest.raises(OptionError, match="percentile"):
        thresholds(ann, inputs.x, percentile=3, by_channel=False)
    with pytest.raises(StimulusError):
        thresholds(ann, inputs.x[:, 1:], percentile=99, by_channel=False)


def test_inputs_are_exact_in_the_mean() -> None:
    x = RNG.normal(0, 1, (5, 7))
    step = input_step(x)
    events = rasters(x, step, 40)
    assert events.dtype == np.int8
    for ticks in (1, 7, 40):
        mean = events[:, :ticks].mean(axis=1) * step
        assert np.abs(mean - x).max() <= 0.5 * step / ticks + 1e-12
    assert np.abs(rasters(3 * x, step, 8)).max() == 127
    with pytest.raises(StimulusError):
        input_step(np.zeros((2, 2)))


@pytest.mark.host
def test_the_command_to_a_pack_that_runs_bit_for_bit(model: Any, tmp_path: Path) -> None:
    path, _, _ = model
    files = {name: tmp_path / name for name in ("net.tsnn", "net.nir", "clips.npz", "out.json")}
    inputs = ("--inputs", tmp_path / "x.npz")
    arguments = ["convert", path, *inputs, "-o", files["net.tsnn"], "--ticks", "4,48"]
    arguments += ["--clips", files["clips.npz"], "--json", files["out.json"]]
    assert command([str(a) for a in arguments]) == 0
    by_ticks = json.loads(files["out.json"].read_text())["by_ticks"]
    assert by_ticks[1]["agreement"] > 0.9
    result = tmp_path / "evaluation.json"
    run = ["evaluate", files["net.tsnn"], "--input", files["clips.npz"], "--on", "host"]
    assert command([str(a) for a in [*run, "--jobs", "1", "--json", result]]) == 0
    found = json.loads(result.read_text())
    assert found["mismatches"] == 0
    assert found["accuracy"] == pytest.approx(by_ticks[1]["accuracy"], abs=0.05)

    assert command([str(a) for a in ["convert", path, *inputs, "-o", files["net.nir"]]]) == 0
    assert command(["check", str(files["net.nir"])]) == 0


@pytest.mark.parametrize("kind", ["dense", "map"])
def test_damaged_files_are_one_clear_error(writer: Any, kind: str, tmp_path: Path) -> None:
    ops = (dense_ops if kind == "dense" else map_ops)(writer)
    x = np.abs(RNG.normal(0, 1, (8, *shape_of(kind))))
    good = writer.as_bytes(ops, x)
    path, rng = tmp_path / "bad.tflite", np.random.default_rng(5)
    refused = 0
    for _ in range(150):
        data = bytearray(good[: rng.integers(8, len(good))] if rng.random() < 0.2 else good)
        for at in rng.integers(8, len(data), rng.integers(1, 6)):
            data[at] = int(rng.choice([0, 1, 127, 128, 255, int(rng.integers(256))]))
        path.write_bytes(data)
        try:
            read_ann(path)
        except TinysnnError as error:
            refused += str(path) in str(error)
    assert refused > 30


@pytest.mark.parametrize(
    "content", [b"", b"TFL3", b"\0\0\0\0TFL3", b"\xff" * 4 + b"TFL3" + b"\xff" * 64]
)
def test_files_that_are_none(writer: Any, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.tflite"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"x\.tflite"):
        read_ann(path)


def test_inputs_that_do_not_fit(model: Any, tmp_path: Path) -> None:
    path, _, x = model
    ann = read_ann(path)
    bad: list[dict[str, Any]] = [
        {"x": x[:, :1]},
        {"y": x},
        {"x": x, "labels": np.arange(3)},
        {"x": x, "labels": np.full(len(x), ann.n_out)},
        {"x": np.where(x > 1, np.nan, x)},
        {"x": np.array([None] * 3)},
        {"x": x.astype(np.int64)},
    ]
    for number, arrays in enumerate(bad):
        file = tmp_path / f"{number}.npz"
        np.savez(file, **arrays)
        with pytest.raises(StimulusError, match=rf"{number}\.npz"):
            read_inputs(file, ann)


def test_quantised_inputs_are_the_models_own(model: Any, tmp_path: Path) -> None:
    path, _, x = model
    ann = read_ann(path)
    assert ann.input is not None
    steps = np.clip(np.rint(x / ann.input.scale) + ann.input.zero_point, -128, 127)
    np.savez(tmp_path / "q.npz", x=steps.astype(np.int8))
    plain = read_inputs(tmp_path / "x.npz", ann).x
    quantised = read_inputs(tmp_path / "q.npz", ann).x
    assert np.abs(plain - quantised).max() <= ann.input.scale


def test_without_the_schema_it_says_what_to_install(
    model: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "tflite", None)
    with pytest.raises(ToolMissing, match=r"tinysnn\[tflite\]"):
        read_ann(model[0])


KNOWN = {
    "kws_ref_model.tflite": None,
    "ad01_int8.tflite": None,
    "micro_speech_quantized.tflite": None,
    "vww_96_int8.tflite": None,
    "str_ww_ref_model.tflite": None,
    "pretrainedResnet_quant.tflite": "ADD",
    "trained_lstm.tflite": "LSTM",
}


@pytest.mark.data
@pytest.mark.parametrize("name", KNOWN)
def test_public_models(recordings: Path, writer: Any, name: str) -> None:
    (path,) = (recordings / "tflite").rglob(name)
    if KNOWN[name]:
        with pytest.raises(ModelError, match=KNOWN[name]):
            read_ann(path)
        return
    ann = read_ann(path)
    require("litert", importlib.util.find_spec("ai_edge_litert") is not None, "no ai-edge-litert")
    from tinysnn.convert.baseline import run_baseline
    from tinysnn.convert.inputs import Inputs

    assert ann.input is not None
    shape = ann.in_shape if len(ann.in_shape) == 1 else (*ann.in_shape[1:], ann.in_shape[0])
    near = np.random.default_rng(2).normal(ann.input.zero_point, 12, (4, *shape))
    raw = np.clip(np.rint(near), -128, 127).astype(np.int8)
    real = (raw.astype(float) - ann.input.zero_point) * ann.input.scale
    maps = real if len(shape) == 1 else real.transpose(0, 3, 1, 2)
    inputs = Inputs(maps.reshape(4, -1), raw, None)
    wanted = run_baseline(path, inputs)
    found = ann.activations(inputs.x)[-1]
    if wanted.min() >= 0:  # softmax
        powers = np.exp(found - found.max(axis=1, keepdims=True))
        found = powers / powers.sum(axis=1, keepdims=True)
    assert np.abs(found - wanted).mean() < 0.05 * np.ptp(wanted)
