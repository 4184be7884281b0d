"""The commands of docs/quickstart.md, run one after another in an empty folder."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tools import need, need_arm_compiler

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "quickstart.md").read_text()


@pytest.mark.emu
def test_the_quick_start_does_what_it_says(tmp_path):
    need_arm_compiler()
    need("unicorn")
    for name in ("make_net.py", "net.toml"):
        block = re.search(rf"```(?:python|toml)\n(# {re.escape(name)}\n.*?)```", TEXT, re.DOTALL)
        assert block, name
        (tmp_path / name).write_text(block.group(1))
    program = tmp_path / "bin" / "tinysnn"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m tinysnn "$@"\n')
    program.chmod(0o755)
    environment = os.environ | {
        "PATH": f"{program.parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
    }
    commands = "\n".join(re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL)).splitlines()
    assert sum("tinysnn run" in command for command in commands) == 2
    for command in filter(None, commands):
        done = subprocess.run(
            command.replace("python ", f'"{sys.executable}" ', 1),
            shell=True,
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, (command, done.stderr)
        if "tinysnn run" in command:
            assert re.search(r"mismatches +0\b", done.stdout)
            assert re.search(r"ticks +3, 300", done.stdout)
    assert (tmp_path / "firmware" / "tinysnn.elf").is_file()
