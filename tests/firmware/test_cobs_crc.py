"""COBS and CRC-32 of the firmware against the `cobs` package and zlib."""

from __future__ import annotations

import ctypes
import subprocess
import zlib
from pathlib import Path

import pytest
from cobs import cobs
from hypothesis import given
from hypothesis import strategies as st

from tests.tools import need
from tinysnn.build_host import find_cc
from tinysnn.paths import firmware_dir

pytestmark = pytest.mark.host

MORE, FRAME, BAD = 0, 1, 2


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    need("cc")
    firmware = firmware_dir()
    out = tmp_path_factory.mktemp("shim") / "shim.so"
    sources = [firmware / "src" / f"tsnn_{name}.c" for name in ("cobs", "crc32", "reply")]
    flags = ["-shared", "-fPIC", "-std=c11", "-fsanitize=undefined", "-fno-sanitize-recover=all"]
    includes = [f"-I{firmware / name}" for name in ("include", "src")]
    shim = Path(__file__).parent / "shim.c"
    subprocess.run([find_cc(), *flags, *includes, *sources, shim, "-o", out], check=True)
    loaded = ctypes.CDLL(str(out))
    loaded.tsnn_crc32.restype = ctypes.c_uint32
    loaded.tsnn_crc32.argtypes = [ctypes.c_uint32, ctypes.c_char_p, ctypes.c_size_t]
    loaded.shim_encode.restype = ctypes.c_size_t
    loaded.shim_encode.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p]
    loaded.shim_decode.restype = ctypes.c_size_t
    loaded.shim_decode.argtypes = [
        ctypes.c_char_p,
        ctypes.c_size_t,
        ctypes.c_char_p,
        ctypes.c_size_t,
        ctypes.POINTER(ctypes.c_int),
    ]
    return loaded


def encode(library: ctypes.CDLL, data: bytes) -> bytes:
    out = ctypes.create_string_buffer(4096)
    length = library.shim_encode(data, len(data), out)
    return out.raw[:length]


def decode(library: ctypes.CDLL, data: bytes, room: int = 4096) -> tuple[int, bytes]:
    out = ctypes.create_string_buffer(b"\xcc" * (room + 8), room + 8)
    event = ctypes.c_int()
    length = library.shim_decode(data, len(data), out, room, ctypes.byref(event))
    assert out.raw[room:] == b"\xcc" * 8  # nothing behind the end
    return event.value, out.raw[:length]


# Runs of zeros and of other bytes whose lengths lie around the longest COBS run.
texts = st.lists(
    st.one_of(
        st.binary(max_size=20),
        st.sampled_from([n * b"x" for n in (1, 253, 254, 255, 508, 509)]),
        st.sampled_from([n * b"\0" for n in (1, 2, 254)]),
    ),
    max_size=4,
).map(b"".join)


@given(first=st.binary(max_size=300), second=st.binary(max_size=300))
def test_crc_is_that_of_zlib_and_continues(
    library: ctypes.CDLL, first: bytes, second: bytes
) -> None:
    crc = library.tsnn_crc32(0, first, len(first))

    assert crc == zlib.crc32(first)
    assert library.tsnn_crc32(crc, second, len(second)) == zlib.crc32(first + second)


@given(data=texts)
def test_frames_are_those_of_the_cobs_package(library: ctypes.CDLL, data: bytes) -> None:
    assert encode(library, data) == b"\0" + cobs.encode(data) + b"\0"


@given(data=texts)
def test_a_frame_comes_back(library: ctypes.CDLL, data: bytes) -> None:
    assert decode(library, b"\0" + cobs.encode(data) + b"\0") == (FRAME, data)


@given(data=st.binary(min_size=1, max_size=600))
def test_any_bytes_are_judged_as_the_cobs_package_does(library: ctypes.CDLL, data: bytes) -> None:
    data = data.replace(b"\0", b"\1")
    try:
        expected = (FRAME, cobs.decode(data))
    except cobs.DecodeError:
        expected = (BAD, b"")

    event, text = decode(library, data + b"\0")

    assert (event, text if event == FRAME else b"") == expected


@given(data=st.binary(min_size=1, max_size=300), missing=st.integers(1, 300))
def test_a_frame_longer_than_the_room_is_bad(
    library: ctypes.CDLL, data: bytes, missing: int
) -> None:
    room = max(0, len(data) - missing)

    assert decode(library, cobs.encode(data) + b"\0", room)[0] == BAD
    assert decode(library, cobs.encode(data) + b"\0", len(data)) == (FRAME, data)


def test_empty_frames_are_nothing(library: ctypes.CDLL) -> None:
    assert decode(library, b"\0\0\0") == (MORE, b"")
