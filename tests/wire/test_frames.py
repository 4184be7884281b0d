"""Frames and messages: what is sent arrives, and nothing that was damaged is taken for a frame."""

from __future__ import annotations

import struct
from contextlib import suppress
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wire.fake_device import stuff, unstuff
from tinysnn import wire
from tinysnn.frame import decode_payload

frames = st.builds(wire.Frame, st.integers(0, 255), st.integers(0, 65535), st.binary(max_size=600))


def _encoded(frame: wire.Frame) -> bytes:
    return wire.encode_frame(frame.type, frame.seq, frame.body)


@given(st.lists(frames, max_size=4), st.lists(st.integers(0, 3000), max_size=6))
def test_frames_survive_any_split(sent, cuts):
    stream = b"".join(map(_encoded, sent))
    decoder, got = wire.FrameDecoder(), []
    edges = [0, *sorted(min(c, len(stream)) for c in cuts), len(stream)]
    for start, end in pairwise(edges):
        got += list(decoder.feed(stream[start:end]))

    assert got == sent
    assert not decoder.pending


@given(st.binary(max_size=1200))
def test_cobs_agrees_with_an_independent_one(payload):
    head = struct.pack("<BH", 1, 2) + payload
    line = wire.encode_frame(1, 2, payload)

    plain = unstuff(line[1:-1])
    assert plain is not None
    assert plain[:-4] == head
    assert stuff(plain) == line[1:-1]


def _one_damage(data: st.DataObject, line: bytes) -> bytes:
    at = data.draw(st.integers(0, len(line) - 1), label="at")
    kind = data.draw(st.sampled_from(["cut", "flip", "insert"]), label="kind")
    if kind == "cut":
        return line[:at] + line[data.draw(st.integers(at + 1, len(line))) :]
    if kind == "flip":
        return line[:at] + bytes([line[at] ^ data.draw(st.integers(1, 255))]) + line[at + 1 :]
    return line[:at] + data.draw(st.binary(min_size=1, max_size=8)) + line[at:]


@given(frames, st.data())
def test_damaged_frame_is_never_taken_for_another(frame, data):
    line = _one_damage(data, _encoded(frame))
    decoder = wire.FrameDecoder()
    got = [f for f in decoder.feed(line + b"\0") if f is not None]

    assert got in ([], [frame])  # [frame]: the damage was outside of what counts (delimiters)


@given(st.binary(max_size=5000))
def test_noise_is_no_frame_and_memory_is_bounded(noise):
    decoder = wire.FrameDecoder(max_payload=300)

    assert all(frame is None for frame in decoder.feed(noise))
    assert len(decoder._partial) <= 303


def test_endless_garbage_is_one_bad_frame_and_the_next_frame_is_read():
    decoder = wire.FrameDecoder(max_payload=300)
    assert list(decoder.feed(b"\x55" * 100_000)) == []
    assert len(decoder._partial) <= 303
    assert list(decoder.feed(wire.encode_frame(1, 2, b"x"))) == [None, wire.Frame(1, 2, b"x")]
    assert decoder.bad_frames == 1


def test_largest_payload_passes_and_one_more_byte_does_not():
    decoder = wire.FrameDecoder(max_payload=600)
    fits, over = b"\1" * 593, b"\1" * 594

    assert list(decoder.feed(wire.encode_frame(9, 9, fits))) == [wire.Frame(9, 9, fits)]
    assert list(decoder.feed(wire.encode_frame(9, 9, over))) == [None]


@pytest.mark.parametrize("line", [b"", b"\1", b"\3a", stuff(b"123456")])
def test_what_is_no_frame_raises(line):
    with pytest.raises(wire.WireError):
        decode_payload(line)


@given(st.lists(st.integers(0, 1), min_size=1, max_size=70))
def test_tick_of_spikes(row):
    raster = np.array(row, np.int8)
    active = [k for k, on in enumerate(row) if on]

    assert wire.encode_tick(raster, graded=False) == struct.pack(
        f"<H{len(active)}H", len(active), *active
    )


@given(st.lists(st.integers(-128, 127), min_size=1, max_size=70))
def test_tick_of_graded_events(row):
    want = b"".join(struct.pack("<Hb", k, v) for k, v in enumerate(row) if v)
    got = wire.encode_tick(np.array(row, np.int8), graded=True)

    assert got == struct.pack("<H", np.count_nonzero(row)) + want


def _ticks_answer(ticks: list[tuple[int, int, list[int]]], form: str) -> bytes:
    body = bytes([len(ticks)])
    for state_hash, count, out in ticks:
        body += struct.pack("<II", state_hash, count)
        body += struct.pack(f"<H{len(out)}H", len(out), *out) if form == "H" else b""
        body += struct.pack(f"<{len(out)}i", *out) if form == "i" else b""
    return body


u32 = st.integers(0, 2**32 - 1)
spikes = st.sets(st.integers(0, 9)).map(sorted)
values = st.lists(st.integers(-(2**31), 2**31 - 1), min_size=3, max_size=3)


@given(st.lists(st.tuples(u32, u32, spikes), max_size=20))
def test_spike_answers(ticks):
    got = wire.decode_ticks(_ticks_answer(ticks, "H"), 10, values=False)
    assert [(r.state_hash, r.count, list(np.flatnonzero(r.output))) for r in got] == ticks


@given(st.lists(st.tuples(u32, u32, values), max_size=20))
def test_value_answers(ticks):
    got = wire.decode_ticks(_ticks_answer(ticks, "i"), 3, values=True)
    assert [(r.state_hash, r.count, r.output.tolist()) for r in got] == ticks


@pytest.mark.parametrize("out", [[3, 3], [4, 2], [10], list(range(11))])
def test_spikes_out_of_order_or_range_are_refused(out):
    with pytest.raises(wire.WireError):
        wire.decode_ticks(_ticks_answer([(0, 0, out)], "H"), 10, values=False)


@given(st.binary(max_size=200), st.booleans())
def test_any_body_decodes_or_raises_wire_error(body, values_out):
    for decode in (
        wire.decode_hello,
        wire.decode_reset,
        wire.decode_error,
        lambda b: wire.decode_ticks(b, 5, values=values_out),
    ):
        with suppress(wire.WireError):
            decode(body)


def test_hello_refuses_control_characters_and_tiny_buffers():
    def answer(name: bytes, max_payload: int) -> bytes:
        head = struct.pack("<BBBBIHBBIHHI", 1, 1, 1, 1, 7, max_payload, 0, 1, 0, 1, 1, 4)
        return head + bytes(32) + bytes([len(name)]) + name + b"\0\0\0"

    assert wire.decode_hello(answer(b"kws", 256)).name == "kws"
    for bad in (answer(b"k\x1b[2J", 256), answer(b"kws", 255), answer(b"kws", 256) + b"x"):
        with pytest.raises(wire.WireError):
            wire.decode_hello(bad)
