"""The rule `familiar`: distances by hand, and what was learned as a pack of its own."""

from __future__ import annotations

import numpy as np

from tests.learn.scenes import direct_pack, example, plastic
from tests.tools import need
from tinysnn.deploy import deployed
from tinysnn.learn.calls import Call
from tinysnn.learn.lesson import ReferencePupil, answer_to
from tinysnn.learn.pulled import pulled
from tinysnn.stimulus import Stimulus
from tinysnn.verify import verify

PACK = plastic(direct_pack("known"), "familiar", fresh=2, spread=24)


def second(*values: int) -> Stimulus:
    """One tick of these values."""
    return Stimulus(np.array([values], np.int8))


def test_membranes_are_distances_in_usual_deviations():
    pupil = ReferencePupil(PACK)
    pupil.call(Call.ADD_CLASS)
    answer_to(pupil, second(10, -20, 0, 0, 127, -128, 1), 0)
    same = answer_to(pupil, second(10, -20, 0, 0, 127, -128, 1)).output[0]
    away = answer_to(pupil, second(13, -20, 0, -7, 127, 127, 1)).output[0]

    unit = 1 << PACK.layers[0].spec.frac_bits
    assert same[0] == 0
    assert away[0] == -unit * sum(256 * far // (24 + 8) for far in (3, 7, 255))
    assert same[1] < away[0]  # a class that is not known never wins


def test_deviations_follow_what_varies():
    """After many examples a step in a quiet input is stranger than one in a restless one."""
    rng, pupil = np.random.default_rng(0), ReferencePupil(PACK)
    pupil.call(Call.ADD_CLASS)
    for _ in range(200):
        answer_to(pupil, second(int(rng.integers(-60, 61)), 5, 0, 0, 0, 0, 0), 0)
    restless, quiet = (
        -answer_to(pupil, second(*there, 0, 0, 0, 0, 0)).output[0, 0]
        for there in ((20, 5), (0, 25))
    )

    assert quiet > 5 * restless


def test_what_was_learned_runs_as_a_pack():
    need("cc")
    rng, pupil = np.random.default_rng(3), ReferencePupil(PACK)
    pupil.call(Call.ADD_CLASS)
    for _ in range(9):
        answer_to(pupil, example(PACK, rng), 0)
    taken, clips = pulled(PACK, pupil.learned()), [example(PACK, rng) for _ in range(4)]
    with deployed([taken], runner="host", board=None) as device:
        report = verify(taken, device, clips, keep_states=True)
        outputs = [device.run(clip).output for clip in clips]

    assert report.mismatches == 0, report.first_divergence
    for clip, output in zip(clips, outputs, strict=True):
        assert np.array_equal(answer_to(pupil, clip).output, output)
