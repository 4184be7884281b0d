"""`pack --bits`, `--rounding`, `--budget-flash`: what a person gets to see, and what is refused."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.cli.conftest import write_nir, write_options
from tinysnn.pack_file import load


@pytest.fixture
def trained(tmp_path):
    """A network whose weights lie on no grid, and clips for it."""
    rng = np.random.default_rng(3)
    path = tmp_path / "trained.nir"
    write_nir(path, [rng.normal(0.05, 0.3, (24, 16)), rng.normal(0.1, 0.4, (5, 24))])
    write_options(path.with_suffix(".toml"))
    clips = tmp_path / "clips.npz"
    np.savez(clips, raster=(rng.random((12, 40, 16)) < 0.3).astype(np.int8))
    return path, clips


def test_narrow_weights_are_fitted_to_the_clips(cli, trained, tmp_path):
    model, clips = trained
    target = tmp_path / "a.tsnn"
    outcome = cli("pack", model, "-o", target, "--bits", "2", "--calibrate", clips)
    assert outcome.code == 0, outcome.err
    assert "compensated" in outcome.out
    fitted = load(target)
    assert {entry.spec.report.rounding for entry in fitted.layers} == {"compensated"}
    plain = tmp_path / "b.tsnn"
    flags = ["--bits", "2", "--calibrate", clips, "--rounding", "nearest"]
    assert cli("pack", model, "-o", plain, *flags).code == 0
    assert {entry.spec.report.rounding for entry in load(plain).layers} == {None}


def test_thresholds_can_be_left_alone(cli, trained, tmp_path):
    model, clips = trained
    target = tmp_path / "a.tsnn"
    flags = ["--bits", "1", "--calibrate", clips, "--no-tune-thresholds"]
    assert cli("pack", model, "-o", target, *flags).code == 0
    assert {entry.spec.report.threshold_change for entry in load(target).layers} == {None}


def test_automatic_bits_print_what_was_tried(cli, trained, tmp_path):
    model, clips = trained
    target, report = tmp_path / "a.tsnn", tmp_path / "report.json"
    flags = ["--bits", "auto", "--budget-flash", "5kB", "--calibrate", clips, "--json", report]
    outcome = cli("pack", model, "-o", target, *flags)
    assert outcome.code == 0, outcome.err
    for words in ("loss with one layer narrowed", "packed and measured", "taken"):
        assert words in outcome.out
    result = json.loads(report.read_text())
    best = result["trials"][0]
    assert best["fits"]
    assert best["flash_bytes"] == result["flash_estimate_bytes"] <= 5 * 1024
    assert best["widths"] == [entry.spec.bits for entry in load(target).layers]
    losses = [trial["loss"] for trial in result["trials"] if trial["fits"]]
    assert losses == sorted(losses)


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["--bits", "auto"], "--budget-flash"),
        (["--bits", "auto", "--budget-flash", "9k"], "--calibrate"),
        (["--bits", "auto", "--budget-flash", "20", "--calibrate", "CLIPS"], "least possible is"),
        (["--bits", "auto", "--budget-flash", "0", "--calibrate", "CLIPS"], "more than 0"),
        (["--bits", "auto", "--budget-flash", "-9k"], "no size"),
        (["--bits", "auto", "--budget-flash", "1e9"], "no size"),
        (["--bits", "auto", "--budget-flash", "9" * 5000], "no size"),
        (["--bits", "auto", "--budget-flash", "٣k"], "no size"),
        (["--bits", "auto", "--budget-flash", ""], "no size"),
        (["--bits", "4", "--budget-flash", "9k"], "--bits auto"),
        (["--rounding", "compensated"], "--calibrate"),
        (["--rounding", "up"], "--rounding"),
        (["--bits", "3"], "--bits"),
        (["--layer-bits", "lif0=auto"], "lif0=auto"),
    ],
)
def test_what_is_refused_leaves_nothing_behind(refused, trained, tmp_path, flags, says):
    model, clips = trained
    before = sorted(tmp_path.iterdir())
    given = [clips if flag == "CLIPS" else flag for flag in flags]
    refused(2, "pack", model, "-o", tmp_path / "a.tsnn", *given, says=[says])
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    ("text", "size"),
    [("24576", 24576), ("24k", 24576), ("24kB", 24576), ("24 KiB", 24576), ("1M", 1 << 20)],
)
def test_sizes(text, size):
    from tinysnn.cli.pack import _bytes

    assert _bytes(text) == size
