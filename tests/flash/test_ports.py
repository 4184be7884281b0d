"""Which port is the board, and why a port does not open."""

from __future__ import annotations

import pytest

from tinysnn import port_errors
from tinysnn.boards import load_board
from tinysnn.errors import DeviceError, OptionError
from tinysnn.port_errors import cannot_open
from tinysnn.ports import SerialPort, find_port

NUCLEO = SerialPort("/dev/ttyACM0", (0x0483, 0x374B), "STM32 STLink, serial number 0669FF")
SECOND = SerialPort("/dev/ttyACM1", (0x0483, 0x374B), "STM32 STLink, serial number 0700AA")
ADAPTER = SerialPort("/dev/ttyUSB0", (0x1A86, 0x7523), "USB Serial")
BUILT_IN = SerialPort("/dev/ttyS0", None, "")


def test_port_by_usb_id():
    board = load_board("nucleo_f446re")
    assert find_port(board, ports=[BUILT_IN, ADAPTER, NUCLEO]) == "/dev/ttyACM0"


def test_two_boards_are_listed_or_asked_for():
    board = load_board("nucleo_f446re")
    with pytest.raises(OptionError, match=r"ttyACM0 \(0483:374b STM32.*0700AA\).*--port"):
        find_port(board, ports=[NUCLEO, SECOND])
    asked = []

    def ask(what, choices):
        asked.append(what)
        return choices[1].value

    assert find_port(board, ports=[NUCLEO, SECOND], ask=ask) == "/dev/ttyACM1"
    assert asked == ["serial port of nucleo_f446re"]


def test_no_port_lists_those_that_are_here():
    with pytest.raises(DeviceError, match=r"USB id 0483:\w+.*Ports here: /dev/ttyUSB0 .*ttyS0"):
        find_port(load_board("nucleo_f446re"), ports=[ADAPTER, BUILT_IN])
    with pytest.raises(DeviceError, match=r"cable that carries data\.$"):
        find_port(load_board("nucleo_f446re"), ports=[])


def test_board_without_usb_comes_with_any_adapter():
    board = load_board("stm32vldiscovery")
    assert not board.usb_ids("serial")
    assert find_port(board, ports=[BUILT_IN, ADAPTER]) == "/dev/ttyUSB0"
    with pytest.raises(DeviceError, match="no USB serial port is here"):
        find_port(board, ports=[BUILT_IN])


class Refusal(OSError):  # noqa: N818
    """As pyserial raises it."""


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (Refusal(13, "could not open port: [Errno 13] Permission denied"), "dialout"),
        (
            Refusal(16, "could not open port: [Errno 16] Device or resource busy"),
            "in use by anoth",
        ),
        (
            Refusal(11, "Could not exclusively lock port: [Errno 11]"),
            "in use by another program",
        ),
        (
            Refusal("could not open port 'COM7': PermissionError(13, 'Denied', None, 5)"),
            "in use",
        ),
        (Refusal(2, "could not open port: [Errno 2] No such file"), r"there is none.*doctor"),
        (Refusal("Could not open port socket://x:1: [Errno 111] Refused"), "nothing listens there"),
        (ValueError("invalid URL, protocol 'x' not known"), "cannot open the port"),
    ],
)
def test_why_a_port_does_not_open(error, says, monkeypatch):
    monkeypatch.setattr(port_errors.sys, "platform", "linux")
    with pytest.raises(DeviceError, match=says):
        raise cannot_open("/dev/ttyACM0", error)
