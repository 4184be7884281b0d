"""The memory plan says what the linked image has, and what to do where it does not fit."""

from __future__ import annotations

import msgspec
import pytest

from benchmarks.networks import seeded_pack
from tests.corner_maps import MAPS
from tests.tools import need
from tinysnn.boards import load_board
from tinysnn.build import build
from tinysnn.errors import BoardError
from tinysnn.memory import advice, plan

EXACT = 16
"""Bytes of the harness that differ by port and alignment."""


def packs():
    return [seeded_pack("conv16_5", 4), MAPS["map_mixed"]("mixed").pack, seeded_pack("rec256_5", 8)]


@pytest.mark.parametrize("board_id", ["generic_m0plus", "generic_m4", "mps2_an386"])
def test_ram_is_predicted(board_id, tmp_path):
    need("gcc-arm")
    board = load_board(board_id)
    image = build(packs(), board, tmp_path)

    found = plan(packs(), board.core, interrupts=board.uart.irq is not None)

    assert abs(found.ram_bytes - image.ram_bytes) <= EXACT


def test_layers_share_their_work_area():
    found = plan([seeded_pack("conv16_5", 8)], "cortex-m4")
    largest = max(layer.sums_bytes for layer in found.layers)
    longest_list = 2 * 576  # rows of the last layer, which has a matrix
    assert largest + longest_list <= found.work_bytes < largest + longest_list + 16
    assert found.state_bytes == sum(layer.state_bytes for layer in found.layers)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"ram_bytes": 12288}, ("RAM is", "'layer0'", "bytes of state", "stride")),
        ({"flash_bytes": 8192}, ("flash is", "'layer2'", "--layer-bits layer2=4", "would save")),
    ],
)
def test_what_takes_most_and_what_would_help(change, said, tmp_path):
    need("gcc-arm")
    small = msgspec.structs.replace(load_board("generic_m4"), storage=None, **change)
    with pytest.raises(BoardError) as caught:
        build([seeded_pack("conv16_5", 8)], small, tmp_path)
    for words in said:
        assert words in str(caught.value)


def test_membranes_of_32_bits_can_be_halved():
    wide = MAPS["map_mixed"]("mixed").pack
    assert "--state-bits 16 would save" in advice(plan([wide], "cortex-m4"), ram=True)
