"""Faults planted in the generated C of rules: each must be noticed against the reference."""

from __future__ import annotations

import re

import pytest

from tests.learn.scenes import scenes
from tests.learn.test_exact import differences
from tests.tools import need
from tinysnn.build_host import build_host
from tinysnn.emit import emit
from tinysnn.run.base import expected_model
from tinysnn.run.host import HostModel

SCENES = scenes()
FAULTS = (
    ("delta_spare", r"score \+ 32\) >> 6", "score) >> 6"),
    ("delta_spare", r"-64 - y, -127, 0", "-64 - y, -127, 127"),
    ("delta_spare", r"\*w \+ step, -128, 127", "*w + step, -40, 40"),
    ("delta_spare", r"l1_turn = label;", "l1_turn = 0u;"),
    ("delta_spare", r"st->learned.l1_b\[k\] = 0;", ";"),
    ("delta_spare", r"sums\[j\] = st->learned.l1_b\[j\]", "sums[j] = 0"),
    ("delta_packed", r">> 24\) < 100u", ">> 24) <= 100u"),
    ("delta_packed", r"label < 2u", "label < 1u"),
    ("delta_packed", r"first - value, 2u", "first - value, 3u"),
    ("delta_anchor", r"\(label \* 1u\) \+ tsnn_random_below\(&st->learned.rng, 1u\)", "label"),
    ("delta_anchor", r"k < 6u; k\+\+\) \{\n        for", "k < 5u; k++) {\n        for"),
    ("few_fresh", r"least > 900u", "least > 0u"),
    ("few_spare", r"\(1u << shift\) <= \*uses", "(1u << shift) < *uses"),
    ("few_nuisance", r"sum >> 7", "sum >> 8"),
    ("few_nuisance", r"\) \+ 64\) >> 7", ")) >> 7"),
    ("few_nuisance", r"700u / st", "0u / st"),
    ("few_nuisance", r"square > more", "square < more"),
    ("few_nuisance", r"ticks \*= 4u", "ticks *= 1u"),
    ("few_spare", r"\(square \+ ticks\) / ", "square / "),
    ("familiar_fresh", r"\(16 \* \(", "(15 * ("),
    ("familiar_fresh", r"wider, shift\), 0, 255", "wider, shift), 0, 90"),
    ("familiar_spare", r"sum -= tsnn_strange\(w\[at\], d\[at\]\);", ""),
    ("sdsp_four", r"tsnn_sort_events\(st->work_events, n_events\);", ""),
    ("sdsp_four", r"ca \+ 2, 0, 255", "ca + 1, 0, 255"),
    ("sdsp_one", r"u, -250, ", "u, -2500, "),
    ("sdsp_one", r"n_examples >> 4", "n_examples >> 5"),
    ("sdsp_one", r"\(of_class == 0u\) && ", ""),
    ("sdsp_four", r": -7;", ": 0;"),
    ("stdp", r"l1_h\[k\] \+ 20", "l1_h[k] + 21"),
    ("stdp", r"h - \(h >> 2\)", "h"),
    ("stdp", r"square \* 17u", "square * 16u"),
    ("stdp", r"& 3u\) != 3u\)", "& 3u) != 2u)"),
    ("rstdp", r"signal = away >> 8", "signal = away >> 9"),
    ("rstdp", r"own - late", "own + late"),
    ("rewire", r"\(\*w <= 40\)", "(*w <= 20)"),
    ("rewire", r"return 7u;", "weakest = j;"),
    ("eprop_adaptive", r"\*onto\) >> 8", "*onto) >> 9"),
    ("eprop_adaptive", r"\(fired != 0u\) \? 60", "(fired == 0u) ? 60"),
    ("drtp", r"v \+= 200;", ""),
    ("eprop_graded", r"\? 1 : -1", "? -1 : 1"),
    ("eprop_recurrent", r"t - \(t >> 4\)", "t - (t >> 5)"),
)


@pytest.mark.host
@pytest.mark.parametrize(("scene", "pattern", "fault"), FAULTS, ids=[f[1][:24] for f in FAULTS])
def test_fault_is_noticed(scene, pattern, fault, tmp_path):
    need("cc")
    pack = SCENES[scene]
    emit([pack], tmp_path / "c", core="cortex-m3")
    source = tmp_path / "c" / f"tsnn_{pack.name}.c"
    text, places = re.subn(pattern, fault, source.read_text())
    assert places, "the fault no longer applies"
    source.write_text(text)
    library = build_host(tmp_path / "c", tmp_path / "built")
    assert differences(pack, HostModel(library, expected_model(pack), 0), 120) > 0
