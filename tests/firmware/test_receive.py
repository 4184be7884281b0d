"""Bytes that come while the firmware is busy: the UART's interrupt takes them, as far as it can."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.firmware.client import (
    HELLO,
    RESET,
    TICKS,
    Line,
    check_session,
    frame,
    hello_body,
    spikes_body,
)
from tests.firmware.test_boot import BOOT_TRIES, built, qemu
from tinysnn.boards import Board, list_boards

pytestmark = pytest.mark.emu

MODELS = Path(__file__).parent
QUICK = {"lm3s6965evb", "microbit", "mps2_an505", "mps3_an547", "netduinoplus2"}
"""One of each UART that QEMU has, and those with interrupt numbers of their own."""
BOARDS = [
    pytest.param(board, id=board.id, marks=[] if board.id in QUICK else [pytest.mark.slow])
    for board in list_boards()
    if board.qemu
]
RING_BYTES = 128
FRAMES = 20
BUSY = 6
"""Input of the burning model that takes 2^26 instructions."""


def answers(line: Line) -> list[int]:
    """Sequence numbers of all answers until the device is quiet."""
    found = []
    while (answer := line.answer(0.5)) is not None:
        found.append(answer.seq)
    return found


@pytest.mark.parametrize("board", BOARDS)
def test_a_burst_while_busy_fills_the_ring_and_no_more(board: Board, tmp_path: Path) -> None:
    """QEMU's UARTs wait until a byte is taken: without the interrupt, nothing would be lost."""
    assert board.uart.irq is not None
    hello = frame(HELLO, 1000, hello_body())
    fit = RING_BYTES // len(hello)

    with qemu(built(MODELS / "burn", board, "gcc", tmp_path), tmp_path) as line:
        line.connect(1, tries=BOOT_TRIES)
        line.ask(RESET, 2, b"\1")
        line.write(frame(TICKS, 3, spikes_body([[BUSY]])))
        assert line.answer(0.05) is None, "the step has begun, and is not over"
        line.write(hello * (4 * fit))
        got = answers(line)

        assert got[0] == 3, "the answer of the step itself"
        whole = got.count(1000)
        assert fit - 1 <= whole <= fit + 1
        line.connect(500)
        assert line.ask(RESET, 501, b"\1").body[0] == 0


def sends(line: Line, seq: int, body: bytes) -> int:
    """How often TICKS was sent until it was answered, as hosts do on a line with losses."""
    for count in range(1, 1 + FRAMES):
        line.write(frame(TICKS, seq, body))
        while (answer := line.answer(2.0)) is not None:
            if answer.seq == seq:
                assert answer.kind == TICKS | 0x80
                return count
    raise AssertionError("no answer")


def test_a_long_frame_at_once_arrives_whole(tmp_path: Path) -> None:
    """Far more than the ring holds, while the firmware does nothing else than take it.

    On a busy machine QEMU may get bytes faster than its core runs: some frames need another try.
    """
    board = next(board for board in list_boards() if board.id == "mps2_an385")
    body = spikes_body([[0, 1, 2, 3, 4, 5]] * 16)

    with qemu(built(MODELS / "model", board, "gcc", tmp_path), tmp_path) as line:
        check_session(line, tries=BOOT_TRIES)
        assert len(frame(TICKS, 11, body)) > RING_BYTES
        tries = [sends(line, seq, body) for seq in range(11, 11 + FRAMES)]
        assert sum(tries) <= FRAMES + FRAMES // 4, tries
