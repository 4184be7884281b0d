"""Images: the two hand-written models of tests/firmware/model, and some random packs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.random_packs import random_pack
from tests.tools import need
from tinysnn.boards import load_board
from tinysnn.build import build, build_sources
from tinysnn.image import Image

MODEL = Path(__file__).resolve().parent.parent / "firmware" / "model"


@pytest.fixture(scope="session")
def image_for(tmp_path_factory):
    """A function that builds the hand-written models for a board, once."""
    built: dict[str, Image] = {}

    def get(board: str) -> Image:
        need("gcc-arm")
        if board not in built:
            folder = tmp_path_factory.mktemp(board)
            built[board] = build_sources(MODEL, load_board(board), folder)
        return built[board]

    return get


@pytest.fixture(scope="session")
def packs():
    """Five packs that share an image."""
    return [random_pack(seed, f"model_{seed}") for seed in range(5)]


@pytest.fixture(scope="session")
def packs_image_for(tmp_path_factory, packs):
    """A function that builds the packs for a board, once."""
    built: dict[str, Image] = {}

    def get(board: str) -> Image:
        need("gcc-arm")
        if board not in built:
            built[board] = build(packs, load_board(board), tmp_path_factory.mktemp(board))
        return built[board]

    return get
