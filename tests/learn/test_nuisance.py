"""What differs within a class is taken out of examples: directions, prototypes, what is refused."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import numpy as np
import pytest

from tests.learn.scenes import base_pack, direct_pack, plastic, task
from tinysnn.cli.main import run
from tinysnn.decision import Decision
from tinysnn.errors import OptionError, PackError, StimulusError
from tinysnn.learn.mark import mark_plastic
from tinysnn.learn.nuisance import ONE, known_by_clips, known_of, without
from tinysnn.learn.replay import head_counts
from tinysnn.learn.spec import Wish
from tinysnn.pack_file import load, save
from tinysnn.pack_rules import check
from tinysnn.seal import sealed


def wishes(pack, **parameters):
    return {pack.layers[-1].name: Wish("few-shot", parameters)}


def loud_and_quiet(n, seed):
    """Counts of three classes that differ little, each told louder or more quietly; labels."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, n)
    shape = 20 + 6 * np.eye(3, 12)[labels] + rng.normal(0, 1, (n, 12))
    counts = np.clip(np.rint(shape * rng.uniform(0.4, 1.6, (n, 1))), 0, 127)
    return np.hstack([counts, np.full((n, 1), 50)]).astype(np.int8), labels


def test_the_direction_is_that_in_which_a_class_spreads():
    counts, labels = loud_and_quiet(600, 1)
    known = known_of(counts, labels, 1, 2)
    assert known.directions.shape == (1, 12)
    assert np.allclose(known.directions / ONE, 1 / np.sqrt(12), atol=0.06)  # louder, in all rows
    x = counts[labels == 0, :-1].astype(np.int64)
    left, before = without(x, known.directions, 2), without(x, None, 2)
    assert left.std(axis=0).max() < 0.3 * before.std(axis=0).max()


def test_it_tells_classes_apart_that_prototypes_alone_do_not():
    counts, labels = loud_and_quiet(600, 1)
    seen, said = loud_and_quiet(300, 2)
    right = []
    for directions in (0, 1):
        known = known_of(counts, labels, directions, 2)
        scores = seen[:, :-1].astype(np.int64) @ known.prototypes + 50 * known.biases
        right.append(float((scores.argmax(axis=1) == said).mean()))
    assert right[0] < 0.8
    assert right[1] > 0.95


def test_exact_example():
    """By hand: t = (3*64 + 1*64) * 2 + 64 >> 7 = 4, then 6 - (4*64 + 64 >> 7), 2 - 2, 10."""
    directions = np.array([[64, 64, 0]], np.int8)
    assert without(np.array([3, 1, 5]), directions, 1).tolist() == [4, 0, 10]
    assert without(np.array([100, -100, 5]), None, 1).tolist() == [127, -128, 10]


def test_a_pack_keeps_directions_and_prototypes(tmp_path):
    base, clips = base_pack("kept"), task(40, seed=3)
    wished = wishes(base, nuisance=2, fraction=3)
    known = known_by_clips(base, wished, clips)
    labels = np.array([clip.label for clip in clips])
    again = known_of(head_counts(base, clips), labels, 2, 3)
    assert np.array_equal(known.prototypes, again.prototypes)
    pack = mark_plastic(base, wished, known=known)
    save(pack, tmp_path / "net.tsnn")
    head = load(tmp_path / "net.tsnn").layers[-1]
    assert np.array_equal(head.nuisance, known.directions)
    assert np.array_equal(head.rows, known.prototypes)
    assert head.spec.learn.parameters["scatter"] == known.scatter > 0
    assert known_by_clips(base, wishes(base), clips) is None


def test_refused(tmp_path, capsys):
    base, clips = base_pack("refused"), task(40, seed=3)
    wished = wishes(base, nuisance=2)
    with pytest.raises(StimulusError, match="not every class"):
        known_by_clips(base, wished, [clip for clip in clips if clip.label != 1])
    with pytest.raises(OptionError, match="nuisance needs examples"):
        mark_plastic(base, wished)
    with pytest.raises(OptionError, match="2 directions, the layer 3 and 3"):
        mark_plastic(base, wishes(base, nuisance=3), known=known_by_clips(base, wished, clips))
    direct = direct_pack("direct")
    with pytest.raises(OptionError, match="only for a readout of spikes"):
        known_by_clips(direct, wishes(direct, nuisance=1), clips)
    words = ["pack", "missing.nir", "-o", str(tmp_path / "x.tsnn"), "--rehearse", "no.npz"]
    assert run(words) != 0
    assert "nuisance=N" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("table", "match"),
    [
        (None, "directions belong"),
        (np.zeros((2, 34), np.int8), "directions"),
        (np.full((3, 34), 127, np.int8), "longer than 1"),
    ],
)
def test_a_pack_with_other_directions_is_refused(table, match):
    pack = plastic(base_pack("odd"), "few-shot", nuisance=3)
    broken = replace(pack.layers[-1], nuisance=table)
    with pytest.raises(PackError, match=match):
        check(replace(pack, layers=(*pack.layers[:-1], broken)))


def test_a_decision_over_time_does_not_grow():
    base = base_pack("grows")
    rule = Decision(smooth=1, shift=0, rest_ticks=0, thresholds=(1,) * 3, labels=("a", "b", "c"))
    decides = sealed(msgspec.structs.replace(base.meta, decision=rule), base.layers)
    with pytest.raises(OptionError, match="decides over time for 3 classes, and there would be 5"):
        mark_plastic(decides, wishes(base, spare=2))
