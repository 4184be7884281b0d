"""Every rule that a map in a pack keeps is broken here once, and named in the error."""

from __future__ import annotations

import ast
import inspect

import msgspec
import numpy as np
import pytest

from tests.make_packs import make_layer, make_pack
from tinysnn import map_rules
from tinysnn.errors import PackError
from tinysnn.pack import Pack, Source
from tinysnn.pack_file import load, save
from tinysnn.source_map import PoolWindow, SourceMap

GOOD = SourceMap((2, 4, 4), (3, 3), 4, pool=PoolWindow((1, 1), (1, 1)), padding=((1, 1), (0, 0)))


def spec_of(found: SourceMap, shape=(4, 4, 2)):
    layer = make_layer(np.ones((32, 32)), theta=5)
    return msgspec.structs.replace(layer.spec, shape=shape, sources=(Source(None, 0, 32, found),))


def changed(**changes):
    found = msgspec.structs.replace(GOOD, **changes)
    return lambda: map_rules.check_map(found, 32, spec_of(found), "layer 'x'")


BROKEN = {
    "shape [2, 0, 4]": changed(shape=(2, 0, 4)),
    "for 31 neurons": lambda: map_rules.check_shape((4, 4, 2), 31, "layer 'x'"),
    "a map of 32 units in a source of 32": changed(first=1),
    "a pool larger than its map": changed(pool=PoolWindow((5, 1), (5, 1))),
    "pool windows that overlap": changed(pool=PoolWindow((2, 2), (2, 1))),
    "stride [0, 1]": changed(stride=(0, 1)),
    "kernel of [0, 3]": changed(kernel=(0, 3)),
    "padding [300, 0, 0, 0]": changed(padding=((300, 0), (0, 0))),
    "0 output channels": changed(out_channels=0),
    "groups do not divide": changed(groups=3),
    "a kernel larger than its map": changed(kernel=(7, 3)),
    "a map of [5, 4, 2] for 32 neurons": changed(out_channels=5),
}


@pytest.fixture
def broken_lines(monkeypatch):
    """Line numbers of the rules that were broken."""
    lines: set[int] = set()
    need = map_rules._need

    def recording(holds, where, what):
        if not holds:
            lines.add(inspect.currentframe().f_back.f_lineno)
        need(holds, where, what)

    monkeypatch.setattr(map_rules, "_need", recording)
    return lines


def test_the_unbroken_map_is_good():
    map_rules.check_map(GOOD, 32, spec_of(GOOD), "layer 'x'")


@pytest.mark.parametrize("rule", BROKEN)
def test_a_broken_rule_is_named(rule):
    with pytest.raises(PackError) as caught:
        BROKEN[rule]()
    assert rule in caught.value.what


def test_no_rule_is_left_out(broken_lines):
    for broken in BROKEN.values():
        with pytest.raises(PackError):
            broken()
    calls = {
        (node.lineno, node.end_lineno)
        for node in ast.walk(ast.parse(inspect.getsource(map_rules)))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "_need"
    }
    assert [c for c in calls if not broken_lines & set(range(c[0], (c[1] or c[0]) + 1))] == []


def test_a_pack_of_maps_survives_its_file(tmp_path):
    from tests.map_packs import random_map_pack

    packs: list[Pack] = [random_map_pack(seed) for seed in range(4)]
    for pack in packs:
        save(pack, tmp_path / "maps.tsnn")
        found = load(tmp_path / "maps.tsnn")
        assert found.digest == pack.digest
        for layer, other in zip(pack.layers, found.layers, strict=True):
            assert layer.tables().keys() == other.tables().keys()
            for kernel, same in zip(layer.kernels, other.kernels, strict=True):
                np.testing.assert_array_equal(kernel, same)


def test_rows_packs_keep_their_digest():
    """A pack without maps has the JSON text, and so the digest, that it had before maps came."""
    pack = make_pack(make_layer(np.ones((2, 3)), theta=5), name="old")
    text = msgspec.json.encode(pack.meta)
    assert b'"map"' not in text
    assert b'"shape"' not in text
