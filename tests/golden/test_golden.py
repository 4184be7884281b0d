"""The generated text, word for word; `pytest tests/golden --update-golden` writes it anew."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.golden.packs import GOLDEN, dense, readout, recurrent
from tinysnn.emit import render

EXPECTED = Path(__file__).parent / "expected"


@pytest.mark.parametrize(("make", "core"), GOLDEN)
def test_generated_text(make, core, pytestconfig):
    pack = make()
    folder = EXPECTED / f"{pack.name}-{core}"
    texts = render([pack], core=core)
    if pytestconfig.getoption("--update-golden"):
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.iterdir():
            old.unlink()
        for name, text in texts.items():
            (folder / name).write_text(text)
    kept = {path.name: path.read_text() for path in folder.iterdir()}
    assert sorted(kept) == sorted(texts)
    for name, text in texts.items():
        assert text == kept[name], f"{folder.name}/{name} differs: --update-golden, then read it"


DIGESTS = {
    "dense": "d1c928809af910d68ca7e507dce572c2169b916fc4a45c2aa5719b2d0100e02a",
    "recurrent": "cd445da91edff8e062949da6a214a6dc458e67ffdd5bd0afcd1127eff7b4caf5",
    "readout": "b5ba4aea88018a9979344626a60b61396b87bfe706a98481e55a5f0fb6205c00",
}


@pytest.mark.parametrize("make", [dense, recurrent, readout])
def test_digests_stay(make):
    """A changed digest means changed bytes: PACK_FORMAT has to follow."""
    pack = make()
    assert pack.digest == DIGESTS[pack.name]
