"""Packs as a shared library of this machine, against the reference."""

from __future__ import annotations

import numpy as np
import pytest

from tests.random_packs import random_pack
from tests.run.clips import random_clip
from tests.run.conftest import MODEL
from tests.tools import need
from tests.wire.models import SLOTS, clip, golden, same
from tinysnn.build_host import build_host
from tinysnn.errors import DeviceError, StimulusError
from tinysnn.run import open_runner
from tinysnn.run.host import HostModel
from tinysnn.stimulus import Stimulus
from tinysnn.verify import verify

pytestmark = pytest.mark.host


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    need("cc")
    return build_host(MODEL, tmp_path_factory.mktemp("host"))


@pytest.mark.parametrize("slot", [0, 1])
def test_hand_written_models(library, slot):
    model = HostModel(library, SLOTS[slot], slot)
    for keep_states in (True, False):
        got = model.run(clip(slot, 200), keep_states=keep_states)
        assert same(got, golden(slot, clip(slot, 200), keep_states=keep_states))


def test_random_packs_bit_for_bit(packs, tmp_path):
    need("cc")
    for slot, pack in enumerate(packs):
        with open_runner("host", packs=packs, work_dir=tmp_path, slot=slot) as runner:
            clips = [random_clip(pack, seed) for seed in range(4)]
            report = verify(pack, runner, clips, keep_states=True)
            assert report.first_divergence is None, f"{pack.name}: {report.first_divergence}"
            assert (runner.info.runner, runner.info.count_kind) == ("host", None)
            assert report.instructions_per_tick is None
    assert not list(tmp_path.glob("tinysnn-*.so"))


def test_rebuilt_library_is_the_new_one(tmp_path):
    need("cc")
    for seed in (1, 2, 3):
        pack = random_pack(seed, "same_name")
        with open_runner("host", packs=[pack], work_dir=tmp_path) as runner:
            assert verify(pack, runner, [random_clip(pack, 0)]).ok


def test_temporary_folder_is_gone(tmp_path, monkeypatch):
    need("cc")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    pack = random_pack(1)
    with open_runner("host", packs=[pack]) as runner:
        runner.run(random_clip(pack, 0))
    assert list(tmp_path.iterdir()) == []


def test_other_model_or_slot(library):
    for expected, slot in ((SLOTS[1], 0), (SLOTS[0], 5)):
        with pytest.raises(DeviceError, match=f"slot {slot} does not hold"):
            HostModel(library, expected, slot)


def test_library_that_is_none(tmp_path):
    broken = tmp_path / "broken.so"
    broken.write_bytes(b"\x7fELF nonsense")
    with pytest.raises(DeviceError, match="cannot load the library"):
        HostModel(broken, SLOTS[0], 0)


def test_input_that_does_not_fit(library):
    with pytest.raises(StimulusError, match="the model takes"):
        HostModel(library, SLOTS[0], 0).run(clip(1, 4), keep_states=False)
    refused = Stimulus(np.full((1, 3), -128, np.int8))
    with pytest.raises(DeviceError, match="step failed with status -1"):
        HostModel(library, SLOTS[1], 1).run(refused, keep_states=False)
