from __future__ import annotations

from pathlib import Path

import pytest

from tinysnn.errors import OptionError
from tinysnn.options import LowerOptions, NodeOptions, load_options, merge, options_from

GOOD = """
dt_s = 1e-4
decay = "euler"
gain = "dt"
input_scale = 0.5
[node."1.lif"]
gain = 2
v_init = "rest"
"""


def toml(tmp_path: Path, text: str) -> LowerOptions:
    path = tmp_path / "options.toml"
    path.write_text(text)
    return load_options(path)


def test_toml(tmp_path: Path) -> None:
    options = toml(tmp_path, GOOD)
    assert options.dt_s == 1e-4
    assert options.input_scale == 0.5
    assert options.of("other").gain == "dt"
    own = options.of("1.lif")
    assert (own.gain, own.v_init, own.decay, own.dt_s) == (2.0, "rest", "euler", 1e-4)


WRONG = {
    "dts = 1": "dts",
    'decay = "linear"': "euler, exact",
    'gain = "both"': "dt, tick, decay, NUMBER",
    "gain = true": "gain",
    'dt_s = "1 ms"': "dt_s",
    "dt_s = 0": "above 0",
    "dt_s = -1.0": "above 0",
    "dt_s = nan": "finite",
    "v_init = inf": "finite",
    "input_scale = 0": "above 0",
    "node = 3": "[node.",
    '[node."a"]\ninput_scale = 1': "input_scale",
    '[node."a"]\nreset = "soft"': '[node."a"]',
    "dt_s = ": "not TOML",
    "= 1": "not TOML",
}


@pytest.mark.parametrize("text", list(WRONG))
def test_wrong_option_file(tmp_path: Path, text: str) -> None:
    with pytest.raises(OptionError) as caught:
        toml(tmp_path, text)
    message = str(caught.value)
    assert "options.toml" in message
    assert WRONG[text] in message


def test_missing_or_binary_file(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="no such file"):
        load_options(tmp_path / "none.toml")
    path = tmp_path / "options.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(OptionError, match="not TOML"):
        load_options(path)


def test_deep_nesting_is_refused_without_a_crash(tmp_path: Path) -> None:
    with pytest.raises(OptionError):
        toml(tmp_path, "a = " + "[" * 100_000)


def test_merge_puts_over_on_top() -> None:
    base = options_from({"dt_s": 1e-4, "gain": "dt", "node": {"a": {"gain": 1, "reset": "zero"}}})
    over = options_from({"gain": "tick", "node": {"a": {"gain": 3}, "b": {"reset": "none"}}})
    merged = merge(base, over)
    assert merged.dt_s == 1e-4
    assert merged.gain == "tick"
    assert merged.node["a"] == NodeOptions(gain=3.0, reset="zero")
    assert merged.node["b"] == NodeOptions(reset="none")
    assert base.node["a"].gain == 1.0


def test_merge_with_nothing_changes_nothing() -> None:
    options = options_from({"dt_s": 1e-4, "snap": False, "node": {"a": {"gain": 1}}})
    assert merge(options, LowerOptions()) == options
    assert merge(LowerOptions(), options) == options
