"""Drag and drop onto a folder that behaves like a board's drive."""

from __future__ import annotations

import shutil
import threading
import time

import msgspec
import pytest

from tests.flash.uf2_reader import flashed
from tinysnn.boards import load_board
from tinysnn.errors import BoardError, DeviceError, OptionError
from tinysnn.flash import volume
from tinysnn.flash.intel_hex import intel_hex
from tinysnn.flash.job import FlashJob
from tinysnn.flash.segments import flat, read_segments

INFO = "UF2 Bootloader v3.0\nModel: Raspberry Pi RP2\nBoard-ID: RPI-RP2\n"


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(volume, "SETTLE_S", 0.6)
    monkeypatch.setattr(volume, "_POLL_S", 0.01)


@pytest.fixture
def bootloader(tmp_path):
    """A UF2 boot loader's drive."""
    drive = tmp_path / "media" / "RPI-RP2"
    drive.mkdir(parents=True)
    (drive / "INFO_UF2.TXT").write_text(INFO)
    return drive


@pytest.fixture
def job(tmp_path, image_for):
    """An image of another board will do: what is copied is looked at byte by byte."""

    def make(board, **options):
        return FlashJob(image_for("bluepill_f103").elf, load_board(board), tmp_path, **options)

    return make


class Board(threading.Thread):
    """Waits for a file on a drive, keeps it, and does what the board would do then."""

    def __init__(self, drive, then):
        super().__init__(daemon=True)
        self.drive, self.then, self.taken = drive, then, {}
        self._before = set(drive.iterdir())

    def run(self):
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and not (new := set(self.drive.iterdir()) - self._before):
            time.sleep(0.005)
        time.sleep(0.05)  # written in one go, but seen while it is
        self.taken = {path.name: path.read_bytes() for path in new}
        self.then(self.drive)


def gone(drive):
    shutil.move(drive, drive.with_name("unmounted"))


def away_and_back(drive):
    gone(drive)
    time.sleep(0.1)
    drive.mkdir()


def refused(drive):
    why = "error: The transfer timed out.\r\ntype: transient, user\x1b\r\n"
    (drive / "FAIL.TXT").write_text(why)


def test_pico_takes_its_family_and_goes(job, bootloader):
    board = Board(bootloader, gone)
    board.start()
    done = volume.flash_volume(job("pico"), [bootloader])
    board.join()
    assert done == f"copied tinysnn.uf2 to {bootloader}"
    memory = flashed(board.taken["tinysnn.uf2"], 0xE48BFF56)
    segments = read_segments(job("pico").elf)
    assert bytes(memory[s.address + k] for s in segments for k in range(len(s.data))) == b"".join(
        s.data for s in segments
    )


def test_bootloader_that_stays_has_refused(job, bootloader):
    with pytest.raises(DeviceError, match=r"did not take the file.*UF2 family must fit"):
        volume.flash_volume(job("pico"), [bootloader])


@pytest.mark.parametrize("kind", ["hex", "bin"])
def test_interface_chip_that_comes_back(job, tmp_path, kind):
    drive = tmp_path / "MICROBIT"
    drive.mkdir()
    one = job("microbit")
    flasher = msgspec.structs.replace(one.board.flasher, volume_format=kind)
    one = FlashJob(one.elf, msgspec.structs.replace(one.board, flasher=flasher), tmp_path)
    board = Board(drive, away_and_back)
    board.start()
    volume.flash_volume(one, [tmp_path / "DOCS", drive])
    board.join()
    segments = read_segments(one.elf)
    wanted = intel_hex(segments).encode() if kind == "hex" else flat(segments)
    assert board.taken == {f"tinysnn.{kind}": wanted}


def test_interface_chip_says_why_it_refused(job, tmp_path):
    drive = tmp_path / "MICROBIT"
    drive.mkdir()
    board = Board(drive, refused)
    board.start()
    with pytest.raises(DeviceError, match=r"refused the file: error: The transfer timed out\. ty"):
        volume.flash_volume(job("microbit"), [drive])
    board.join()


def test_no_drive_says_how_to_get_one(job, tmp_path):
    with pytest.raises(DeviceError, match=r"pico: no drive named RPI-RP2 is mounted.*BOOTSEL"):
        volume.flash_volume(job("pico"), [tmp_path])


def test_two_drives(job, bootloader):
    second = bootloader.with_name("RPI-RP21")  # so do systems name a second one
    shutil.copytree(bootloader, second)
    with pytest.raises(OptionError, match=r"RPI-RP2 \(RPI-RP2\), .*RPI-RP21 .*--volume"):
        volume.flash_volume(job("pico"), [bootloader, second])


def test_named_folder_must_be_a_bootloader(job, tmp_path, bootloader):
    with pytest.raises(DeviceError, match=r"has no INFO_UF2\.TXT"):
        volume.flash_volume(job("pico", volume=tmp_path))
    with pytest.raises(DeviceError, match="no such folder"):
        volume.flash_volume(job("pico", volume=tmp_path / "none"))


def test_board_without_a_drive(job):
    with pytest.raises(BoardError, match="shows no drive to drop files on"):
        volume.flash_volume(job("bluepill_f103"), [])


def test_drive_that_cannot_be_written(job, tmp_path, monkeypatch):
    drive = tmp_path / "MICROBIT"
    (drive / "tinysnn.hex").mkdir(parents=True)
    with pytest.raises(DeviceError, match=r"cannot be written \(Is a directory\)"):
        volume.flash_volume(job("microbit"), [drive])


def test_mounts_with_blanks_in_their_names(tmp_path):
    table = tmp_path / "mounts"
    table.write_text(
        "proc /proc proc rw 0 0\n/dev/sdb1 /media/me/MY\\040BOARD vfat rw 0 0\n\n"
        "/dev/sda1 / ext4 rw 0 0\n"
    )
    assert [str(path) for path in volume._fat_mounts(table)] == ["/media/me/MY BOARD"]
