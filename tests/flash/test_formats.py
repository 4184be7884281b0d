"""Images in the formats that loaders take, read back by other programs than those that wrote."""

from __future__ import annotations

import random
import struct
import subprocess

import pytest

from tests.flash.uf2_reader import flashed
from tests.tools import need
from tinysnn.boards import load_board
from tinysnn.errors import BoardError, BuildError
from tinysnn.flash.intel_hex import intel_hex
from tinysnn.flash.segments import Segment, check_board, flat, read_segments
from tinysnn.flash.uf2 import uf2


def random_segments(seed):
    """Some segments at odd addresses, one of them across a 64 KiB border."""
    rng = random.Random(seed)
    at, found = rng.choice([0, 0x10000000, 0x0800FFF3]), []
    for _ in range(rng.randint(1, 5)):
        at += rng.randint(0, 700)
        found.append(Segment(at, rng.randbytes(rng.randint(1, 3000))))
        at = found[-1].end
    return tuple(found)


def as_memory(segments):
    return {s.address + k: byte for s in segments for k, byte in enumerate(s.data)}


@pytest.mark.parametrize("seed", range(12))
def test_uf2_flashes_every_byte_and_leaves_the_rest_erased(seed):
    segments = random_segments(seed)
    memory = flashed(uf2(segments, 0xE48BFF56), 0xE48BFF56)
    wanted = as_memory(segments)
    assert {at: memory[at] for at in wanted} == wanted
    assert {value for at, value in memory.items() if at not in wanted} <= {0xFF}
    assert {at // 256 for at in memory} == {at // 256 for at in wanted}


def test_uf2_of_another_family_is_ignored():
    assert flashed(uf2(random_segments(1), 0xE48BFF56), 0xADA52840) == {}


@pytest.mark.parametrize("seed", range(6))
def test_hex_is_what_objcopy_reads(tmp_path, seed):
    need("gcc-arm")
    segments = random_segments(seed)
    (tmp_path / "x.hex").write_text(intel_hex(segments))
    subprocess.run(
        [
            "arm-none-eabi-objcopy",
            "-I",
            "ihex",
            "-O",
            "binary",
            "--gap-fill",
            "0xff",
            "x.hex",
            "x.bin",
        ],
        cwd=tmp_path,
        check=True,
    )
    assert (tmp_path / "x.bin").read_bytes() == flat(segments)


def test_hex_records_have_the_published_checksum():
    # The example of the format's article on Wikipedia.
    data = bytes.fromhex("214601360121470136007EFE09D21901")
    assert ":10010000214601360121470136007EFE09D2190140" in intel_hex((Segment(0x100, data),))


def test_segments_of_a_built_image(image_for, tmp_path):
    image = image_for("bluepill_f103")
    segments = read_segments(image.elf)
    assert segments[0].address == 0x08000000
    assert sum(len(s.data) for s in segments) == image.flash_bytes
    subprocess.run(
        ["arm-none-eabi-objcopy", "-O", "binary", str(image.elf), str(tmp_path / "x.bin")],
        check=True,
    )
    assert (tmp_path / "x.bin").read_bytes() == flat(segments)


def test_image_for_another_board(image_for):
    image = image_for("bluepill_f103")
    segments = read_segments(image.elf)
    check_board(image.elf, segments, load_board("bluepill_f103"))
    with pytest.raises(BoardError, match="is an image for the board 'bluepill_f103', not 'micro"):
        check_board(image.elf, segments, load_board("microbit"))


def elf(segments, machine=40):
    """A minimal ELF file of some segments, and nothing else."""
    head = b"\x7fELF\x01\x01\x01" + bytes(9)
    numbers = (2, machine, 1, 0, 52, 0, 0, 52, 32, len(segments), 0, 0, 0)
    head += struct.pack("<HHIIIIIHHHHHH", *numbers)
    table, body, at = b"", b"", 52 + 32 * len(segments)
    for address, data in segments:
        size = len(data)
        table += struct.pack("<8I", 1, at + len(body), address, address, size, size, 5, 4)
        body += data
    return head + table + body


def test_image_that_is_beyond_the_flash(tmp_path):
    path = tmp_path / "foreign.elf"
    path.write_bytes(elf([(0x08000000, b"abcd")]))
    with pytest.raises(BoardError, match=r"loads 0x08000000 to 0x08000004, but the flash of 'micr"):
        check_board(path, read_segments(path), load_board("microbit"))


DAMAGED = {
    "no ELF": b"hello",
    "of a PC": elf([(0, b"x")], machine=62),
    "nothing": elf([]),
    "twice": elf([(0, b"abcdef"), (4, b"abcd")]),
    "cut": elf([(0, b"abcd")])[:60],
}


@pytest.mark.parametrize("kind", DAMAGED)
def test_files_that_are_no_images(tmp_path, kind):
    (tmp_path / "x.elf").write_bytes(DAMAGED[kind])
    with pytest.raises(BuildError, match=r"x\.elf"):
        read_segments(tmp_path / "x.elf")


def test_segments_too_far_apart_for_a_flat_file():
    with pytest.raises(BuildError, match="make no flat binary"):
        flat((Segment(0, b"a"), Segment(0x20000000, b"b")))
