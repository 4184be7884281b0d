"""What chips' boot ROMs want to find in an image."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from tests.tools import need
from tinysnn.boards import load_board
from tinysnn.build import build_sources
from tinysnn.image import ElfView
from tinysnn.toolchain import find_toolchain

MODEL = Path(__file__).parent / "firmware" / "model"


def flash_of(board_id: str, chain: str, folder: Path) -> tuple[bytes, ElfView]:
    """The first 12 KiB of an image's code section, and the image."""
    need("gcc-arm" if chain == "gcc" else "zig")
    board = load_board(board_id)
    image = build_sources(MODEL, board, folder, toolchain=find_toolchain(chain))
    elf = ElfView(image.elf)
    address, size = elf.sections[".text"]
    assert address == board.flash_base
    return elf.read(address, min(size, 12288)), elf


def crc32_mpeg2(data: bytes) -> int:
    """CRC-32 as the RP2040's ROM has it: polynomial 0x04C11DB7, from all ones, bits as they are."""
    crc = 0xFFFF_FFFF
    for byte in data:
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1 ^ (0x04C1_1DB7 if crc >> 31 else 0)) & 0xFFFF_FFFF
    return crc


def test_the_crc_is_the_standards() -> None:
    assert crc32_mpeg2(b"123456789") == 0x0376_E6E7


@pytest.mark.parametrize("chain", ["gcc", "zig"])
def test_rp2040_second_stage(chain: str, tmp_path: Path) -> None:
    """Its CRC, and that it hands over to the vectors behind it."""
    flash, elf = flash_of("pico", chain, tmp_path)
    expected = crc32_mpeg2(flash[:252])

    (stored,) = struct.unpack_from("<I", flash, 252)
    assert stored == expected, f"the last word of boot_rp2040.S must be 0x{expected:08X}"
    assert struct.unpack_from("<I", flash, 260)[0] == elf.symbol("Reset_Handler").address | 1


def test_rp2040_second_stage_runs(tmp_path: Path) -> None:
    """On a bare core: it sets the SSI up, and goes on with the stack and the entry of the image."""
    need("unicorn")
    from unicorn import UC_ARCH_ARM, UC_MODE_THUMB, arm_const
    from unicorn.unicorn import Uc

    flash, elf = flash_of("pico", "gcc", tmp_path)
    uc = Uc(UC_ARCH_ARM, UC_MODE_THUMB)
    uc.ctl_set_cpu_model(arm_const.UC_CPU_ARM_CORTEX_M0)
    for base in (0x1000_0000, 0x1800_0000, 0x2004_1000, 0xE000_E000):
        uc.mem_map(base, 0x4000)
    uc.mem_write(0x1000_0000, flash)
    uc.mem_write(0x2004_1000, flash[:256])  # the ROM copies it to the end of the RAM
    entry = elf.symbol("Reset_Handler").address
    uc.emu_start(0x2004_1000 | 1, entry, count=100)

    assert uc.reg_read(arm_const.UC_ARM_REG_PC) == entry
    assert uc.reg_read(arm_const.UC_ARM_REG_SP) == struct.unpack_from("<I", flash, 256)[0]
    ssi = struct.unpack("<8I", uc.mem_read(0x1800_0000, 32))
    assert (ssi[0], ssi[1], ssi[2], ssi[5]) == (0x001F_0300, 0, 1, 4)
    assert uc.mem_read(0x1800_00F4, 4) == struct.pack("<I", 0x0300_0218)
    assert uc.mem_read(0xE000_ED08, 4) == struct.pack("<I", 0x1000_0100)


def test_rp2350_image_block(tmp_path: Path) -> None:
    flash, _ = flash_of("pico2", "gcc", tmp_path)
    block = struct.pack("<5I", 0xFFFFDED3, 0x10210142, 0x1FF, 0, 0xAB123579)

    assert block in flash[:4096]


def test_kinetis_is_not_locked(tmp_path: Path) -> None:
    flash, elf = flash_of("frdm_k64f", "gcc", tmp_path)

    assert flash[0x400:0x410] == b"\xff" * 12 + b"\xfe\xff\xff\xff"
    assert min(s.address for s in elf.symbols.values() if s.is_function) >= 0x410


def test_imxrt_boot_table(tmp_path: Path) -> None:
    flash, elf = flash_of("teensy41", "gcc", tmp_path)
    table = struct.unpack_from("<12I", flash, 0x1000)

    assert flash[:4] == b"FCFB"
    assert struct.unpack_from("<2I", flash, 0x80) == (0x08180403, 0x2404)
    assert struct.unpack_from("<I", flash, 0x50) == (0x800000,)
    assert struct.unpack_from("<I", flash, 0x1C0) == (256,)
    assert table[:2] == (0x402000D1, elf.symbol("tsnn_vectors").address)
    assert table[4:6] == (0x60001020, 0x60001000)
    assert table[8:10] == (0x60000000, 0x800000)
    assert elf.symbol("tsnn_vectors").address == 0x60002000
