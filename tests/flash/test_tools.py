"""Flashing through other programs: what they are called with, and what their complaints become.

The programs here are stand-ins that print what the real ones print: pyOCD 0.46, PlatformIO 6.2,
OpenOCD 0.12.
"""

from __future__ import annotations

import pytest

from tinysnn.boards import load_board
from tinysnn.errors import BoardError, DeviceError, OptionError, ToolMissing
from tinysnn.flash import METHODS, FlashJob, check_method, flash, passed_over, pick_method
from tinysnn.flash.command import split_command

BOARD = "nucleo_f446re"
PROBE = '{"unique_id": "0669FF", "info": "STM NUCLEO-F446RE", "target": "stm32f446retx"}'
OTHER = '{"unique_id": "0700AA", "info": "Arm DAPLink", "target": "nrf52840"}'
PYOCD = """
target = "stm32f446retx"
if sys.argv[1:3] == ["json", "--probes"]:
    print("0000123 W a library warns first [x]", file=sys.stderr, flush=True)
    print('{{"status": 0, "boards": [{probes}]}}')
elif sys.argv[1:3] == ["json", "--targets"]:
    print('{{"status": 0, "targets": [{{"name": "nrf52840"}}, {{"name": "%s"}}]}}' % {known!r})
else:
    print({says!r})
    sys.exit({code})
"""


def pyocd(probes=PROBE, known="stm32f446retx", says="", code=0):
    return PYOCD.format(probes=probes, known=known, says=says, code=code)


@pytest.fixture
def job(tmp_path, images):
    def make(board=BOARD, **options):
        target = load_board(board)
        return FlashJob(images[board].elf, target, tmp_path / "out", **options)

    return make


@pytest.fixture
def built(images):
    return images[BOARD]


def test_pyocd_gets_probe_target_and_image(built, programs, job):
    programs.add("pyocd", pyocd())
    done = flash(job())
    assert (done.method, done.how) == ("pyocd", "pyocd, target stm32f446retx, probe 0669FF")
    assert done.flash_bytes == built.flash_bytes
    assert programs.calls[-1] == [
        *("load", "--no-wait", "--uid", "0669FF", "--target", "stm32f446retx"),
        *("--format", "elf", str(built.elf)),
    ]


def test_no_probe(built, programs, job):
    programs.add("pyocd", pyocd(probes=""))
    with pytest.raises(DeviceError, match=r"nucleo_f446re: no debug probe is connected.*udev"):
        flash(job())
    assert not [call for call in programs.calls if call[0] == "load"]


def test_several_probes(built, programs, job):
    programs.add("pyocd", pyocd(probes=f"{OTHER}, {PROBE}"))
    with pytest.raises(OptionError, match=r"0700AA \(Arm DAPLink\), 0669FF .*one with --probe"):
        flash(job())
    assert flash(job(probe="0669f")).how.endswith("0669FF")
    assert flash(job(ask=lambda _what, choices: choices[1].value)).how.endswith("0669FF")
    with pytest.raises(DeviceError, match=r"no debug probe with 'ffff' in its number .*0700AA"):
        flash(job(probe="ffff"))


def test_chip_without_its_pack_names_the_command(built, programs, job):
    programs.add("pyocd", pyocd(known="nrf52833"))
    with pytest.raises(DeviceError, match=r"does not know .*`pyocd pack install stm32f446retx`"):
        flash(job())
    assert not [call for call in programs.calls if call[0] == "load"]


SAYINGS = {
    "no permission": (
        "0000365 C [Errno 13] Access denied (insufficient permissions) [__main__]",
        "you may not use the debug probe",
    ),
    "busy": ("0000420 C [Errno 16] Resource busy [__main__]", "the debug probe is busy"),
    "wrong board": (
        "0001403 C Memory transfer fault (No ACK) [__main__]",
        "the probe reaches no chip of this kind",
    ),
    "gone": ("No connected debug probes", "no debug probe, or no board"),
    "pack": (
        "0000405 C Target type stm32f446retx not recognized. Use 'pyocd list' [__main__]",
        "does not know the chip",
    ),
    "anything": ("0000405 C flux capacitor\x1b[31m [x]", r"failed with exit code 1: .*flux capac"),
}


@pytest.mark.parametrize("kind", SAYINGS)
def test_what_pyocd_complains_of(built, programs, job, kind):
    says, becomes = SAYINGS[kind]
    programs.add("pyocd", pyocd(says=says, code=1))
    with pytest.raises(DeviceError, match=becomes) as raised:
        flash(job())
    assert "\x1b" not in str(raised.value)


def test_listing_that_is_no_json(built, programs, job):
    programs.add("pyocd", "print('Traceback (most recent call last)')")
    with pytest.raises(DeviceError, match=r"cannot list its boards: Traceback"):
        flash(job())


PIO = """
from pathlib import Path
root = Path(sys.argv[sys.argv.index("-d") + 1])
built = root / ".pio/build" / sys.argv[sys.argv.index("-e") + 1]
print(json.dumps({k: (built / ("firmware." + k)).stat().st_size for k in ("elf", "bin", "hex")}))
print((root / "platformio.ini").read_text())
"""


def test_platformio_uploads_what_it_has_not_built(built, programs, job):
    programs.add("pio", PIO)
    done = flash(job(port="/dev/ttyACM3"), "platformio")
    assert done.how == "platformio, board nucleo_f446re"
    (call,) = programs.calls
    assert call[:2] == ["run", "--disable-auto-clean"]
    assert call[-6:] == ["-t", "nobuild", "-t", "upload", "--upload-port", "/dev/ttyACM3"]
    ini = (job().folder / "platformio" / "platformio.ini").read_text()
    assert ini == "[env:nucleo_f446re]\nplatform = ststm32\nboard = nucleo_f446re\n"


PIO_SAYINGS = {
    "Error: unable to find a matching CMSIS-DAP device": "no debug probe, or no board",
    "Error: open failed\nin procedure 'program'": "no debug probe, or no board",
    "Error: libusb_open() failed with LIBUSB_ERROR_ACCESS": "you may not use the debug probe",
    "Error: init mode failed (unable to connect to the target)": "reaches no chip of this kind",
    "UnknownBoard: Unknown board ID 'nucleo_f446re'": "does not know the board",
    "HTTPClientError: ": "cannot fetch its packages",
}


@pytest.mark.parametrize("says", PIO_SAYINGS)
def test_what_platformio_complains_of(built, programs, job, says):
    programs.add("pio", f"print({says!r}); sys.exit(1)")
    with pytest.raises(DeviceError, match=PIO_SAYINGS[says]):
        flash(job(), "platformio")


def test_command_of_the_user_runs_without_a_shell(built, programs, job):
    programs.add("openocd", "")
    command = "openocd -f 'my board.cfg' -c \"program {elf} verify; $(touch no)\" -p {port} {hex}"
    flash(job(command=command, port="COM7"))
    (call,) = programs.calls
    folder = job().folder
    assert call == [
        *("-f", "my board.cfg", "-c", f"program {built.elf} verify; $(touch no)", "-p", "COM7"),
        str(folder / "tinysnn.hex"),
    ]
    assert [path.name for path in folder.iterdir()] == ["tinysnn.hex"]


def test_command_that_fails(built, programs, job):
    programs.add("openocd", "print('Error: open failed'); sys.exit(1)")
    with pytest.raises(DeviceError, match="openocd: no debug probe"):
        flash(job(command="openocd {elf}"))
    with pytest.raises(ToolMissing, match="'nosuch' of --command is not here"):
        flash(job(command="nosuch {elf}"))
    with pytest.raises(OptionError, match=r"place \{port\}, but no port"):
        flash(job(command="openocd {elf} {port}"))
    with pytest.raises(BoardError, match="no UF2 family"):
        flash(job(command="openocd {uf2}"))


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("", "needs --command"),
        ("openocd", "no place for the image"),
        ("openocd {file}", r"unknown place \{file\}"),
        ("openocd '{elf}", "cannot be split"),
    ],
)
def test_commands_that_make_no_sense(command, says):
    with pytest.raises(OptionError, match=says):
        split_command(command)


def test_method_is_the_first_of_the_boards_that_is_possible(built, programs, job):
    with pytest.raises(ToolMissing) as raised:
        pick_method(job())
    for way in ("pyocd: pip install 'tinysnn[pyocd]'", "platformio: pip install"):
        assert way in str(raised.value)
    programs.add("pio", "")
    assert pick_method(job()) == "platformio"
    assert "pyocd: pip install 'tinysnn[pyocd]'" in passed_over("platformio", job().board)
    first = job().board.flasher.methods[0]
    assert passed_over(first, job().board) == passed_over("gdb", job().board) == ""
    programs.add("pyocd", "")
    assert pick_method(job()) == "pyocd"
    assert pick_method(job(gdb=":3333")) == "gdb"


def test_board_that_says_nothing_about_flashing(programs, job):
    with pytest.raises(BoardError, match=r"nothing about flashing.*--gdb"):
        pick_method(job("mps2_an385"))


def test_options_of_another_method(built, job):
    with pytest.raises(OptionError, match="--probe is for --method pyocd, not for volume"):
        check_method("volume", job(probe="1"))


def test_gdb_needs_an_address(built, job):
    with pytest.raises(OptionError, match=r"Add --gdb HOST:PORT"):
        flash(job(), "gdb")
    with pytest.raises(DeviceError, match="no GDB server answers"):
        flash(job(gdb="127.0.0.1:1"))


def test_the_command_line_names_the_same_methods():
    from tinysnn.cli.flash import METHODS as NAMED

    assert list(NAMED) == list(METHODS)
