"""SAMPLES to the wire server against SPEC.md 3.3: a model whose front end is one tick late."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.firmware import client
from tests.firmware.client import RESET, SAMPLES, STATE, Line
from tests.firmware.conftest import Server
from tests.firmware.test_fuzz import attack
from tests.tools import need
from tinysnn.build_host import build_host_server

pytestmark = pytest.mark.host
SOME = [[9, 256, -512, 700], [9, 0, 0, 0], [9, -256, 5, 1024], [9, 0, 0, 512]]
METER, DEAF = 0, 1
"""Slots of tests/firmware/hearing: with a front end of four samples a tick, and without."""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The firmware with a model that hears, under address and UB sanitizers."""
    need("cc")
    models = Path(__file__).parent / "hearing"
    return build_host_server(models, tmp_path_factory.mktemp("hearing"), sanitize=True)


@pytest.fixture
def server(program: Path) -> Iterator[Server]:
    """A fresh server; it must end without a complaint of the sanitizers."""
    running = Server(program)
    yield running
    assert running.close() == (0, b"")


@pytest.fixture
def hearing(server: Server) -> Line:
    server.line.connect(100, METER)
    server.line.ask(RESET, 101, b"\1")
    return server.line


def expected(ticks: list[list[int]]) -> Iterator[bytes]:
    """What the device says of each tick from a reset on, without counts."""
    v, state_hash = [0, 0], zlib.crc32(bytes(8))
    for tick in range(len(ticks)):
        if tick == 0:
            yield b"\0"
            continue
        values = [sample >> 8 for sample in ticks[tick - 1][1:4]]
        v = [v[0] + sum(values), v[1] + sum(x * (k + 1) for k, x in enumerate(values))]
        state_hash = zlib.crc32(struct.pack("<2i", *v), state_hash)
        yield b"\1" + struct.pack("<I2i", state_hash, *v)


def said(body: bytes) -> Iterator[bytes]:
    at = 1
    for _ in range(body[0]):
        size = 21 if body[at] else 5
        one = body[at : at + size]
        yield one[:1] + one[5:9] + one[13:]
        at += size
    assert at == len(body)


def test_samples_run_the_front_end_and_the_model(hearing: Line) -> None:
    first = hearing.ask(SAMPLES, 102, client.samples_body(SOME[:3]))
    second = hearing.ask(SAMPLES, 103, client.samples_body(SOME[3:]))

    assert first.kind == 0x90
    assert [*said(first.body), *said(second.body)] == list(expected(SOME))


def test_a_reset_forgets_what_was_heard(hearing: Line) -> None:
    hearing.ask(SAMPLES, 102, client.samples_body(SOME))
    hearing.ask(RESET, 103, b"\0")

    again = hearing.ask(SAMPLES, 104, client.samples_body(SOME))
    assert list(said(again.body)) == list(expected(SOME))


def test_the_batch_ends_before_the_answer_is_full(hearing: Line) -> None:
    many = [SOME[k % 4] for k in range(25)]
    answer = hearing.ask(SAMPLES, 102, client.samples_body(many))

    done = answer.body[0]
    assert 1 < done < len(many)
    # type, seq, done and checksum; the first tick has no events
    assert client.MAX_PAYLOAD - 21 < 8 + 5 + 21 * (done - 1) <= client.MAX_PAYLOAD
    rest = hearing.ask(SAMPLES, 103, client.samples_body(many[done:]))
    assert [*said(answer.body), *said(rest.body)] == list(expected(many))[: done + rest.body[0]]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\1",
        client.samples_body(SOME)[:-1],
        client.samples_body(SOME) + b"\0",
        b"\2" + client.samples_body(SOME[:1])[1:],
        b"\0" + bytes(8),
    ],
)
def test_samples_of_another_length_change_nothing(hearing: Line, body: bytes) -> None:
    before = hearing.ask(STATE, 102, struct.pack("<IH", 0, 8)).body

    assert hearing.ask(SAMPLES, 103, body).error == (client.BAD_BODY, 0)
    assert hearing.ask(STATE, 104, struct.pack("<IH", 0, 8)).body == before
    assert next(said(hearing.ask(SAMPLES, 105, client.samples_body(SOME[:1])).body)) == b"\0"


def test_a_failed_step_ends_hearing(hearing: Line) -> None:
    loudest = [[0, -32768, 0, 0], [0, 0, 0, 0]]
    assert hearing.ask(SAMPLES, 102, client.samples_body(loudest)).error == (client.MODEL, 1)
    assert hearing.ask(SAMPLES, 103, client.samples_body(SOME)).error == (client.NO_RESET, 0)


@pytest.mark.parametrize("seed", range(2))
def test_hostile_samples(server: Server, seed: int) -> None:
    assert attack(server, seed, 1500) > 1500 * 10

    server.write(b"\0")
    while server.read(0.2):
        pass
    server.line._partial = b""
    server.line.connect(7, METER)
    server.line.ask(RESET, 8, b"\1")
    answer = server.line.ask(SAMPLES, 9, client.samples_body(SOME))
    assert list(said(answer.body)) == list(expected(SOME))


def test_samples_need_a_reset_and_an_ear(server: Server) -> None:
    line = server.line
    line.connect(100, METER)
    assert line.ask(SAMPLES, 101, client.samples_body(SOME)).error == (client.NO_RESET, 0)

    line.connect(200, DEAF)
    line.ask(RESET, 201, b"\0")
    assert line.ask(SAMPLES, 202, client.samples_body(SOME)).error == (client.BAD_TYPE, 0)
