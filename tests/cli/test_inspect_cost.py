"""`inspect` predicts what a pack costs."""

from __future__ import annotations

import json

import numpy as np
import pytest

from benchmarks.networks import seeded_pack
from tinysnn.pack_file import save


@pytest.fixture
def packed(tmp_path):
    path = tmp_path / "net.tsnn"
    save(seeded_pack("seed64_5", 4), path)
    return path


def test_variants_reasons_and_totals_are_shown(cli, packed):
    outcome = cli("inspect", packed, "--board", "generic_m0plus", "--density", "0.05")

    assert outcome.code == 0
    for text in ("ARMv6-M", "instructions per tick", "1,000 ticks/s", "of 100 MHz", "5 %"):
        assert text in outcome.out


def test_json_holds_the_same(cli, packed):
    cost = json.loads(cli("inspect", packed, "--core", "cortex-m4", "--json", "-").out)["cost"]

    parts = [layer["instructions_per_tick"] for layer in cost["layers"]]
    assert cost["core"] == "cortex-m4"
    assert cost["board"] is None
    assert cost["clock_share"] is None
    assert cost["instructions_per_tick"] == pytest.approx(sum(parts) + cost["step_instructions"])
    assert cost["instructions_per_second"] == pytest.approx(1000 * cost["instructions_per_tick"])


def test_a_busier_input_costs_more(cli, packed):
    few, many = (
        json.loads(cli("inspect", packed, "--density", density, "--json", "-").out)["cost"]
        for density in ("0.05", "0.4")
    )

    assert few["instructions_per_tick"] < many["instructions_per_tick"]


def test_given_input_decides(cli, packed, tmp_path):
    clips = tmp_path / "clips.npz"
    np.savez(clips, silence=np.zeros((1, 20, 64), np.int8))

    cost = json.loads(cli("inspect", packed, "--input", clips, "--json", "-").out)["cost"]

    assert [layer["skipped_ticks"] for layer in cost["layers"]] == pytest.approx([1, 1, 1])
    assert "clips.npz" in cost["activity"]


def test_what_does_not_go_together(refused, packed):
    refused(2, "inspect", packed, "--core", "cortex-m4", "--board", "microbit", says=["--board"])
    refused(2, "inspect", packed, "--core", "z80", says=["z80", "cortex-m0"])
    refused(2, "inspect", packed, "--density", "0.1", "--input", "x.npz", says=["--density"])
    refused(2, "inspect", packed, "--board", "nothing", says=["no board"])
