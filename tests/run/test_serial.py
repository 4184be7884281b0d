"""Boards at serial ports: found, refused in plain words, flashed where that helps."""

from __future__ import annotations

import re
from dataclasses import replace

import msgspec
import pytest

from tests.run.pty_board import PtyBoard
from tests.wire.fake_device import METER_DIGEST, Quirks
from tests.wire.models import SLOTS, TINY, clip, golden, same
from tinysnn.boards import load_board
from tinysnn.errors import DeviceError, OptionError
from tinysnn.ports import SerialPort
from tinysnn.run import base
from tinysnn.run.base import Job
from tinysnn.run.serial import SerialRunner, WrongBoard
from tinysnn.session_checks import NoAnswer, OtherModel, Timing

BOARD = "nucleo_f446re"


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    """A device that is not there is given up after a second, not ten."""
    quick = Timing(hello_tries=6, hello_slow_s=0.05)
    monkeypatch.setattr(base, "Timing", lambda: quick)
    monkeypatch.setattr("tinysnn.baud._WAIT_S", 0.03)


def port_list(monkeypatch, *ports):
    monkeypatch.setattr("tinysnn.ports.serial_ports", lambda: list(ports))


def test_port_is_found_by_its_usb_id(monkeypatch):
    with PtyBoard(quirks=Quirks(board=b"nucleo_f446re")) as here:
        usb = load_board(BOARD).usb_ids("serial")[0]
        port_list(monkeypatch, SerialPort("/dev/none", None, ""), SerialPort(here.name, usb, "x"))
        with SerialRunner(Job(TINY), load_board(BOARD), None) as runner:
            assert runner.port == here.name
            assert same(runner.run(clip(0, 100)), golden(0, clip(0, 100)))


def test_two_ports_and_nobody_to_ask(monkeypatch):
    usb = load_board(BOARD).usb_ids("serial")[0]
    port_list(monkeypatch, SerialPort("/dev/a", usb, ""), SerialPort("/dev/b", usb, ""))
    with pytest.raises(OptionError, match=r"/dev/a .*/dev/b .*Name one with --port"):
        SerialRunner(Job(TINY), load_board(BOARD), None)


def test_wrong_board_names_itself():
    with (
        PtyBoard(quirks=Quirks(board=b"microbit")) as here,
        pytest.raises(WrongBoard, match=r"says it is the board 'microbit', not 'nucleo_f446re'"),
    ):
        SerialRunner(Job(TINY), load_board(BOARD), here.name)


def test_port_in_use_by_another_program():
    with (
        PtyBoard() as here,
        SerialRunner(Job(TINY), load_board(BOARD), here.name),
        pytest.raises(DeviceError, match="in use by another program"),
    ):
        SerialRunner(Job(TINY), load_board(BOARD), here.name)


@pytest.mark.parametrize("built_for", [9600, 230400, 1000000])
def test_firmware_for_another_baud_rate(built_for):
    with PtyBoard(baud=built_for) as here:
        with pytest.raises(NoAnswer) as raised:
            SerialRunner(Job(TINY), load_board(BOARD), here.name)
        said = str(raised.value)
        assert f"answers at {built_for} baud, not at 115200" in said
        assert f"built for {built_for}. Name --baud {built_for}" in said
        assert "talks at 115200 baud" in said
        with SerialRunner(Job(TINY), load_board(BOARD), here.name, built_for) as runner:
            assert same(runner.run(clip(0, 20)), golden(0, clip(0, 20)))


def test_board_file_for_another_rate_is_what_counts():
    board = load_board(BOARD)
    slow = msgspec.structs.replace(board, uart=msgspec.structs.replace(board.uart, baud=57600))
    with PtyBoard(baud=57600) as here, SerialRunner(Job(TINY), slow, here.name) as runner:
        assert runner.info.board == "fake"


def test_unusual_rate_shows_as_garbage():
    with (
        PtyBoard(baud=2400) as here,
        pytest.raises(NoAnswer, match=r"bytes arrive at 115200 baud, but no tinysnn frames.*--fl"),
    ):
        SerialRunner(Job(TINY), load_board(BOARD), here.name)


@pytest.mark.parametrize(
    "program",
    [
        lambda data: data,  # a terminal that echoes, or TX and RX bridged
        lambda _data: b"\0\0\0\0",  # breaks only
        lambda _data: b"Zephyr boot\r\n",
    ],
    ids=["echo", "break", "text"],
)
def test_firmware_that_is_not_ours(program):
    with (
        PtyBoard(other_program=program) as here,
        pytest.raises(NoAnswer, match=r"bytes arrive at 115200 baud.*not tinysnn's"),
    ):
        SerialRunner(Job(TINY), load_board(BOARD), here.name)


def test_silence_names_the_pins():
    with PtyBoard(quirks=Quirks(mute=True)) as here:
        with pytest.raises(NoAnswer, match="no answer at 115200 baud or any other") as raised:
            SerialRunner(Job(TINY), load_board(BOARD), here.name)
        assert load_board(BOARD).uart.pins in str(raised.value)
        assert "`tinysnn flash`" in str(raised.value)


def test_other_model_and_other_slot():
    with PtyBoard(quirks=Quirks(digest=METER_DIGEST)) as here:
        with pytest.raises(OtherModel, match=r"runs model 'tiny' .*not 'tiny'"):
            SerialRunner(Job(TINY), load_board(BOARD), here.name)
        with pytest.raises(OtherModel, match="no model slot 7"):
            SerialRunner(Job(SLOTS[1], 7), load_board(BOARD), here.name)


def test_after_a_refusal_the_port_is_free_again():
    with PtyBoard() as here:
        other = Job(replace(TINY, digest=b"\x01" * 32))
        with pytest.raises(OtherModel):
            SerialRunner(other, load_board(BOARD), here.name)
        SerialRunner(Job(TINY), load_board(BOARD), here.name).close()


def test_no_rights_to_the_port(monkeypatch):
    import serial

    def refused(*_args, **_options):
        raise serial.SerialException(13, "could not open port: [Errno 13] Permission denied")

    monkeypatch.setattr("serial.serial_for_url", refused)
    with pytest.raises(DeviceError, match=re.escape("/dev/ttyACM0: you may not use the port")):
        SerialRunner(Job(TINY), load_board(BOARD), "/dev/ttyACM0")
