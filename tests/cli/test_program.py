"""The program as a whole: help, exit codes, faults, pipes, terminals."""

from __future__ import annotations

import importlib.util
import json
import os
import pty
import re
import signal
import subprocess
import sys

import pytest

from tinysnn import __version__
from tinysnn.cli import main

COMMANDS = sorted(main.cli.commands)


def _program(*arguments, **options):
    command = [sys.executable, "-m", "tinysnn", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)


def test_version_and_help():
    assert _program("--version").stdout == f"tinysnn {__version__}\n"
    done = _program("--help")
    assert done.returncode == 0
    assert all(name in done.stdout for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_an_example(cli, name):
    outcome = cli(name, "--help")
    assert outcome.code == 0
    lines = [line.strip() for line in outcome.out.split("Options:")[0].splitlines()[1:]]
    assert any(line.startswith(f"tinysnn {name}") for line in lines)


def test_without_a_command(cli):
    outcome = cli()
    assert outcome.code == 2
    assert "Commands:" in outcome.err


def test_an_unknown_command(refused):
    refused(2, "fly", says=["fly"])


def test_bad_input_ends_a_real_process_with_2():
    done = _program("inspect", "nowhere.tsnn")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("error: nowhere.tsnn")
    assert done.stderr.count("\n") == 1


def test_a_fault_of_ours_is_no_traceback(refused, monkeypatch, packed):
    monkeypatch.delenv("TINYSNN_DEBUG", raising=False)
    monkeypatch.setattr("tinysnn.pack_file.load", lambda _path: 1 // 0)
    refused(70, "inspect", packed, says=["ZeroDivisionError", "report"])


def test_a_fault_of_ours_with_the_traceback_on_demand(cli, monkeypatch, packed):
    monkeypatch.setenv("TINYSNN_DEBUG", "1")
    monkeypatch.setattr("tinysnn.pack_file.load", lambda _path: 1 // 0)
    outcome = cli("inspect", packed)
    assert outcome.code == 70
    assert "Traceback" in outcome.err


def test_an_interruption(cli, monkeypatch, packed):
    def interrupted(_path):
        raise KeyboardInterrupt

    monkeypatch.setattr("tinysnn.pack_file.load", interrupted)
    outcome = cli("inspect", packed)
    assert outcome.code == 130
    assert outcome.err.strip() == "error: interrupted"


def test_a_reader_that_goes_away():
    command = [sys.executable, "-m", "tinysnn", "boards"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    errors = process.stderr.read()
    process.stderr.close()
    assert process.wait(timeout=60) in (main.EXIT_PIPE, 0, -signal.SIGPIPE)
    assert errors == b""


def test_no_bar_and_no_colour_in_a_pipe(packed, tmp_path):
    done = _program("inspect", packed)
    assert "\x1b" not in done.stdout + done.stderr
    done = _program("pack", packed, "-o", tmp_path / "x")
    assert "\x1b" not in done.stderr


def test_tables_fit_a_narrow_terminal():
    parent, child = pty.openpty()
    environment = os.environ | {"COLUMNS": "60", "TERM": "xterm"}
    command = [sys.executable, "-m", "tinysnn", "boards", "--core", "cortex-m0"]
    process = subprocess.Popen(command, stdout=child, stderr=child, env=environment)
    os.close(child)
    text = b""
    while True:
        try:
            piece = os.read(parent, 4096)
        except OSError:  # Linux: the other side is closed
            break
        if not piece:
            break
        text += piece
    os.close(parent)
    assert process.wait(timeout=60) == 0
    lines = re.sub(r"\x1b\[[0-9;]*m", "", text.decode()).splitlines()
    assert any("microbit" in line for line in lines)
    assert max(map(len, lines)) <= 60


def test_json_into_a_file_that_cannot_be(refused, packed, tmp_path):
    refused(2, "inspect", packed, "--json", tmp_path / "no" / "x.json", says=["x.json"])
    assert not list(tmp_path.iterdir())


def test_doctor(cli):
    outcome = cli("doctor", "--json", "-")
    result = json.loads(outcome.out)
    assert (outcome.code == 0) == result["ready"]
    tools = {tool["name"]: tool for tool in result["tools"]}
    assert tools["numpy"]["found"]
    assert tools["numpy"]["version"]
    for tool in result["tools"]:
        assert tool["found"] or tool["get"]


def test_doctor_on_a_machine_without_tools(monkeypatch, cli, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("RENODE", raising=False)
    honest = importlib.util.find_spec
    missing = ("ziglang", "unicorn")
    monkeypatch.setattr(
        "importlib.util.find_spec", lambda name: None if name in missing else honest(name)
    )
    outcome = cli("doctor")
    assert outcome.code == 3
    assert "tinysnn[zig]" in outcome.err
    assert "pip install unicorn" in outcome.err


def test_boards(cli, refused):
    assert "microbit" in cli("boards").out
    result = json.loads(cli("boards", "--core", "cortex-m33", "--json", "-").out)
    assert {board["core"] for board in result} == {"cortex-m33"}
    assert json.loads(cli("boards", "--core", "M33", "--json", "-").out) == result
    qemu = json.loads(cli("boards", "--runner", "qemu", "--json", "-").out)
    assert all("qemu" in board["runners"] for board in qemu)
    families = json.loads(cli("boards", "--family", "stm32f4", "--qemu", "--json", "-").out)
    assert [board["id"] for board in families] == ["netduinoplus2"]
    refused(2, "boards", "--core", "z80", says=["cortex-m0"])
    refused(2, "boards", "--family", "avr", says=["nrf52"])


def test_one_board(cli, refused):
    shown = cli("boards", "nucleo_f446re").out
    assert all(fact in shown for fact in ("stm32f446retx", "NODE_F446RE", "0483:374b", "PA2"))
    assert json.loads(cli("boards", "pico", "--json", "-").out)["boot"]["vectors_offset"] == 256
    refused(2, "boards", "pico", "--qemu", says=["leave out the filters"])
    refused(2, "boards", "teensy", says=["teensy41"])


def test_data(cli, refused, monkeypatch, tmp_path):
    monkeypatch.setenv("TINYSNN_CACHE", str(tmp_path))
    monkeypatch.delenv("TINYSNN_DATA", raising=False)
    assert "speech-commands" in cli("data", "list").out
    result = json.loads(cli("data", "info", "speech-commands", "--json", "-").out)
    assert result["here"] is False
    assert result["path"] is None
    listed = json.loads(cli("data", "list", "--json", "-").out)
    assert [each["name"] for each in listed] == ["speech-commands", "fsdd", "cwru", "nmnist"]
    for each in listed:
        assert each["files"]
        assert all(f["checksum"].startswith(("sha256:", "md5:")) for f in each["files"])
        assert all(f["url"].startswith("http") for f in each["files"])
    assert "45" in cli("data", "info", "cwru").out
    refused(2, "data", "get", "imagenet", says=["imagenet"])


def test_data_without_a_network(refused, monkeypatch, tmp_path):
    monkeypatch.setenv("TINYSNN_CACHE", str(tmp_path))
    monkeypatch.delenv("TINYSNN_DATA", raising=False)
    monkeypatch.setattr("tinysnn.data.speech_commands.URL", "http://127.0.0.1:9/nothing.tar.gz")
    refused(3, "data", "get", "speech-commands", says=["127.0.0.1", "--data"])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("command", ["generate", "build"])
def test_an_output_folder_that_cannot_be(refused, packed, tmp_path, command):
    target = tmp_path / "file"
    target.write_text("mine")
    more = ("--board", "microbit") if command == "build" else ()
    refused(2, command, packed, "-o", target, *more, says=[str(target)])
    assert target.read_text() == "mine"
