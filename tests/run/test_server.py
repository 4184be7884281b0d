"""The C server as a process, over a pipe and over a serial line, with every kind of fault."""

from __future__ import annotations

import os
import pty
import random
import socket
import subprocess
import threading
import tty
from contextlib import contextmanager, suppress
from dataclasses import replace

import pytest

from tests.run.conftest import MODEL
from tests.tools import need
from tests.wire.models import SLOTS, TINY, clip, golden, same
from tinysnn.boards import load_board
from tinysnn.build_host import build_host_server
from tinysnn.errors import DeviceError
from tinysnn.link import PipeLink, SerialLink, SocketLink
from tinysnn.link_faults import Faults, FaultyLink
from tinysnn.run.base import Job
from tinysnn.run.serial import SerialRunner
from tinysnn.session import Session
from tinysnn.session_checks import Timing

pytestmark = pytest.mark.host
FAST = Timing(answer_s=0.1, quiet_s=0.005, hello_s=0.01, hello_slow_s=0.05, tries=60)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    need("cc")
    return build_host_server(MODEL, tmp_path_factory.mktemp("server"), sanitize=True)


@contextmanager
def running(server, **streams):
    process = subprocess.Popen([str(server)], bufsize=0, **streams)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream:
                with suppress(OSError):
                    stream.close()


@contextmanager
def piped(server):
    with running(server, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        yield process, PipeLink(process.stdout.fileno(), process.stdin.fileno())


@pytest.mark.parametrize("slot", [0, 1])
def test_pipe(server, slot):
    stimulus = clip(slot, 300)
    with piped(server) as (_, link):
        session = Session(link, SLOTS[slot], slot)
        for keep_states in (False, True):
            got = session.run_clip(stimulus, keep_states=keep_states)
            assert same(got, golden(slot, stimulus, keep_states=keep_states))


KINDS = {
    "drop": Faults(drop=0.1),
    "repeat": Faults(repeat=0.12),
    "flip": Faults(flip=0.1),
    "split": Faults(split=0.7),
    "stall": Faults(stall=0.06),
    "all": Faults(drop=0.03, repeat=0.03, flip=0.03, split=0.3, stall=0.02),
}


@pytest.mark.parametrize("kind", KINDS)
def test_bad_line(server, kind):
    survived = 0
    for seed in range(8):
        slot = seed % 2
        stimulus = clip(slot, 50, seed)
        with piped(server) as (process, inner):
            link = FaultyLink(inner, replace(KINDS[kind], seed=seed))
            session = Session(link, SLOTS[slot], slot, FAST, entropy=random.Random(seed))
            with suppress(DeviceError):
                got = session.run_clip(stimulus)
                assert same(got, golden(slot, stimulus)), f"wrong data with seed {seed}"
                survived += 1
            assert process.poll() is None, "the server ended (a sanitizer spoke?)"
    assert survived >= 7


def test_garbage_then_a_session(server):
    noise = random.Random(4).randbytes(20_000)
    with piped(server) as (_, link):
        for start in range(0, len(noise), 500):
            link.write(noise[start : start + 500])
            link.read(0.01)
        got = Session(link, TINY, timing=FAST).run_clip(clip(0, 40))
    assert same(got, golden(0, clip(0, 40)))


def test_server_that_dies(server):
    with piped(server) as (process, link):
        session = Session(link, TINY, timing=FAST)
        session.run_clip(clip(0, 5))
        process.kill()
        process.wait()
        with pytest.raises(DeviceError, match="connection ended"):
            session.run_clip(clip(0, 5))


def test_server_that_hangs(server):
    with running(server, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        read_fd, write_fd = os.pipe()  # nothing ever comes out of this one
        link = PipeLink(read_fd, process.stdin.fileno())
        with pytest.raises(DeviceError, match="no answer"):
            Session(link, TINY, timing=replace(FAST, hello_tries=6)).connect()
        os.close(read_fd)
        os.close(write_fd)


def test_serial_port(server):
    ours, theirs = pty.openpty()
    tty.setraw(ours)
    tty.setraw(theirs)
    name = os.ttyname(theirs)
    with running(server, stdin=ours, stdout=ours):
        os.close(ours)
        with SerialRunner(Job(SLOTS[0]), load_board("generic_m4"), name) as runner:
            got = runner.run(clip(0, 100))
            assert runner.info.board == "posix"
            assert runner.info.count_kind is None
    os.close(theirs)
    assert same(got, golden(0, clip(0, 100)))


def test_socket_url(server):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        thread = threading.Thread(target=_serve_once, args=(listener, server))
        thread.start()
        board = load_board("generic_m4")
        with SerialRunner(Job(SLOTS[1], 1), board, f"socket://127.0.0.1:{port}") as runner:
            got = runner.run(clip(1, 100))
        thread.join(5)
    assert same(got, golden(1, clip(1, 100)))


def _serve_once(listener, server):
    connection, _ = listener.accept()
    with connection, running(server, stdin=connection, stdout=connection) as process:
        process.wait(10)


@pytest.mark.parametrize("port", ["/dev/no-such-port", "socket://127.0.0.1:1", "nonsense://"])
def test_port_that_is_not_there(port):
    with pytest.raises(DeviceError, match=r"cannot open the port.*Check its name"):
        SerialRunner(Job(TINY), load_board("generic_m4"), port)


def test_port_that_echoes():
    with pytest.raises(DeviceError, match="not with tinysnn frames"):
        Session(SerialLink("loop://", 115200), TINY, timing=FAST).connect()


def test_socket_that_closes():
    ours, theirs = socket.socketpair()
    theirs.close()
    with pytest.raises(DeviceError, match="connection ended"):
        Session(SocketLink(ours), TINY, timing=FAST).connect()
    ours.close()
