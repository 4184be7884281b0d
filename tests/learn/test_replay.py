"""Examples that a pack takes along: what they are, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.learn.scenes import base_pack, direct_pack, plastic, task
from tinysnn.cli.main import run
from tinysnn.errors import OptionError, PackError, StimulusError
from tinysnn.learn.calls import Call
from tinysnn.learn.learner import Learner
from tinysnn.learn.lesson import ReferencePupil
from tinysnn.learn.mark import mark_plastic
from tinysnn.learn.replay import head_counts, replay_of
from tinysnn.learn.spec import Wish
from tinysnn.pack_file import load, save
from tinysnn.pack_rules import check


def wishes(pack, **parameters):
    return {pack.layers[-1].name: Wish("delta", parameters)}


def test_counts_are_those_of_the_reference():
    base, clips = base_pack("counts"), task(5, seed=3)
    pack = plastic(base, "delta", z_shift=1)
    pupil = ReferencePupil(pack)
    for clip, counts in zip(clips, head_counts(base, clips, 1), strict=True):
        pupil.reset()
        pupil.call(Call.BEGIN)
        pupil.ticks(clip)
        assert np.array_equal(pupil.learner.head.features(), counts)
        assert counts.any()


def test_examples_of_each_class_in_their_order(tmp_path):
    base, clips = base_pack("chosen"), task(40, seed=3)
    wished = wishes(base, packed=2)
    examples = replay_of(base, wished, clips)
    mine = [clip for clip in clips if clip.label == 1][:2]
    assert np.array_equal(examples[1], head_counts(base, mine))
    pack = mark_plastic(base, wished, examples)
    save(pack, tmp_path / "net.tsnn")
    again = load(tmp_path / "net.tsnn").layers[-1].replay
    assert np.array_equal(again, examples)
    assert Learner(pack).head.packed.tolist() == [2, 2, 2]
    assert replay_of(base, wishes(base), clips) is None


def test_refused(tmp_path, capsys):
    base, clips = base_pack("refused"), task(40, seed=3)
    wished = wishes(base, packed=2)
    with pytest.raises(StimulusError, match="1 clips of class"):
        replay_of(base, wished, [c for c in clips if c.label != 1] + [clips[k] for k in _of(clips)])
    with pytest.raises(OptionError, match="packed needs examples"):
        mark_plastic(base, wished)
    with pytest.raises(OptionError, match="examples are"):
        mark_plastic(base, wished, np.zeros((3, 1, 35), np.int8))
    direct = direct_pack("direct")
    with pytest.raises(OptionError, match="only for a readout of spikes"):
        replay_of(direct, wishes(direct, packed=1), clips)
    words = ["pack", "missing.nir", "-o", str(tmp_path / "x.tsnn"), "--rehearse", "no.npz"]
    assert run(words) != 0
    assert "no layer takes examples along" in capsys.readouterr().err


def test_pack_with_examples_of_another_shape_is_refused():
    pack = plastic(base_pack("odd"), "delta", packed=2)
    head = pack.layers[-1]
    for replay in (None, head.replay[:, :1], np.zeros((4, 2, 35), np.int8)):
        broken = replace(head, replay=replay)
        with pytest.raises(PackError, match="packed examples"):
            check(replace(pack, layers=(*pack.layers[:-1], broken)))


def _of(clips):
    """The first clip of class 1."""
    return [next(k for k, clip in enumerate(clips) if clip.label == 1)]
