"""What learning is said to cost before anything is built."""

from __future__ import annotations

import json

from tests.learn.scenes import base_pack, direct_pack, plastic
from tinysnn.cli.main import run
from tinysnn.learn.layout import learned_bytes, learning_bytes
from tinysnn.learn.price import PER_REHEARSED, PER_WEIGHT, instructions
from tinysnn.learn.spec import RULES
from tinysnn.pack_file import save


def test_every_rule_has_a_price():
    assert PER_WEIGHT.keys() == RULES.keys()


def test_weights_are_counted_whatever_their_width():
    four = plastic(direct_pack("four"), "sdsp", fresh=4)  # 7 rows of 2 bytes
    one = plastic(direct_pack("one"), "sdsp-1bit", fresh=8)  # 7 rows of 1 byte
    assert instructions(four) == round(PER_WEIGHT["sdsp"] * 16 * 2)  # padded to whole words
    assert instructions(one) == round(PER_WEIGHT["sdsp-1bit"] * 8 * 8)


def test_rehearsals_are_counted_where_there_is_something_to_rehearse():
    base = direct_pack("again")
    none, some = (
        instructions(plastic(base, "delta", fresh=4, buffer=buffer, rehearsals=50))
        for buffer in (0, 3)
    )
    assert none == round(PER_WEIGHT["delta"] * 28)
    assert some == round((PER_WEIGHT["delta"] + 50 * PER_REHEARSED) * 28)


def test_inspect_says_it(tmp_path, capsys):
    pack = plastic(base_pack("net"), "delta", fresh=4)
    save(pack, tmp_path / "net.tsnn")
    assert run(["inspect", str(tmp_path / "net.tsnn"), "--json", "-"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["learned_bytes"] == learned_bytes(pack)
    assert said["learning_bytes"] == learning_bytes(pack)
    assert said["learning_instructions_m4"] == instructions(pack) > 0
    assert run(["inspect", str(tmp_path / "net.tsnn")]) == 0
    assert "instructions to learn an example" in capsys.readouterr().out
