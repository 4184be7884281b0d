"""The tests of the wire server can fail: each finds the faults planted for it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.firmware.mutants import CODES, HEARING, MUTANTS, WIRE, Mutant
from tests.tools import need
from tinysnn.paths import firmware_dir, templates_dir

pytestmark = [pytest.mark.host, pytest.mark.slow]

TESTS = Path(__file__).resolve().parent
ROOT = TESTS.parent.parent
FAILED = 1
"""pytest's exit code when tests ran and some failed."""
LIMIT_S = 120


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project that may be damaged."""
    need("cc")
    folder = tmp_path_factory.mktemp("checkout")
    for source in (ROOT / "tinysnn", firmware_dir(), templates_dir(), TESTS):
        shutil.copytree(
            source, folder / source.relative_to(ROOT), ignore=shutil.ignore_patterns("__pycache__")
        )
    for name in ("pyproject.toml", "tests/__init__.py", "tests/tools.py"):
        shutil.copy(ROOT / name, folder / name)
    return folder


def run_tests(checkout: Path, name: str) -> int:
    """Exit code of pytest on one file of tests, in the copy."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, f"tests/firmware/{name}"],
        cwd=checkout,
        env={**os.environ, "PYTHONPATH": str(checkout)},
        capture_output=True,
        timeout=LIMIT_S,
        check=False,
    )
    return done.returncode


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda m: m.name.replace(" ", "_"))
def test_a_fault_is_found(mutant: Mutant, checkout: Path) -> None:
    path = checkout / "firmware" / "src" / mutant.file
    whole = path.read_text()
    assert whole.count(mutant.old) == 1, "does not apply any more: write it anew"
    path.write_text(whole.replace(mutant.old, mutant.new))
    try:
        compiles = subprocess.run(
            ["cc", "-std=c11", "-fsyntax-only", "-I../include", "-I.", path.name],
            cwd=path.parent,
            check=False,
        )
        assert compiles.returncode == 0, "does not compile, so nothing would be shown"
        assert run_tests(checkout, mutant.found_by) == FAILED
    finally:
        path.write_text(whole)


@pytest.mark.parametrize("name", [WIRE, CODES, HEARING])
def test_without_a_fault_nothing_is_found(name: str, checkout: Path) -> None:
    assert run_tests(checkout, name) == 0


def test_names_differ() -> None:
    names = [mutant.name for mutant in MUTANTS]

    assert len(set(names)) == len(names)
