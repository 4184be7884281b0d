"""Flashing through GDB servers: QEMU's, and one whose device has flash that must be erased."""

from __future__ import annotations

import socket
import struct
import threading

import pytest

from tests.run.clips import random_clip
from tests.run.gdb_server import FLASH, FlashServer
from tests.run.halted_qemu import halted_qemu
from tests.tools import need
from tinysnn.boards import load_board
from tinysnn.build import build
from tinysnn.errors import BuildError, DeviceError, OptionError
from tinysnn.flash_gdb import flash_elf, main, parse_memory_map
from tinysnn.run.base import Job, expected_model
from tinysnn.run.serial import SerialRunner
from tinysnn.verify import verify


def make_elf(path, *parts):
    """A 32-bit ELF file of nothing but PT_LOAD segments, (address, bytes) each."""
    count = len(parts)
    head = b"\x7fELF\x01\x01\x01" + bytes(9)
    head += struct.pack("<HHIIIIIHHHHHH", 2, 40, 1, 0, 52, 0, 0, 52, 32, count, 40, 0, 0)
    offset, table, blob = 52 + 32 * count, b"", b""
    for address, data in parts:
        table += struct.pack(
            "<8I", 1, offset + len(blob), address, address, len(data), len(data), 5, 4
        )
        blob += data
    path.write_bytes(head + table + blob)
    return path


@pytest.fixture
def elf(tmp_path):
    """Every byte value, so that those that must be escaped are among them; and one more segment."""
    return make_elf(tmp_path / "x.elf", (FLASH, bytes(range(256)) * 2), (FLASH + 0x300, b"tail"))


def test_flash_is_erased_programmed_verified_and_the_device_started(elf):
    steps = []
    with FlashServer(damage=2) as server:
        written = flash_elf(
            elf, server.address, reset_command="reset halt", progress=lambda *s: steps.append(s)
        )
    assert written == 516
    assert steps[-1] == (516, 516)
    assert server.log == ["erase 0x0 0x400", "done", "reset halt", "continue"]
    assert bytes(server.memory[FLASH + k] for k in range(512)) == bytes(range(256)) * 2
    assert bytes(server.memory[FLASH + 0x300 + k] for k in range(4)) == b"tail"


def test_a_server_without_a_memory_map_gets_plain_writes(elf):
    with FlashServer(memory_map="") as server:
        flash_elf(elf, server.address)
    assert server.log == ["system_reset", "continue"]
    assert server.memory[FLASH + 0x41] == 0x41


def test_a_byte_that_reads_back_wrong_is_named(elf):
    said = r"0x08000123 reads 0x22 after 0x23 was written"
    with FlashServer(spoil=FLASH + 0x123) as server, pytest.raises(DeviceError, match=said):
        flash_elf(elf, server.address)
    assert "continue" not in server.log


def test_an_image_for_other_memory_is_refused_by_the_server(tmp_path):
    elf = make_elf(tmp_path / "y.elf", (FLASH + 0xF80, bytes(512)))
    with (
        FlashServer() as server,
        pytest.raises(DeviceError, match="cannot program flash"),
    ):
        flash_elf(elf, server.address)


@pytest.mark.parametrize("address", ["", "3333", ":", ":0", ":99999", "host:x"])
def test_an_address_that_is_none(elf, address):
    with pytest.raises(OptionError, match="HOST:PORT"):
        flash_elf(elf, address)


def test_nobody_listens(elf):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(DeviceError, match="no GDB server answers"):
        flash_elf(elf, f":{port}")


@pytest.mark.parametrize("content", [b"", b"hello", b"\x7fELF" + bytes(60)])
def test_no_elf_file(tmp_path, content):
    path = tmp_path / "z.elf"
    path.write_bytes(content)
    with pytest.raises(BuildError, match=r"z\.elf"):
        flash_elf(path, ":1")


@pytest.mark.parametrize(
    "text",
    [
        "<memory-map><memory type='flash' start='x' length='1'>1</memory></memory-map>",
        "<memory-map><memory type='flash' start='0'>1</memory></memory-map>",
        "<memory-map>",
        "<!DOCTYPE m [<!ENTITY a 'b'>]><m>&a;</m>",
        "<m><!ENTITY a 'b'></m>",
    ],
)
def test_a_memory_map_that_cannot_be_used(text):
    with pytest.raises(DeviceError, match="memory map"):
        parse_memory_map(text)


@pytest.mark.parametrize(
    "answer", [b"", b"$", b"$OK#00" * 9, b"+$zz#f4" * 9, b"+$" + b"x" * 300000]
)
def test_a_server_that_talks_nonsense(elf, answer):
    with socket.create_server(("127.0.0.1", 0)) as server:

        def talk():
            peer, _ = server.accept()
            with peer:
                peer.recv(100)
                peer.sendall(answer)

        thread = threading.Thread(target=talk, daemon=True)
        thread.start()
        with pytest.raises(DeviceError):
            flash_elf(elf, f"127.0.0.1:{server.getsockname()[1]}")
        thread.join(10)


@pytest.mark.emu
@pytest.mark.parametrize("board", ["mps2_an385", "stm32vldiscovery"])
def test_qemu_is_flashed_and_does_what_the_reference_does(packs, tmp_path, board):
    need("qemu")
    need("gcc-arm")
    target = load_board(board)
    image = build(packs[:1], target, tmp_path)
    with halted_qemu(target) as machine:
        flash_elf(image.elf, machine.gdb)
        job = Job(expected_model(packs[0]))
        with SerialRunner(job, target, machine.serial) as runner:
            report = verify(packs[0], runner, [random_clip(packs[0], 1)])
    assert report.ticks == 40
    assert report.first_divergence is None


def test_build_systems_call_the_module(elf, capsys):
    with FlashServer() as server:
        assert main([server.address, str(elf), "reset halt"]) == 0
    assert "516 bytes written" in capsys.readouterr().out
    assert main([":1", str(elf)]) == 3
    assert "error: localhost:1: no GDB server answers" in capsys.readouterr().err
    assert main([":1"]) == 2
    assert "usage" in capsys.readouterr().err
