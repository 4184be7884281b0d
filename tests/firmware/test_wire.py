"""The wire server of the firmware against SPEC.md section 3."""

from __future__ import annotations

import struct
import zlib

import pytest

from tests.firmware import client
from tests.firmware.client import ERROR, HELLO, RESET, STATE, TICKS, Line, Tiny
from tests.firmware.conftest import Server

pytestmark = pytest.mark.host

BLANK_BYTES = 260
"""State of slot 2: more than a frame takes."""


def test_hello_tells_what_the_device_is(line: Line) -> None:
    answer = line.ask(HELLO, 0xBEEF, client.hello_body(0, 0xA1B2C3D4))

    head = struct.unpack_from("<BBBBIHBBIHHI", answer.body)
    assert (answer.kind, answer.seq) == (0x81, 0xBEEF)
    assert head == (1, 2, 3, 1, 0xA1B2C3D4, 256, 0, 0, 0, 6, 5, 16)
    assert answer.body[24:56] == bytes(range(32))
    name, board, core, compiler = client.read_texts(answer.body)
    assert (name, board, core) == ("tiny", "posix", "host")
    assert compiler.startswith(("gcc ", "clang "))
    assert len(compiler) <= 40


def test_hello_selects_the_slot(line: Line) -> None:
    answer = line.ask(HELLO, 1, client.hello_body(1))

    assert answer.body[10] == 3  # graded input, value output
    assert struct.unpack_from("<HHI", answer.body, 16) == (3, 2, 8)
    assert answer.body[24:56] == b"\xff" + bytes(31)
    assert client.read_texts(answer.body)[0] == "meter"


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (client.hello_body(slot=3), (client.BAD_SLOT, 3)),
        (client.hello_body(version=2), (client.BAD_VERSION, 1)),
        (b"\2", (client.BAD_VERSION, 1)),
        (b"", (client.BAD_BODY, 0)),
        (client.hello_body()[:-1], (client.BAD_BODY, 0)),
        (client.hello_body() + b"\0", (client.BAD_BODY, 0)),
    ],
)
def test_a_refused_hello_starts_no_session(line: Line, body: bytes, error: tuple[int, int]) -> None:
    refusal = line.ask(HELLO, 5, body)

    assert (refusal.seq, refusal.error) == (5, error)
    assert line.ask(RESET, 6, b"\0").error == (client.NO_SESSION, 0)


def test_a_refused_hello_leaves_the_session_alone(session: Line) -> None:
    session.ask(RESET, 101, b"\0")

    session.ask(HELLO, 500, client.hello_body(slot=9))

    assert session.ask(TICKS, 102, client.spikes_body([[0]])).kind == 0x83


@pytest.mark.parametrize("kind", [RESET, TICKS, STATE, 0x55])
def test_nothing_is_done_before_hello(line: Line, kind: int) -> None:
    assert line.ask(kind, 0, b"\0").error == (client.NO_SESSION, 0)


@pytest.mark.parametrize("flags", [0, 1])
def test_reset_answers_the_hash_of_the_initial_state(session: Line, flags: int) -> None:
    answer = session.ask(RESET, 101, bytes([flags]))

    assert answer.kind == 0x82
    assert answer.body == struct.pack("<bI", 0, Tiny().hash)
    assert session.ask(STATE, 102, struct.pack("<IH", 0, 16)).body == Tiny().state


def test_poison_fills_the_whole_state(line: Line) -> None:
    line.connect(1, slot=2)

    clean = line.ask(RESET, 2, b"\0").body
    poisoned = line.ask(RESET, 3, b"\1").body

    assert clean == struct.pack("<bI", 0, zlib.crc32(bytes(BLANK_BYTES)))
    assert poisoned == struct.pack("<bI", 0, zlib.crc32(b"\xa5" * BLANK_BYTES))


@pytest.mark.parametrize("body", [b"", b"\2", b"\xff", b"\0\0"])
def test_reset_refuses_other_bodies(session: Line, body: bytes) -> None:
    assert session.ask(RESET, 101, body).error == (client.BAD_BODY, 0)


def test_ticks_run_the_model(session: Line) -> None:
    tiny = Tiny()
    session.ask(RESET, 101, b"\1")

    ticks = client.read_ticks(session.ask(TICKS, 102, client.spikes_body(client.SOME_TICKS)).body)

    assert (ticks.hashes, ticks.spikes) == tiny.run(client.SOME_TICKS)
    assert session.ask(STATE, 103, struct.pack("<IH", 0, 16)).body == tiny.state


def test_graded_events_in_and_values_out(line: Line) -> None:
    line.connect(1, slot=1)
    line.ask(RESET, 2, b"\1")

    answer = line.ask(TICKS, 3, client.graded_body([[(0, -127), (2, 100)], [], [(1, 127)]]))

    assert answer.body[0] == 3
    values = [struct.unpack_from("<ii", answer.body, 9 + 16 * k) for k in range(3)]
    assert values == [(-27, 173), (-27, 173), (100, 427)]


@pytest.mark.parametrize(
    ("body", "tick"),
    [
        (b"", 0),
        (client.spikes_body([[1, 1]]), 0),
        (client.spikes_body([[0], [2, 1]]), 1),
        (client.spikes_body([[0], [], [6]]), 2),
        (client.spikes_body([[0xFFFF]]), 0),
        (client.spikes_body([[0], [1]])[:-1], 1),
        (b"\1", 0),
        (b"\1\1", 0),
        (b"\1\xff\xff\0\0", 0),
        (client.spikes_body([[0]]) + b"\0", 2),
        (b"\0\0", 1),
    ],
)
def test_bad_ticks_change_nothing(session: Line, body: bytes, tick: int) -> None:
    session.ask(RESET, 101, b"\0")

    assert session.ask(TICKS, 102, body).error == (client.BAD_BODY, tick)

    assert session.ask(STATE, 103, struct.pack("<IH", 0, 16)).body == Tiny().state


def test_the_checksum_is_not_read_as_an_event(line: Line) -> None:
    """One of two events is missing, and the first bytes of the checksum look like it.

    The detail tells whether the device noticed in the tick, or only at the end.
    """
    seq, body = next(
        (seq, body)
        for first in range(5)
        for body in [b"\1" + struct.pack("<HH", 2, first)]
        for seq in range(2, 0x1_0000)
        if first < struct.unpack("<H", client.payload(TICKS, seq, body)[-4:-2])[0] < 6
    )
    line.connect(seq - 2)
    line.ask(RESET, seq - 1, b"\0")

    assert line.ask(TICKS, seq, body).error == (client.BAD_BODY, 0)


def test_the_checksum_is_not_read_as_a_number_of_events(line: Line) -> None:
    """Half of the number is missing, and the first byte of the checksum looks like it."""
    seq = next(s for s in range(2, 0x1_0000) if client.payload(TICKS, s, b"\1\0")[-4] == 0)
    line.connect(seq - 2)
    line.ask(RESET, seq - 1, b"\0")

    assert line.ask(TICKS, seq, b"\1\0").error == (client.BAD_BODY, 0)


def test_the_checksum_is_not_read_as_a_number_of_ticks(line: Line) -> None:
    seq = next(s for s in range(2, 0x1_0000) if client.payload(TICKS, s)[-4] == 0)
    line.connect(seq - 2)
    line.ask(RESET, seq - 1, b"\0")

    assert line.ask(TICKS, seq).error == (client.BAD_BODY, 0)


def test_no_ticks_are_no_error(session: Line) -> None:
    session.ask(RESET, 101, b"\0")

    assert session.ask(TICKS, 102, b"\0").body == b"\0"


def test_the_batch_ends_before_the_answer_is_full(session: Line) -> None:
    tiny = Tiny()
    session.ask(RESET, 101, b"\0")
    answer = session.ask(TICKS, 102, client.spikes_body([[]] * 100))

    ticks = client.read_ticks(answer.body)
    # A tick may need 8 + 2 + 2 * 5 bytes, and an idle one takes 10 of the 256 - 8 there are.
    assert len(ticks.hashes) == (256 - 8 - 20) // 10 + 1
    assert (ticks.hashes, ticks.spikes) == tiny.run([[]] * len(ticks.hashes))
    rest = client.read_ticks(session.ask(TICKS, 103, client.spikes_body([[1]])).body)
    assert (rest.hashes, rest.spikes) == tiny.run([[1]])


@pytest.mark.parametrize("kind", [TICKS, STATE])
def test_a_session_needs_a_reset(session: Line, kind: int) -> None:
    body = client.spikes_body([[0]]) if kind == TICKS else struct.pack("<IH", 0, 1)

    assert session.ask(kind, 101, body).error == (client.NO_RESET, 0)


def test_a_new_session_needs_a_reset_of_its_own(session: Line) -> None:
    session.ask(RESET, 101, b"\0")
    session.connect(7)

    assert session.ask(TICKS, 8, b"\0").error == (client.NO_RESET, 0)


def test_a_failed_step_is_told_and_ends_the_run(line: Line) -> None:
    line.connect(1, slot=1)
    line.ask(RESET, 2, b"\0")

    failed = line.ask(TICKS, 3, client.graded_body([[(0, 1)], [(0, -128)]]))

    assert failed.error == (client.MODEL, 1)
    assert line.ask(TICKS, 4, client.graded_body([[]])).error == (client.NO_RESET, 0)
    assert line.ask(RESET, 5, b"\0").body[0] == 0


def test_state_is_read_in_pieces(session: Line) -> None:
    session.ask(RESET, 101, b"\0")
    pieces = [session.ask(STATE, 102 + k, struct.pack("<IH", 5 * k, 5)).body for k in range(3)]

    assert b"".join(pieces) == Tiny().state[:15]
    assert session.ask(STATE, 105, struct.pack("<IH", 16, 0)).body == b""


@pytest.mark.parametrize(
    "body",
    [
        b"",
        struct.pack("<IH", 0, 17),
        struct.pack("<IH", 16, 1),
        struct.pack("<IH", 17, 0),
        struct.pack("<IH", 0xFFFF_FFFF, 2),
        struct.pack("<IH", 0, 0xFFFF),
        struct.pack("<IHB", 0, 1, 0),
    ],
)
def test_state_refuses_what_is_not_there(session: Line, body: bytes) -> None:
    session.ask(RESET, 101, b"\0")

    assert session.ask(STATE, 102, body).error == (client.BAD_BODY, 0)


def test_no_more_state_than_a_frame_takes(line: Line) -> None:
    line.connect(1, slot=2)
    line.ask(RESET, 2, b"\1")
    room = client.MAX_PAYLOAD - 7

    assert line.ask(STATE, 3, struct.pack("<IH", 4, room)).body == b"\xa5" * room
    assert line.ask(STATE, 4, struct.pack("<IH", 4, room + 1)).error == (client.BAD_BODY, 0)


@pytest.mark.parametrize("kind", [0, 5, 0x7F, 0x81, 0xFF])
def test_unknown_types_are_refused(session: Line, kind: int) -> None:
    refusal = session.ask(kind, 101, b"xyz")

    assert (refusal.seq, refusal.error) == (101, (client.BAD_TYPE, 0))


def test_a_repeated_request_is_answered_again_and_not_done_again(session: Line) -> None:
    session.ask(RESET, 101, b"\0")
    first = session.ask(TICKS, 102, client.spikes_body([[0, 1]]))

    assert [session.ask(TICKS, 102, client.spikes_body([[0, 1]])) for _ in range(3)] == [first] * 3
    assert session.ask(TICKS, 102, b"anything else") == first

    state = session.ask(STATE, 103, struct.pack("<IH", 0, 4)).body
    assert state == struct.pack("<I", 1)  # one tick was run


def test_a_repeated_refusal_is_the_same(session: Line) -> None:
    first = session.ask(TICKS, 101, client.spikes_body([[9]]))

    assert session.ask(TICKS, 101, client.spikes_body([[9]])) == first


def test_hints_do_not_spoil_the_stored_answer(session: Line) -> None:
    first = session.ask(RESET, 101, b"\0")
    session.ask(TICKS, 300, b"\0")
    session.write(b"\0nonsense\0")
    assert session.answer() is not None

    assert session.ask(RESET, 101, b"\0") == first


@pytest.mark.parametrize("seq", [99, 102, 103, 0, 0xFFFF])
def test_other_sequence_numbers_are_refused(session: Line, seq: int) -> None:
    refusal = session.ask(RESET, seq, b"\0")

    assert (refusal.seq, refusal.error) == (seq, (client.BAD_SEQ, 101))
    assert session.ask(RESET, 101, b"\0").kind == 0x82


def test_sequence_numbers_go_round(line: Line) -> None:
    line.connect(0xFFFE)

    kinds = [line.ask(RESET, seq, b"\0").kind for seq in (0xFFFF, 0, 1)]

    assert kinds == [0x82] * 3


def is_bad_frame(line: Line) -> bool:
    answer = line.answer()
    return answer is not None and (answer.kind, answer.seq, answer.error) == (
        ERROR,
        0,
        (client.BAD_FRAME, 0),
    )


def test_every_flipped_bit_is_noticed(session: Line) -> None:
    session.ask(RESET, 101, b"\0")
    good = client.frame(TICKS, 102, client.spikes_body([[0, 1, 2]]))
    for bit in range(8, 8 * (len(good) - 1)):
        bad = bytearray(good)
        bad[bit // 8] ^= 1 << bit % 8
        session.write(bytes(bad))
        assert is_bad_frame(session)
        if 0 in bad[1:-1]:  # cut in two: a hint for each half that is not empty
            halves = [half for half in bytes(bad[1:-1]).split(b"\0") if half]
            assert all(is_bad_frame(session) for _ in halves[1:])

    assert session.ask(STATE, 102, struct.pack("<IH", 0, 16)).body == Tiny().state


def test_every_cut_is_noticed(session: Line) -> None:
    good = client.frame(RESET, 101, b"\1")
    for length in range(2, len(good) - 1):
        session.write(good[:length] + b"\0")
        assert is_bad_frame(session)

    assert session.ask(RESET, 101, b"\1").kind == 0x82


def test_frames_may_come_byte_by_byte_after_noise_and_between_empty_ones(server: Server) -> None:
    noise = b"\xff\x13noise"
    server.write(noise)
    for byte in b"\0\0\0" + client.frame(HELLO, 3, client.hello_body()) + b"\0\0":
        server.write(bytes([byte]))

    assert is_bad_frame(server.line)
    answer = server.line.answer()
    assert answer is not None
    assert (answer.kind, answer.seq) == (0x81, 3)
    assert server.line.answer(0.05) is None


@pytest.mark.parametrize("size", [249, 250, 300, 5000])
def test_the_longest_payload_is_taken_and_no_longer_one(session: Line, size: int) -> None:
    session.write(client.frame(0x55, 101, bytes(size)))
    answer = session.answer()
    assert answer is not None

    fits = size + 7 <= client.MAX_PAYLOAD
    assert answer.error[0] == (client.BAD_TYPE if fits else client.BAD_FRAME)
    assert session.ask(RESET, 102 if fits else 101, b"\0").kind == 0x82


@pytest.mark.parametrize("length", range(7))
def test_short_payloads_are_bad_frames(line: Line, length: int) -> None:
    line.write(client.stuffed(b"\1" * length))

    assert is_bad_frame(line)


@pytest.mark.parametrize("length", range(3))
def test_short_payloads_are_bad_frames_whatever_their_checksum(line: Line, length: int) -> None:
    head = b"\1" * length
    line.write(client.stuffed(head + struct.pack("<I", zlib.crc32(head))))

    assert is_bad_frame(line)
