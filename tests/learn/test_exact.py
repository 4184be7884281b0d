"""What is learned, byte by byte: generated C against the reference."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.learn.scenes import example, scenes
from tests.tools import need, need_arm_compiler
from tinysnn.deploy import deployed, pick_board
from tinysnn.errors import OptionError
from tinysnn.learn.calls import Call
from tinysnn.learn.layout import learned_layout
from tinysnn.learn.learner import Status
from tinysnn.learn.lesson import Pupil, ReferencePupil, answer_to
from tinysnn.learn.plastic import learns_by_reward
from tinysnn.learn.random import Random
from tinysnn.pack import Pack
from tinysnn.run import open_runner

SCENES = scenes()


def differences(pack: Pack, pupil: Pupil, examples: int, seed: int = 0) -> int:
    """Examples and calls after which a device differs from the reference."""
    rng, reference = np.random.default_rng(seed), ReferencePupil(pack)
    classes, different = reference.learner.shared.n_classes, 0
    for k in range(examples):
        if k % (examples // 4) == 3 or not classes:
            answers = [p.call(Call.ADD_CLASS) for p in (reference, pupil)]
            classes += answers[0].status == Status.OK
            different += answers[0].status != answers[1].status
            different += answers[0].value != answers[1].value
        clip, label = example(pack, rng), int(rng.integers(classes))
        if learns_by_reward(pack):
            value = int(rng.integers(-128, 128))
            how: dict[str, Any] = {"reward": lambda _, value=value: value}
        else:
            how = {"label": label}
        ours, theirs = (answer_to(p, clip, **how) for p in (reference, pupil))
        assert ours.answer is not None
        assert theirs.answer is not None
        same = ours.answer.hash == theirs.answer.hash
        different += not (same and np.array_equal(ours.output, theirs.output))
    return different + (reference.learned() != pupil.learned())


@pytest.mark.host
@pytest.mark.parametrize("name", SCENES)
def test_host(name, tmp_path):
    need("cc")
    pack = SCENES[name]
    with open_runner("host", packs=[pack], work_dir=tmp_path) as runner:
        assert differences(pack, runner.pupil(), 120) == 0


@pytest.mark.emu
@pytest.mark.parametrize(
    ("runner", "board"), [("unicorn", "generic_m0plus"), ("qemu", "mps2_an386")]
)
def test_emulators(runner, board):
    need_arm_compiler()
    need(runner)
    unicorn = ("eprop_adaptive", "rstdp", "familiar_fresh")
    names = unicorn if runner == "unicorn" else ("rewire", "few_nuisance")
    for name in names:
        with deployed([SCENES[name]], runner=runner, board=pick_board(runner, board)) as device:
            pupil = device.pupil()
            assert differences(SCENES[name], pupil, 16) == 0
            _is_saved(pupil)


def _is_saved(pupil: Pupil) -> None:
    """What is learned comes back from the board's flash, the last of two saves."""
    # the memory that an emulator takes for flash begins with anything
    assert pupil.call(Call.LOAD).status in (Status.EMPTY, Status.DATA)
    assert pupil.call(Call.SAVE).status == Status.OK
    learned = pupil.learned()
    pupil.call(Call.INIT)
    fresh = pupil.learned()
    assert fresh != learned
    assert pupil.call(Call.LOAD).status == Status.OK
    assert pupil.learned() == learned
    pupil.call(Call.INIT)
    assert pupil.call(Call.SAVE).status == Status.OK
    pupil.teach(learned)
    assert pupil.call(Call.LOAD).status == Status.OK
    assert pupil.learned() == fresh


def test_generator_by_single_steps():
    def step(x: int) -> int:
        x ^= x << 13 & 0xFFFFFFFF
        x ^= x >> 17
        return x ^ (x << 5 & 0xFFFFFFFF)

    x, expected = 0xDEADBEEF, []
    for _ in range(1000):
        x = step(x)
        expected.append(x)
    rng = Random(0xDEADBEEF)
    got = [n for count in (1, 0, 36, 963) for n in rng.draws(count).tolist()]
    assert got == expected
    assert rng.state == expected[-1]


@pytest.mark.host
def test_order_ranges_and_damage(tmp_path):
    need("cc")
    pack = SCENES["delta_spare"]
    with open_runner("host", packs=[pack], work_dir=tmp_path) as runner:
        for pupil in (runner.pupil(), ReferencePupil(pack)):
            pupil.reset()
            for call in (Call.LABEL, Call.REWARD, Call.END):
                assert pupil.call(call).status == Status.ORDER
            assert pupil.call(Call.BEGIN).status == Status.OK
            assert [pupil.call(Call.LABEL, c).status for c in (2, 3)] == [Status.OK, Status.ARG]
            rewards = [pupil.call(Call.REWARD, r).status for r in (-128, 127, 128, -129)]
            assert rewards == [Status.OK, Status.OK, Status.ARG, Status.ARG]
            pupil.reset()
            assert pupil.call(Call.END).status == Status.ORDER  # a reset forgets the example
            added = [pupil.call(Call.ADD_CLASS) for _ in range(3)]
            assert [(a.status, a.value) for a in added] == [(0, 3), (0, 4), (Status.FULL, 0)]


@pytest.mark.host
@pytest.mark.parametrize(
    ("field", "value"),
    [("rng", 0), ("n_classes", 6), ("l1_b", 1 << 29), ("l1_turn", 4), ("l1_kept", 9)],
)
def test_record_that_cannot_be(field, value, tmp_path):
    need("cc")
    pack = SCENES["delta_spare"]
    place = next(entry for entry in learned_layout(pack) if entry.name == field)
    width = int(place.dtype[1])
    with open_runner("host", packs=[pack], work_dir=tmp_path) as runner:
        pupil = runner.pupil()
        fresh = pupil.learned()
        broken = bytearray(fresh)
        broken[place.offset : place.offset + width] = value.to_bytes(width, "little")
        assert pupil.teach(bytes(broken)).status == Status.DATA
        assert pupil.learned() == fresh
        with pytest.raises(OptionError, match="no device can have learned"):
            ReferencePupil(pack).teach(bytes(broken))
