"""The PlatformIO project without a registry: built, uploaded into QEMU and tested bit for bit."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest

from tests.export.conftest import PACKS
from tests.make_packs import make_layer, make_pack
from tests.run.clips import random_clip
from tests.run.halted_qemu import halted_qemu
from tests.tools import need
from tinysnn.board_schema import Platformio
from tinysnn.boards import load_board
from tinysnn.errors import BoardError, OptionError
from tinysnn.load.stimuli import load_stimuli
from tinysnn.pack_file import load, save

ROOT = Path(__file__).resolve().parents[2]
BOARD = "mps2_an386"
NO_NETWORK = dict.fromkeys(
    ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9"
)


@pytest.fixture(scope="module")
def needed():
    for tool in ("platformio", "scons", "gcc-arm", "qemu"):
        need(tool)


def _pio(folder, *arguments):
    """Run the project's own PlatformIO with nothing reachable; exit code and what it said."""
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    command = [sys.executable, "offline.py", *arguments]
    environment = {**os.environ, **NO_NETWORK, "PYTHONPATH": path}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.emu
def test_build_upload_and_test_end_bit_exact(needed, exported):
    board = load_board(BOARD)
    clips = (random_clip(PACKS[0], 1), random_clip(PACKS[0], 2, n_ticks=7))
    folder = exported("platformio", board=board, offline=True, clips=clips)
    code, said = _pio(folder, "run")
    assert code == 0, said
    assert (folder / ".pio" / "build" / BOARD / "firmware.elf").is_file()
    with halted_qemu(board) as machine:
        code, said = _pio(folder, "run", "-t", "upload", "--upload-port", machine.gdb)
        assert code == 0, said
        assert "bytes written to" in said
        ports = ("--upload-port", machine.gdb, "--test-port", machine.serial)
        code, said = _pio(folder, "test", "--without-building", "--without-uploading", *ports)
        assert code == 0, said
        assert "2 succeeded" in said
        _spoil(folder / "test" / "dense.tsnn")
        code, said = _pio(folder, "test", "--without-building", "--without-uploading", *ports)
        assert code != 0
        assert "the device runs model" in said


@pytest.mark.emu
@pytest.mark.slow
def test_the_test_uploads_by_itself(needed, exported):
    board = load_board(BOARD)
    folder = exported("platformio", packs=[PACKS[1]], board=board, offline=True)
    with halted_qemu(board) as machine:
        ports = ("--upload-port", machine.gdb, "--test-port", machine.serial)
        code, said = _pio(folder, "test", *ports)
    assert code == 0, said
    assert "50" in said
    assert "2 succeeded" in said


def _spoil(path):
    """Put another model of the same width in the place of a pack."""
    other = make_pack(make_layer(np.ones((5, 3), np.int64), theta=7), name="dense")
    save(other, path)


def test_the_input_of_the_test_is_what_was_given(exported):
    clips = (random_clip(PACKS[1], 1), random_clip(PACKS[1], 2, n_ticks=7))
    folder = exported("platformio", [PACKS[1]], board=load_board(BOARD), offline=True, clips=clips)
    pack = load(folder / "test" / "recurrent.tsnn")
    found = load_stimuli(folder / "test" / "recurrent.npz", n_in=pack.meta.n_in, graded=True)
    assert [clip.raster.tolist() for clip in found] == [clip.raster.tolist() for clip in clips]


@pytest.mark.parametrize(
    "board", ["nucleo_f446re", "bluepill_f103", "nrf52840_dk", "frdm_k64f", "microbit"]
)
def test_a_project_with_the_registry_names_what_users_know(exported, board):
    known = load_board(board).platformio
    assert known
    folder = exported("platformio", board=load_board(board))
    text = (folder / "platformio.ini").read_text()
    assert f"\nplatform = {known.platform}\nboard = {known.board}\n" in text
    assert "upload_protocol" not in text
    assert not (folder / "platform").exists()
    assert not (folder / "offline.py").exists()
    assert "\npio run -t upload\npio test\n" in (folder / "README.md").read_text()


@pytest.mark.parametrize(
    ("options", "names", "core"),
    [
        ({"board": load_board("pico")}, ("raspberrypi", "pico"), "cortex-m0plus"),
        ({"pio_board": "espressif32/esp32dev"}, ("espressif32", "esp32dev"), "cortex-m3"),
    ],
)
def test_other_boards_are_served_on_the_arduino_framework(exported, options, names, core):
    folder = exported("platformio", **options)
    text = (folder / "platformio.ini").read_text()
    assert "\nplatform = {}\nboard = {}\nframework = arduino\n".format(*names) in text
    library = folder / "lib" / "tsnn_dense"
    assert (library / "library.properties").is_file()
    assert f'"{core}"' in (library / "src" / "tsnn_export.h").read_text()
    sketch = (library / "examples" / "dense" / "dense.ino").read_text()
    assert (folder / "src" / "main.cpp").read_text() == sketch
    assert any(library.rglob("*.S")) == (core != "cortex-m3")


def test_offline_is_for_boards_that_are_known(exported):
    with pytest.raises(BoardError, match="offline project needs a board"):
        exported("platformio", pio_board="espressif32/esp32dev", offline=True)


@pytest.mark.parametrize("name", ["/", "a/b/c", "a/b c", "../x"])
def test_names_that_are_none_of_platformios(exported, name):
    with pytest.raises(OptionError, match="is not PLATFORM/BOARD"):
        exported("platformio", pio_board=name)


@pytest.mark.parametrize(
    ("board", "says"),
    [
        (None, "--board"),
        (BOARD, "--offline"),
    ],
)
def test_boards_it_cannot_serve(exported, board, says):
    with pytest.raises(BoardError, match=says):
        exported("platformio", board=load_board(board) if board else None)


def test_a_platform_with_neither_a_bare_build_nor_arduino(exported):
    platform = Platformio(board="zzz", platform="elsewhere", frameworks=("zephyr",))
    board = msgspec.structs.replace(load_board("frdm_k64f"), platformio=platform)
    with pytest.raises(BoardError, match="does not build without a framework"):
        exported("platformio", board=board)


def test_the_projects_python_is_clean(exported, tmp_path):
    folder = exported("platformio", board=load_board(BOARD), offline=True)
    for path in folder.rglob("*.py"):
        compile(path.read_text(), str(path), "exec")
    files = [path for path in folder.rglob("*.py") if path.name != "link_flags.py"]
    command = [sys.executable, "-m", "ruff", "check", "--isolated", "--select", "E,F,I,B", *files]
    command += ["--line-length", "100"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
