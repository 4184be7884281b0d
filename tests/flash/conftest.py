"""Programs on PATH that stand in for flashing tools, and images."""

from __future__ import annotations

import importlib.util
import json
import sys

import pytest

from tests.run.conftest import image_for

__all__ = ["image_for"]

_SCRIPT = """\
#!{python}
import json, sys
with open({log!r}, "a") as log:
    print(json.dumps(sys.argv[1:]), file=log)
{body}
"""


class Programs:
    """Programs in a folder that is all there is on PATH."""

    def __init__(self, folder):
        self.folder = folder
        self._log = folder / "calls"
        self._log.touch()

    def add(self, name, body):
        path = self.folder / name
        path.write_text(_SCRIPT.format(python=sys.executable, log=str(self._log), body=body))
        path.chmod(0o755)

    @property
    def calls(self):
        return [json.loads(line) for line in self._log.read_text().splitlines()]


@pytest.fixture(scope="session")
def images(image_for):
    """Images by board, built while compilers are on PATH."""
    return {board: image_for(board) for board in ("nucleo_f446re", "mps2_an385")}


@pytest.fixture
def programs(tmp_path, monkeypatch, images):
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    # Nor as packages of this Python: what is installed here must not decide.
    real = importlib.util.find_spec
    hidden = ("pyocd", "platformio")
    monkeypatch.setattr(
        "importlib.util.find_spec", lambda name: None if name in hidden else real(name)
    )
    return Programs(folder)
