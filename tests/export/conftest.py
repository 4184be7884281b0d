"""Exports of three small models, and running what comes of them over pipes."""

from __future__ import annotations

import subprocess

import pytest

from tests.golden.packs import dense, readout, recurrent
from tests.run.clips import random_clip
from tinysnn.export import export
from tinysnn.export.request import Request
from tinysnn.link import PipeLink
from tinysnn.reference import run as run_reference
from tinysnn.run.base import expected_model
from tinysnn.session import Session

PACKS = (dense(), recurrent(), readout())
"""Spikes in and out; graded input and currents; membranes out."""


@pytest.fixture
def exported(tmp_path):
    """Write a project into a clean folder."""

    def write(kind, packs=PACKS, **options):
        folder = tmp_path / kind
        export(kind, Request(tuple(packs), **options), folder)
        return folder

    return write


def passes(*command, cwd):
    """Run a program that has to succeed."""
    done = subprocess.run(
        [str(word) for word in command], cwd=cwd, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def serves_the_models(program, packs=PACKS):
    """Talk with a process that is a server; every model has to do what the reference does."""
    for slot, pack in enumerate(packs):
        streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        with subprocess.Popen([str(program)], bufsize=0, **streams) as process:
            try:
                link = PipeLink(process.stdout.fileno(), process.stdin.fileno())
                session = Session(link, expected_model(pack), slot)
                clip = random_clip(pack, seed=slot)
                got = session.run_clip(clip)
                want = run_reference(pack, clip)
                assert (got.output == want.output).all()
                assert (got.hashes == want.hashes).all()
            finally:
                process.kill()
