"""`tinysnn demo`: the main job on the clips that come with tinysnn, and on recordings."""

from __future__ import annotations

import json

import pytest

from tests.tools import need, need_arm_compiler

KEYS = {
    *("mismatches", "ticks", "clips", "accuracy", "runner", "board", "core"),
    *("instructions_per_tick", "instructions_per_second", "flash_bytes", "ram_bytes"),
    *("data_source", "compiler", "model"),
}


@pytest.fixture
def no_recordings(monkeypatch, tmp_path):
    """As for somebody who has no recordings: only the clips that come with tinysnn."""
    monkeypatch.delenv("TINYSNN_DATA", raising=False)
    monkeypatch.setenv("TINYSNN_CACHE", str(tmp_path / "cache"))


@pytest.mark.emu
def test_demo_on_unicorn(cli, no_recordings, tmp_path):
    need_arm_compiler()
    need("unicorn")
    report = tmp_path / "out.json"
    outcome = cli("demo", "--clips", "12", "--json", report)
    assert outcome.code == 0, outcome.err
    result = json.loads(report.read_text())
    assert set(result) >= KEYS
    assert result["mismatches"] == 0
    assert result["clips"] == 12
    assert result["ticks"] == 12 * 50
    assert (result["runner"], result["board"], result["core"]) == (
        "unicorn",
        "generic_m4",
        "cortex-m4",
    )
    assert 0 <= result["accuracy"] <= 1
    assert result["instructions_per_second"] == pytest.approx(50 * result["instructions_per_tick"])
    assert "bundled" in result["data_source"]
    assert result["data_source"] in outcome.out
    for word in ("yes", "stop", "mismatches", "flash", "RAM"):
        assert word in outcome.out


@pytest.mark.host
def test_demo_on_the_host_prints_only_json(cli, no_recordings):
    need("cc")
    outcome = cli("demo", "--on", "host", "--clips", "3", "--json", "-")
    assert outcome.code == 0, outcome.err
    result = json.loads(outcome.out)
    assert (result["mismatches"], result["clips"]) == (0, 3)
    assert result["instructions_per_tick"] is None


@pytest.mark.host
@pytest.mark.data
def test_demo_on_recordings(cli, recordings):
    need("cc")
    arguments = ("--on", "host", "--data", recordings, "--clips", "60", "--json", "-")
    result = json.loads(cli("demo", *arguments).out)
    assert result["mismatches"] == 0
    assert str(recordings) in result["data_source"]
    assert "testing" in result["data_source"]
    assert result["accuracy"] > 0.5


def test_demo_with_a_folder_that_holds_no_recordings(refused, tmp_path):
    says = [str(tmp_path), "index.csv"]
    refused(2, "demo", "--data", tmp_path, says=says)


def test_demo_without_a_compiler(refused, no_recordings, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("TINYSNN_GCC", raising=False)
    refused(3, "demo", "--clips", "1", "--toolchain", "gcc", says=["ARM compiler"])
