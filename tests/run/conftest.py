"""The two hand-written models of tests/firmware/model, built for boards."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tools import need
from tinysnn.boards import load_board
from tinysnn.build import build_sources
from tinysnn.image import Image

MODEL = Path(__file__).resolve().parent.parent / "firmware" / "model"


@pytest.fixture(scope="session")
def image_for(tmp_path_factory):
    """A function that builds the hand-written models for a board, once."""
    built: dict[str, Image] = {}

    def build(board: str) -> Image:
        need("gcc-arm")
        if board not in built:
            folder = tmp_path_factory.mktemp(board)
            built[board] = build_sources(MODEL, load_board(board), folder)
        return built[board]

    return build
