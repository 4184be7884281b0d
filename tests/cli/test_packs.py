"""`inspect` and `generate`: packs as input, whole and damaged."""

from __future__ import annotations

import json
import struct

import pytest

from tests.cli.conftest import write_options


def _split(data):
    (size,) = struct.unpack_from("<Q", data)
    return json.loads(data[8 : 8 + size]), data[8 + size :]


def _join(header, body):
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + body


def _with_description(data, change):
    """The pack's bytes with its JSON description changed."""
    header, body = _split(data)
    description = json.loads(header["__metadata__"]["tinysnn"])
    change(description)
    header["__metadata__"]["tinysnn"] = json.dumps(description)
    return _join(header, body)


def test_inspect_shows_what_pack_showed(cli, packed):
    outcome = cli("inspect", packed)
    assert outcome.code == 0
    assert "lif1" in outcome.out
    result = json.loads(cli("inspect", packed, "--json", "-").out)
    assert result["format"] == 1
    assert result["n_in"] == 12
    assert result["n_out"] == 5
    assert result["table_bytes"] == sum(layer["table_bytes"] for layer in result["layers"])


def test_a_wrong_digest(refused, packed, tmp_path):
    data = bytearray(packed.read_bytes())
    data[-1] ^= 1
    bad = tmp_path / "bad.tsnn"
    bad.write_bytes(data)
    refused(2, "inspect", bad, says=["bad.tsnn", "wrong digest"])
    target = tmp_path / "generated"
    refused(2, "generate", bad, "-o", target, says=["wrong digest"])
    assert not target.exists()


def test_a_newer_format(refused, packed, tmp_path):
    bad = tmp_path / "bad.tsnn"
    bad.write_bytes(_with_description(packed.read_bytes(), lambda d: d.update(format=2)))
    refused(2, "inspect", bad, says=["pack format 2", "reads format 1"])


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.update(surprise=1),
        lambda d: d.pop("layers"),
        lambda d: d["layers"][0].update(n=10**9),
        lambda d: d["layers"][0].update(op="magic"),
        lambda d: d.update(output=7),
    ],
)
def test_a_description_that_breaks_the_rules(refused, packed, tmp_path, change):
    bad = tmp_path / "bad.tsnn"
    bad.write_bytes(_with_description(packed.read_bytes(), change))
    refused(2, "inspect", bad, says=["bad.tsnn"])


@pytest.mark.parametrize("length", [0, 5, 8, 60, -3])
def test_a_truncated_pack(refused, packed, tmp_path, length):
    bad = tmp_path / "bad.tsnn"
    bad.write_bytes(packed.read_bytes()[:length])
    refused(2, "inspect", bad, says=["bad.tsnn"])


def test_a_network_where_a_pack_is_due(refused, model):
    refused(2, "inspect", model, says=["not a tinysnn pack"])


def test_generate_names_its_files_and_repeats_itself(cli, packed, tmp_path):
    first = cli("generate", packed, "-o", tmp_path / "a", "--core", "cortex-m0")
    assert first.code == 0
    assert cli("generate", packed, "-o", tmp_path / "b", "--core", "cortex-m0").code == 0
    names = [line.rsplit("/", 1)[-1] for line in first.out.split()]
    assert set(names) >= {"tsnn.h", "tsnn_image.c", "tsnn_tiny.c", "tsnn_tiny.h"}
    assert sorted(names) == sorted(path.name for path in (tmp_path / "a").iterdir())
    for name in names:
        text = (tmp_path / "a" / name).read_bytes()
        assert text == (tmp_path / "b" / name).read_bytes()
        assert str(tmp_path).encode() not in text


def test_two_models_of_one_name(refused, packed, tmp_path):
    target = tmp_path / "generated"
    refused(2, "generate", packed, packed, "-o", target, says=["tiny", "--name"])
    assert not target.exists() or not list(target.iterdir())


def test_an_unknown_core(refused, packed, tmp_path):
    refused(2, "generate", packed, "-o", tmp_path / "g", "--core", "z80", says=["z80"])


def test_two_models_in_one_image(cli, model, packed, tmp_path):
    options = write_options(tmp_path / "o.toml")
    other = tmp_path / "other.tsnn"
    assert cli("pack", model, "-o", other, "--name", "other", "--options", options).code == 0
    outcome = cli("generate", packed, other, "-o", tmp_path / "g")
    assert outcome.code == 0
    image = (tmp_path / "g" / "tsnn_image.c").read_text()
    assert image.index("tsnn_tiny") < image.index("tsnn_other")
