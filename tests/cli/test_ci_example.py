"""examples/ci: the workflow names what exists; summaries tell the truth."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

from tests.tools import need
from tinysnn.boards import load_board
from tinysnn.cli.main import cli as group
from tinysnn.compare import Divergence
from tinysnn.errors import DeviceError
from tinysnn.renode.program import FIRST_GOOD
from tinysnn.run.base import RunnerInfo
from tinysnn.summary import failed, summary_of
from tinysnn.verify import ClipDivergence, Report

WORKFLOW = Path(__file__).parents[2] / "examples" / "ci" / "renode.yml"


@pytest.fixture(scope="module")
def workflow():
    yaml = pytest.importorskip("yaml")
    return yaml.safe_load(WORKFLOW.read_text())


def _steps(workflow, job):
    return workflow["jobs"][job]["steps"]


def test_boards_of_the_matrices_run_there(workflow):
    for job in ("renode", "qemu"):
        boards = workflow["jobs"][job]["strategy"]["matrix"]["board"]
        assert boards
        assert all(getattr(load_board(board), job) for board in boards)


def test_workflow_runs_on_pushes_and_installs_renode_before_it_is_used(workflow):
    assert set(workflow[True]) == {"push", "pull_request"}  # YAML reads `on` as a truth value
    steps = _steps(workflow, "renode")
    runs = [step.get("run", "") for step in steps]
    installed = next(k for k, run in enumerate(runs) if "GITHUB_PATH" in run)
    assert runs[installed].index("sha256sum --check") < runs[installed].index("tar -xzf")
    version = re.search(r"/v(\d+)\.(\d+)[.\d]*/renode-", steps[installed]["env"]["URL"])
    assert version
    assert (int(version[1]), int(version[2])) >= FIRST_GOOD
    assert re.fullmatch("[0-9a-f]{64}", steps[installed]["env"]["SHA256"])
    first = next(k for k, run in enumerate(runs) if "tinysnn run" in run)
    assert installed < first
    assert steps[-1]["if"] == "always()"


def _commands(workflow):
    for job in workflow["jobs"]:
        for step in _steps(workflow, job):
            for line in step.get("run", "").replace("\\\n", " ").splitlines():
                words = shlex.split(line)
                if words[:1] == ["tinysnn"]:
                    yield words[1:]


def test_every_command_line_is_understood(workflow):
    seen = []
    for name, *arguments in _commands(workflow):
        command = group.commands[name]
        context = command.make_context(name, list(arguments))
        seen.append((name, context.params))
    assert [name for name, _ in seen] == ["run", "renode", "run"]
    for _, params in seen[::2]:
        assert params["summaries"][0] == "$GITHUB_STEP_SUMMARY"
        assert params["summaries"][1].endswith(".json")


INFO = RunnerInfo("renode", "nrf52840_dk", "cortex-m4", "gcc 12", 64_000_000, "instructions")


def _report(first=None):
    return Report(INFO, 3, 300, 1 if first else 0, first, (1, 2), 1234.4, 1234.4, (0, 1, 0))


def test_badge_of_a_good_run():
    badge = summary_of(_report(), "net").badge()
    assert badge == {
        "schemaVersion": 1,
        "label": "net on nrf52840_dk",
        "message": "bit-exact, 300 ticks",
        "color": "brightgreen",
        "isError": False,
    }


def test_badge_and_page_of_a_difference():
    place = Divergence(tick=7, layer="out|put", field="v", neuron=3, expected=12, got=613)
    summary = summary_of(_report(ClipDivergence(1, "<b>yes</b>", place)), "net")
    badge, page = summary.badge(), summary.markdown()
    assert (badge["color"], badge["isError"]) == ("red", True)
    assert str(badge["message"]).startswith("1 of 3 clips differ: clip 1 (<b>yes</b>), tick 7")
    assert page.startswith("### net on nrf52840\\_dk: FAILED\n")
    assert "<b>" not in page.replace("\\<", "")
    assert "out\\|put" in page
    assert "| Instructions per tick | 1,234 |" in page


def test_run_that_did_not_take_place_is_red():
    error = DeviceError("no answer", where="COM7", fix="Look " + "closely " * 40)
    badge = failed(error, "net", "pico").badge()
    assert badge["color"] == "red"
    assert str(badge["message"]).startswith("not run: COM7: no answer. Look")
    assert len(str(badge["message"])) == 120


@pytest.mark.host
def test_summaries_of_a_run(cli, refused, packed, spikes, tmp_path):
    need("cc")
    page, badge = tmp_path / "page", tmp_path / "badge.json"
    page.write_text("before\n")
    options = ("--on", "host", "--input", spikes, "--summary", page, "--summary", badge)
    assert cli("run", packed, *options).code == 0
    assert re.match(r"before\n### tiny on \S+: passed\n", page.read_text())
    assert json.loads(badge.read_text())["color"] == "brightgreen"
    refused(2, "run", packed, *options[:4], "--summary", tmp_path / "no" / "x", says=["no"])


def test_missing_renode_turns_the_badge_red(refused, packed, spikes, tmp_path, monkeypatch):
    need("gcc-arm")
    monkeypatch.setenv("RENODE", "no-such-renode")
    badge = tmp_path / "badge.json"
    options = ("--on", "renode", "--input", spikes, "--summary", badge)
    refused(3, "run", packed, *options, says=["no-such-renode", "renode.io"])
    assert "not run" in json.loads(badge.read_text())["message"]
