"""Fixtures for all tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tools import data_dir


@pytest.fixture(scope="session")
def recordings() -> Path:
    """Folder of recorded data; skips where it is not present."""
    return data_dir()


def pytest_addoption(parser: pytest.Parser) -> None:
    """`pytest tests/golden --update-golden` writes the expected texts anew; review the diff."""
    parser.addoption("--update-golden", action="store_true", help="rewrite tests/golden/expected")
