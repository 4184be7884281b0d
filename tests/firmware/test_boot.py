"""The firmware on emulated cores, with hand-written models: it boots, answers and counts."""

from __future__ import annotations

import socket
import struct
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.firmware import client
from tests.firmware.bare_core import BareCore
from tests.firmware.client import RESET, TICKS, Line, check_session
from tests.tools import need
from tinysnn.boards import Board, list_boards, load_board
from tinysnn.build import build_sources
from tinysnn.image import Image
from tinysnn.toolchain import find_toolchain

pytestmark = pytest.mark.emu

MODEL = Path(__file__).parent / "model"
BURN = Path(__file__).parent / "burn"
QEMU_BOARDS = [board for board in list_boards() if board.qemu]
UNICORN_BOARDS = [board for board in list_boards() if board.unicorn]
BOOT_TRIES = 100
"""Bytes sent before the firmware has set up its UART are lost."""


def built(model: Path, board: Board, chain: str, folder: Path) -> Image:
    need("gcc-arm" if chain == "gcc" else "zig")
    return build_sources(model, board, folder, toolchain=find_toolchain(chain))


@contextmanager
def qemu(image: Image, folder: Path) -> Iterator[Line]:
    """An emulated board running `image`, and the line to it."""
    need("qemu")
    assert image.board.qemu is not None
    door = folder / "uart"
    machine = ["-M", image.board.qemu.machine, *image.board.qemu.args, "-icount", "shift=0"]
    serial = ["-serial", f"unix:{door},server,nowait", "-nographic", "-monitor", "none"]
    process = subprocess.Popen(
        ["qemu-system-arm", *machine, "-kernel", image.elf, *serial], stdin=subprocess.DEVNULL
    )
    try:
        with socket.socket(socket.AF_UNIX) as line:
            while line.connect_ex(str(door)) != 0:
                assert process.poll() is None
                time.sleep(0.005)

            def read(timeout_s: float) -> bytes:
                line.settimeout(timeout_s)
                try:
                    return line.recv(65536)
                except TimeoutError:
                    return b""

            yield Line(line.sendall, read)
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("chain", ["gcc", "zig"])
@pytest.mark.parametrize("board", QEMU_BOARDS, ids=lambda board: board.id)
def test_the_firmware_runs_under_qemu(board: Board, chain: str, tmp_path: Path) -> None:
    image = built(MODEL, board, chain, tmp_path)

    with qemu(image, tmp_path) as line:
        hello, ticks = check_session(line, tries=BOOT_TRIES)

    kind, clock_hz = struct.unpack_from("<BI", hello.body, 11)
    assert (kind, clock_hz) == (3, board.counter_hz)
    name, board_id, core, compiler = client.read_texts(hello.body)
    assert (name, board_id, core) == ("tiny", board.id, board.core)
    assert compiler.startswith("gcc " if chain == "gcc" else "clang ")
    # A tick of the timer is 6 to 80 instructions long, and a step some 70.
    assert all(count < 100 for count in ticks.counts)
    assert sum(ticks.counts) > 0


def check_systick(board: Board, ticks: list[int], folder: Path) -> None:
    """One instruction takes 1 ns: input k burns 2^(20 + k) ns. The counter must go round."""
    image = built(BURN, board, "gcc", folder)

    with qemu(image, folder) as line:
        line.connect(1, tries=BOOT_TRIES)
        line.ask(RESET, 2, b"\1")
        counts = []
        for k, tick in enumerate(ticks):
            answer = line.ask(TICKS, 3 + k, client.spikes_body([[tick]]), timeout_s=60)
            counts += client.read_ticks(answer.body).counts

    expected = [(1 << 20 + tick) * board.counter_hz / 1e9 for tick in ticks]
    assert sum(expected) > 1 << 24
    for count, truth in zip(counts, expected, strict=True):
        assert abs(count - truth) < 10 + truth * 1e-5


def test_systick_counts_at_the_stated_rate_and_past_24_bits(tmp_path: Path) -> None:
    check_systick(load_board("netduinoplus2"), [4, 7, 8], tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("board", QEMU_BOARDS, ids=lambda board: board.id)
def test_systick_counts_right_on_every_board(board: Board, tmp_path: Path) -> None:
    check_systick(board, [4, 9, 9, 9], tmp_path)


@pytest.mark.parametrize("chain", ["gcc", "zig"])
@pytest.mark.parametrize("board", UNICORN_BOARDS, ids=lambda board: board.id)
def test_the_firmware_runs_on_a_bare_core(board: Board, chain: str, tmp_path: Path) -> None:
    """Also: it counts instructions, and never uses more stack than was worked out."""
    need("unicorn")
    image = built(MODEL, board, chain, tmp_path)
    core = BareCore(image)

    hello, ticks = check_session(Line(core.write, core.read))

    kind, clock_hz = struct.unpack_from("<BI", hello.body, 11)
    assert (kind, clock_hz) == (1, board.clock_hz)
    assert client.read_texts(hello.body)[1:3] == [board.id, board.core]
    assert all(30 < count < 500 for count in ticks.counts)
    assert image.stack_bytes is not None
    assert core.stack_used <= image.stack_bytes
    # Not far from it either: the bound is the deepest chain and one exception of 36 bytes.
    assert core.stack_used > image.stack_bytes // 2


def test_a_bare_core_counts_each_instruction(tmp_path: Path) -> None:
    need("unicorn")
    image = built(BURN, load_board("generic_m4"), "gcc", tmp_path)
    core = BareCore(image)
    line = Line(core.write, core.read)
    line.connect(1)
    line.ask(RESET, 2, b"\0")

    counts = [
        client.read_ticks(line.ask(TICKS, 3 + k, client.spikes_body([tick])).body).counts[0]
        for k, tick in enumerate([[], [0]])
    ]

    assert 0 < counts[1] - counts[0] - (1 << 20) < 20
