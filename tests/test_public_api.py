"""The public names, and what importing the package costs."""

from __future__ import annotations

import subprocess
import sys
import types

import pytest

import tinysnn

HEAVY = ("h5py", "jinja2", "nir", "numpy", "rich", "safetensors", "serial", "soundfile", "unicorn")


def test_all_equals_the_exports():
    assert set(tinysnn.__all__) == set(tinysnn._EXPORTS)
    assert len(set(tinysnn.__all__)) == len(tinysnn.__all__) <= 12
    public = {name for name in dir(tinysnn) if not name.startswith("_")}
    assert public == set(tinysnn.__all__)


@pytest.mark.parametrize("name", tinysnn.__all__)
def test_every_public_name_is_there_and_documented(name):
    value = getattr(tinysnn, name)
    assert not isinstance(value, types.ModuleType)
    assert value.__doc__


def test_unknown_name():
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = tinysnn.nonsense


def _modules_after(code):
    command = [sys.executable, "-c", f"{code}\nimport sys; print(*sorted(sys.modules))"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split())


@pytest.mark.parametrize(
    "code",
    [
        "import tinysnn",
        "from tinysnn.cli.main import run; run(['--help'])",
        "from tinysnn.cli.main import run; run(['run', '--help'])",
        "from tinysnn.cli.main import run; run(['--version'])",
    ],
)
def test_nothing_heavy_is_imported(code):
    found = _modules_after(code)
    assert "tinysnn" in found
    assert not found & set(HEAVY)
