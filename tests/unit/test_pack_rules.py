"""Every rule that a pack keeps is broken here once, and named in the error."""

from __future__ import annotations

import ast
import inspect
from dataclasses import replace
from typing import Any

import msgspec
import numpy as np
import pytest

from tests.make_packs import make_layer, make_pack, table, with_spec
from tinysnn import pack_rules, ranges
from tinysnn.decision import Decision
from tinysnn.errors import PackError
from tinysnn.front_end import LogMel
from tinysnn.learn.spec import LearnSpec
from tinysnn.pack import Pack, PackedLayer, Source
from tinysnn.seal import sealed
from tinysnn.source_map import SourceMap

MAP = SourceMap((3, 1, 1), (1, 1), 2)
TWO = Source(None, 0, 2)


def plain() -> Pack:
    """Two firing layers of 3 and 2 neurons, the second also fed by itself."""
    first = make_layer(np.ones((2, 3)), theta=5, beta=60000)
    second = make_layer(
        np.ones((5, 2)), sources=[Source(0, 0, 3), Source(1, 1, 2)], theta=5, beta=60000
    )
    return make_pack(first, second, name="plain")


def meta(**changes: Any) -> Pack:
    """The plain pack with other facts about the model."""
    pack = plain()
    return Pack(msgspec.structs.replace(pack.meta, **changes), pack.layers)


def decision(**changes: Any) -> Decision:
    """One for two outputs, with some fields changed."""
    fields = {"smooth": 1, "shift": 1, "rest_ticks": 0, "thresholds": (1, 1), "labels": ("a", "b")}
    return Decision(**{**fields, **changes})


def readout_decides() -> Pack:
    made = make_pack(make_layer(np.ones((2, 2)), op="li"))
    return Pack(msgspec.structs.replace(made.meta, decision=decision()), made.layers)


def alone_decides() -> Pack:
    made = make_pack(make_layer(np.ones((2, 1))))
    given = decision(thresholds=(1,), labels=("a",))
    return Pack(msgspec.structs.replace(made.meta, decision=given), made.layers)


def layer(k: int = 0, **changes: Any) -> Pack:
    """The plain pack with one layer described otherwise."""
    pack = plain()
    layers = list(pack.layers)
    layers[k] = with_spec(layers[k], **changes)
    return Pack(pack.meta, tuple(layers))


def tables(k: int = 0, **changes: Any) -> Pack:
    """The plain pack with some tables of one layer replaced."""
    pack = plain()
    layers = list(pack.layers)
    layers[k] = replace(layers[k], **changes)
    return Pack(pack.meta, tuple(layers))


def only(changed: PackedLayer, **changes: Any) -> Pack:
    """A pack of one layer that may break a rule."""
    good = make_pack(make_layer(np.ones(changed.rows.shape), theta=5))
    return Pack(msgspec.structs.replace(good.meta, **changes), (changed,))


def readout_source() -> Pack:
    """A layer fed by one that does not fire."""
    pack = plain()
    readout = make_layer(np.ones((2, 3)), op="li", beta=5)
    return Pack(pack.meta, (with_spec(readout, name="cell0"), pack.layers[1]))


def counted_and_valued() -> Pack:
    """A layer that reads counts and gives its spikes a value as well."""
    first = make_layer(np.ones((2, 3)), theta=5, max_spikes=3)
    pack = make_pack(first, make_layer(np.ones((3, 2)), sources=[Source(0, 0, 3, most=3)], theta=5))
    return Pack(pack.meta, (pack.layers[0], with_spec(pack.layers[1], spike_value=2)))


def layer_of_bits(bits: int, weight: int) -> Pack:
    return Pack(
        plain().meta, (replace(layer(bits=bits).layers[0], rows=np.full((2, 3), weight, np.int8)),)
    )


def narrow_sums() -> Pack:
    heavy = make_layer(np.full((300, 1), 127), theta=5, state_bits=32)
    return only(with_spec(heavy, acc_bits=16), n_in=300, input_shape=(300,))


def fires_idle() -> Pack:
    return only(make_layer(np.ones((2, 1)), theta=0, compare="ge", skip=True))


def negative_threshold() -> Pack:
    return only(make_layer(np.ones((2, 1)), theta=-1, reset="subtract", reset_timing="next-tick"))


def replace_kernels(kernels: Any) -> Pack:
    pack = layer(1, sources=(Source(0, 0, 3, MAP),))
    changed = replace(pack.layers[1], rows=np.zeros((0, 2), np.int8), kernels=kernels)
    return Pack(pack.meta, (pack.layers[0], changed))


BROKEN = {
    "is no model name": lambda: meta(name="7up"),
    "1 to 64 layers": lambda: meta(layers=()),
    "70000 inputs": lambda: meta(n_in=70000),
    "input shape and width differ": lambda: meta(input_shape=(2, 2)),
    "the output is no layer": lambda: meta(output=2),
    "bad digest": lambda: meta(digest="abc"),
    "the front end gives other events": lambda: meta(front_end=LogMel()),
    "thresholds, not 2": lambda: meta(decision=decision(thresholds=(1,))),
    "labels, not 2": lambda: meta(decision=decision(labels=("a",))),
    "a label twice": lambda: meta(decision=decision(labels=("a", "a"))),
    "must not be shifted left": readout_decides,
    "no lead over another": alone_decides,
    "bad input scale": lambda: meta(input_scale=0.0),
    "0 neurons": lambda: layer(n=0),
    "bad layer name": lambda: layer(name="two\nlines"),
    "fraction bits": lambda: layer(frac_bits=16),
    "reset and comparison do not fit": lambda: layer(compare=None),
    "threshold table does not fit": lambda: tables(theta=None),
    "alpha does not fit": lambda: tables(alpha=table(5)),
    "spike value 0": lambda: layer(spike_value=0),
    "no source": lambda: layer(sources=()),
    "source width is not the input's": lambda: layer(sources=(Source(None, 0, 3),)),
    "200 spikes": lambda: layer(max_spikes=200),
    "counting needs": lambda: layer(max_spikes=3, compare="gt"),
    "counting with": lambda: only(make_layer([[1]], theta=5, max_spikes=3, refractory=2)),
    "drops input": lambda: layer(reset_drops_input=True),
    "adapted threshold": lambda: layer(reset_raised=True),
    "rho and jump": lambda: tables(rho=table(5)),
    "it does not fire": lambda: only(make_layer([[1]], op="li", refractory=2)),
    "spikes lower": lambda: tables(rho=table(5), jump=table(-1)),
    "waiting needs": lambda: only(
        make_layer([[1]], theta=5, reset_timing="next-tick", refractory=2)
    ),
    "waits beyond": lambda: tables(refractory=table(32768)),
    "input counted": lambda: layer(sources=(Source(None, 0, 2, most=5),)),
    "not as many spikes": lambda: layer(1, sources=(Source(0, 0, 3, most=2), Source(1, 1, 2))),
    "a spike value, and": counted_and_valued,
    "65536 ticks": lambda: layer(sources=(Source(None, 65536, 2),)),
    "table delays is": lambda: tables(delays=table([1, 2, 3])),
    "delays by unit": lambda: tables(delays=table([1, -1])),
    "a state of": lambda: only(
        make_layer(np.ones((5000, 1)), sources=[Source(None, 65535, 5000)]),
        n_in=5000,
        input_shape=(5000,),
    ),
    "a delay below 0": lambda: layer(sources=(Source(None, -1, 2),)),
    "no layer 7": lambda: layer(1, sources=(Source(7, 0, 3), Source(1, 1, 2))),
    "does not fire": readout_source,
    "source width is not that of": lambda: layer(1, sources=(Source(0, 0, 4), Source(1, 1, 2))),
    "delay against the order": lambda: layer(1, sources=(Source(0, 0, 3), Source(1, 0, 2))),
    "spike value not 1": lambda: layer(spike_value=2),
    "rows": lambda: layer(1, sources=(Source(0, 0, 3),) * 30000),
    "rows are": lambda: tables(rows=np.ones((2, 4), np.int8)),
    "weights exceed 4 bits": lambda: layer_of_bits(4, 8),
    "1-bit weights are": lambda: layer_of_bits(1, 0),
    "table bias is": lambda: tables(bias=table([1, 2])),
    "one scale per neuron": lambda: tables(scale=np.ones(2)),
    "one scale for all": lambda: only(
        replace(make_layer(np.ones((2, 3)), op="li"), scale=np.array([1.0, 1.0, 2.0]))
    ),
    "bad scale": lambda: tables(scale=np.array([1.0, np.nan, 1.0])),
    "beta exceeds 1": lambda: tables(beta=table(65537)),
    "theta does not fit 16-bit": lambda: tables(theta=table(32768)),
    "overflow 16 bits": narrow_sums,
    "a tick adds up to": lambda: layer(frac_bits=15),
    "it can fire idle": fires_idle,
    "threshold below 0, subtracted": negative_threshold,
    "plastic, but has kernels": lambda: layer(
        1, sources=(Source(0, 0, 3, MAP),), learn=LearnSpec("delta", {})
    ),
    "rows beside kernels": lambda: layer(1, sources=(Source(0, 0, 3, MAP), Source(1, 1, 2))),
    "0 kernels, not 1": lambda: replace_kernels(()),
    "a kernel is": lambda: replace_kernels((np.ones((2, 1, 1, 2), np.int8),)),
}


@pytest.fixture
def broken_lines(monkeypatch):
    """Line numbers of the rules that were broken."""
    lines: set[int] = set()
    need = pack_rules._need

    def recording(holds, where, what):
        if not holds:
            frame = inspect.currentframe()
            assert frame is not None
            assert frame.f_back is not None
            lines.add(frame.f_back.f_lineno)
        need(holds, where, what)

    monkeypatch.setattr(pack_rules, "_need", recording)
    return lines


def test_the_unbroken_pack_is_good():
    assert sealed(plain().meta, plain().layers).digest == plain().digest


@pytest.mark.parametrize("rule", BROKEN)
def test_a_broken_rule_is_named(rule):
    pack = BROKEN[rule]()
    with pytest.raises(PackError) as caught:
        pack_rules.check(pack)
    assert rule in caught.value.what
    assert caught.value.where in ("model", "decision") or caught.value.where.startswith("layer ")


def test_no_rule_is_left_out(broken_lines):
    """Each call of `_need` in the source is made to fail by some case above."""
    for make in BROKEN.values():
        pack = make()
        with pytest.raises(PackError):
            pack_rules.check(pack)
    tree = ast.parse(inspect.getsource(pack_rules))
    calls = {
        (node.lineno, node.end_lineno)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "_need"
    }
    unbroken = [
        first for first, last in calls if not broken_lines & set(range(first, (last or first) + 1))
    ]
    assert unbroken == []


@pytest.mark.parametrize(
    ("theta", "compare", "reset", "reset_to", "bias", "wanted"),
    [
        (1, "ge", "zero", 0, None, True),
        (0, "ge", "zero", None, None, False),
        (0, "gt", "subtract", None, None, True),
        (-1, "gt", "subtract", None, None, False),
        (5, "ge", "zero", 4, None, True),
        (5, "ge", "zero", 5, None, False),
        (5, "ge", "subtract", 9, None, True),
        (5, "ge", "zero", 0, 1, False),
        (5, "ge", "zero", 0, 0, True),
    ],
)
def test_which_layers_rest(theta, compare, reset, reset_to, bias, wanted):
    made = make_layer(
        [[1]], theta=theta, compare=compare, reset=reset, reset_to=reset_to, bias=bias, skip=False
    )
    assert pack_rules.rests(made) is wanted


def test_no_sum_passes_32_bits():
    """The largest layer with the largest values needs 30 bits: the proof needs no rule."""
    rows = np.full((65535, 1), -128, np.int8)
    sums = ranges.accumulator(make_layer(rows, theta=5, state_bits=32), graded_input=True)
    assert int(sums.high.max()) == 65535 * 128 * 128 < 1 << 30
    assert int(sums.low.min()) == -65535 * 128 * 127 > -(1 << 30)


def test_readouts_rest_without_a_bias():
    assert pack_rules.rests(make_layer([[1]], op="li", beta=5)) is True
    assert pack_rules.rests(make_layer([[1]], op="li", beta=5, bias=-1)) is False
