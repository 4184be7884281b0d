"""UART models and block lengths of the unicorn runner."""

from __future__ import annotations

import pytest

from tinysnn.run.blocks import BlockCounter, block_length
from tinysnn.run.uarts import REGISTERS, UartModel


@pytest.mark.parametrize("driver", REGISTERS)
def test_bytes_pass_in_order(driver):
    starved: list[int] = []
    uart = UartModel(REGISTERS[driver], lambda: starved.append(1))
    registers = REGISTERS[driver]
    uart.received.extend(b"ab")
    got = []
    while uart.read(registers.status) == registers.ready:
        got.append(uart.read(registers.receive))
    assert bytes(got) == b"ab"
    assert starved == []
    assert uart.read(registers.status) == registers.empty
    assert starved == [1]


def test_asking_before_sending_is_no_starvation():
    starved: list[int] = []
    uart = UartModel(REGISTERS["stm32_v1"], lambda: starved.append(1))
    for byte in b"hello":
        assert uart.read(0x00) & 0x80
        uart.write(0x04, byte)
    assert uart.sent == b"hello"
    assert starved == []


@pytest.mark.parametrize(
    ("code", "count"),
    [("00bf", 1), ("00bf00bf", 2), ("00f00080", 1), ("00bf00f0008000bf", 3), ("4ff00000", 1)],
)
def test_block_length(code, count):
    assert block_length(bytes.fromhex(code)) == count


def test_counter_takes_call_to_return_and_forgets_at_init():
    counter = BlockCounter(
        lambda _at, size: b"\x00\xbf" * (size // 2), lambda: 0x201, step=8, init=4
    )
    for address, size in ((8, 6), (20, 4), (20, 4), (0x200, 2), (8, 6), (0x200, 2)):
        counter.on_block(None, address, size, None)
    assert counter.step_counts == [7, 3]
    assert counter.total() == 12
    counter.on_block(None, 4, 2, None)
    assert counter.step_counts == []
