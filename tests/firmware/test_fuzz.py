"""Random and damaged bytes into the sanitised server: it neither dies nor believes them."""

from __future__ import annotations

import random
import struct
import threading

import pytest

from tests.firmware import client
from tests.firmware.client import HELLO, RESET, SAMPLES, STATE, TICKS
from tests.firmware.conftest import Server

pytestmark = pytest.mark.host


def mutated(rng: random.Random, good: bytes) -> bytes:
    """A frame with some bytes flipped, cut out, repeated or put in."""
    data = bytearray(good)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(data) or 1)
        what = rng.randrange(4)
        if what == 0 and data:
            data[at] ^= 1 << rng.randrange(8)
        elif what == 1:
            del data[at : at + rng.randint(1, 5)]
        elif what == 2:
            data[at:at] = data[at : at + rng.randint(1, 9)]
        else:
            data[at:at] = rng.randbytes(rng.randint(1, 3))
    return bytes(data)


def hostile_body(rng: random.Random, kind: int) -> bytes:
    """A body that is sometimes right, so that the code behind the checks is reached too."""
    if kind == HELLO:
        return client.hello_body(rng.randrange(4), version=rng.choice([1, 1, 1, 2]))
    if kind == RESET:
        return bytes([rng.randrange(3)])
    if kind == STATE:
        return struct.pack("<IH", rng.choice([0, 8, 16, rng.getrandbits(32)]), rng.randrange(20))
    if kind == SAMPLES:
        n = rng.randrange(32)
        return bytes([rng.choice([n, n, n, 255])]) + rng.randbytes(8 * n)
    if rng.random() < 0.3:
        return rng.randbytes(rng.randrange(300))
    if rng.random() < 0.3:
        events = [[(k, rng.randint(-128, 127)) for k in range(rng.randrange(5))] for _ in range(9)]
        return client.graded_body(events)
    ticks = [sorted(rng.sample(range(7), rng.randrange(7))) for _ in range(rng.randrange(40))]
    return client.spikes_body(ticks)


def hostile(rng: random.Random, seq: int) -> bytes:
    what = rng.random()
    if what < 0.1:
        return rng.randbytes(rng.randrange(1, 600))
    often = [RESET, TICKS, TICKS, SAMPLES]
    kind = rng.choice([HELLO, *often, *often, STATE, rng.randrange(256)])
    good = client.frame(kind, seq, hostile_body(rng, kind))
    return mutated(rng, good) if what < 0.4 else good


def attack(server: Server, seed: int, n_frames: int) -> int:
    """Send hostile frames without waiting; the number of bytes that came back."""
    rng = random.Random(seed)
    received = 0
    sending = threading.Event()
    sending.set()

    def drain() -> None:
        nonlocal received
        # A pause ends the reading only once nothing more is sent: a server that nobody listens to
        # stops listening too, and both sides would wait for ever.
        while (more := server.read(0.1)) or sending.is_set():
            received += len(more)

    server.write(client.frame(HELLO, 0, client.hello_body()))
    reader = threading.Thread(target=drain)
    reader.start()
    try:
        send_hostile(server, rng, n_frames)
    finally:
        sending.clear()
        reader.join()
    return received


def send_hostile(server: Server, rng: random.Random, n_frames: int) -> None:
    """Hostile frames, with a proper HELLO now and then so that some get past the sequence."""
    seq = 0
    for _ in range(n_frames):
        seq = seq + 1 & 0xFFFF if rng.random() < 0.9 else rng.randrange(1 << 16)
        server.write(hostile(rng, seq))
        if rng.random() < 0.1:
            seq = rng.randrange(1 << 16)
            server.write(b"\0" + client.frame(HELLO, seq, client.hello_body(rng.randrange(2))))


def recovered(server: Server) -> bool:
    """Whether a new session works as on the first day."""
    server.write(b"\0")
    while server.read(0.2):
        pass
    server.line._partial = b""  # what came before the attack ended
    client.check_session(server.line)
    return True


@pytest.mark.parametrize("seed", range(4))
def test_hostile_bytes(server: Server, seed: int) -> None:
    assert attack(server, seed, 1500) > 1500 * 10

    assert recovered(server)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 110))
def test_many_hostile_bytes(server: Server, seed: int) -> None:
    assert attack(server, seed, 40_000) > 40_000 * 10

    assert recovered(server)


def test_damaged_frames_never_count(session: client.Line, server: Server) -> None:
    rng = random.Random(1)
    session.ask(RESET, 101, b"\0")
    good = client.frame(TICKS, 102, client.spikes_body([[0, 1, 2, 3], [4, 5]]))
    for _ in range(400):
        bad = mutated(rng, good)
        if good.strip(b"\0") in bad:
            continue  # the frame came through in one piece, with dirt around it
        server.write(b"\0" + bad + b"\0")
    while server.read(0.3):
        pass
    session._partial = b""

    assert session.ask(STATE, 102, struct.pack("<IH", 0, 16)).body == client.Tiny().state
