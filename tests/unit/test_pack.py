"""The pack file: what is saved is loaded, and nothing else ever is."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load as read_tensors
from safetensors.numpy import save as tensors_to_bytes

from tests.golden.packs import dense, readout, recurrent
from tests.random_packs import random_pack
from tinysnn.errors import PackError
from tinysnn.pack import MAX_PACK_BYTES
from tinysnn.pack_file import load, save
from tinysnn.state import spike_words, spikes_of, state_layout

SMALL = dense()


def same(a, b):
    assert a.meta == b.meta
    assert a.digest == b.digest
    for mine, theirs in zip(a.layers, b.layers, strict=True):
        assert mine.spec == theirs.spec
        assert mine.tables().keys() == theirs.tables().keys()
        for name, values in mine.tables().items():
            other = theirs.tables()[name]
            assert other.dtype == values.dtype
            assert np.array_equal(other, values)


@pytest.mark.parametrize("make", [dense, recurrent, readout])
def test_a_saved_pack_is_loaded_again(make, tmp_path):
    path = tmp_path / "a.pack"
    save(make(), path)
    same(make(), load(path))
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.pack"]


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 1 << 32))
def test_any_saved_pack_is_loaded_again(seed, tmp_path_factory):
    path = tmp_path_factory.mktemp("pack") / "a.pack"
    pack = random_pack(seed)
    save(pack, path)
    same(pack, load(path))


def test_saving_twice_gives_the_same_bytes(tmp_path):
    for name in ("a", "b"):
        save(dense(), tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_the_digest_is_what_the_specification_says():
    """SPEC.md section 2, computed anew."""
    content = json.loads(msgspec.json.encode(SMALL.meta))
    del content["digest"]
    sha = hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode())
    for name, values in sorted(
        (f"l{k}.{name}", values)
        for k, layer in enumerate(SMALL.layers)
        for name, values in layer.tables().items()
    ):
        sha.update(f"{name} {values.dtype.str} {values.shape}".encode() + values.tobytes())
    assert sha.hexdigest() == SMALL.digest


def crafted(path, meta: Any = None, tensors: Any = None, text: str | None = None):
    """The small pack's file with its metadata or tensors changed in place by functions."""
    save(SMALL, path)
    data = path.read_bytes()
    size = int.from_bytes(data[:8], "little")
    found = json.loads(json.loads(data[8 : 8 + size])["__metadata__"]["tinysnn"])
    arrays = read_tensors(data)
    for change, values in ((meta, found), (tensors, arrays)):
        if change is not None:
            change(values)
    said = json.dumps(found) if text is None else text
    path.write_bytes(tensors_to_bytes(arrays, metadata={"tinysnn": said}))
    return path


def refused(path, *words):
    with pytest.raises(PackError) as caught:
        load(path)
    for word in (str(path), *words):
        assert word in str(caught.value), caught.value


def test_crafting_changes_nothing_by_itself(tmp_path):
    same(SMALL, load(crafted(tmp_path / "p")))


def test_another_name_needs_another_digest(tmp_path):
    refused(crafted(tmp_path / "p", lambda m: m.update(name="other")), "wrong digest")


def test_another_weight_needs_another_digest(tmp_path):
    def change(arrays):
        arrays["l0.rows"] = arrays["l0.rows"].copy()
        arrays["l0.rows"][0, 0] ^= 1

    refused(crafted(tmp_path / "p", tensors=change), "wrong digest", "damaged or was edited")


@pytest.mark.parametrize("found", [2, 0, "1", None, 1.5])
def test_another_format_is_refused_first(found, tmp_path):
    def change(meta):
        meta.update(format=found, unknown_to_this_version=1)

    refused(crafted(tmp_path / "p", change), "pack format", "format 1")


def test_unknown_fields_are_refused(tmp_path):
    refused(crafted(tmp_path / "a", lambda m: m.update(extra=1)), "extra")
    refused(crafted(tmp_path / "b", lambda m: m["layers"][0].update(extra=1)), "extra")
    refused(crafted(tmp_path / "c", lambda m: m["layers"][0]["sources"][0].update(x=1)), "`x`")


def test_missing_fields_are_refused(tmp_path):
    refused(crafted(tmp_path / "a", lambda m: m.pop("n_in")), "n_in")
    refused(crafted(tmp_path / "b", lambda m: m["layers"][1].pop("frac_bits")), "frac_bits")


@pytest.mark.parametrize("name", ["l0.rows", "l1.beta", "l0.scale", "l1.theta"])
def test_a_missing_tensor_is_named(name, tmp_path):
    kind = "threshold" if name == "l1.theta" else name.split(".")[1]
    refused(crafted(tmp_path / "p", tensors=lambda t: t.pop(name)), kind)


def test_a_tensor_too_many_is_named(tmp_path):
    def add(arrays):
        arrays["l7.rows"] = np.zeros(3, np.int8)

    refused(crafted(tmp_path / "p", tensors=add), "l7.rows")


@pytest.mark.parametrize(
    ("name", "dtype"),
    [("l0.rows", np.uint8), ("l0.rows", np.int16), ("l0.beta", np.int64), ("l0.scale", np.float32)],
)
def test_a_tensor_of_another_type_is_named(name, dtype, tmp_path):
    def retype(arrays):
        arrays[name] = arrays[name].astype(dtype)

    refused(crafted(tmp_path / "p", tensors=retype), name.split(".")[1], "cell0")


@pytest.mark.parametrize("shape", [(), (0,), (2,), (1, 1), (34, 1)])
def test_a_tensor_of_another_shape_is_refused(shape, tmp_path):
    def reshape(arrays):
        arrays["l0.beta"] = np.zeros(shape, np.int32)

    refused(crafted(tmp_path / "p", tensors=reshape), "beta")


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", "1", '"x"', "{}", "[" * 100000, '{"format": 1}', "\0", "{" * 500],
)
def test_other_metadata_is_refused(text, tmp_path):
    refused(crafted(tmp_path / "p", text=text))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0" * 7,
        b"\0" * 8,
        b"\xff" * 100,
        (5).to_bytes(8, "little") + b"[]   ",
        (2).to_bytes(8, "little") + b"{}",
        (1 << 62).to_bytes(8, "little") + b"{}",
        (27).to_bytes(8, "little") + b'{"__metadata__": {"a": "b"}}',
        (20).to_bytes(8, "little") + b'{"__metadata__": 17} ',
        b"PK\3\4" + b"x" * 50,
    ],
)
def test_other_files_are_refused(data, tmp_path):
    path = tmp_path / "p"
    path.write_bytes(data)
    refused(path, "not a tinysnn pack")


def test_a_file_that_is_not_there(tmp_path):
    refused(tmp_path / "nothing", "cannot read")
    refused(tmp_path, "cannot read")


def test_an_oversized_file_is_not_read(tmp_path):
    path = tmp_path / "p"
    with path.open("wb") as file:
        file.truncate(MAX_PACK_BYTES + 1)
    refused(path, "too large")


def test_a_folder_that_is_not_there_leaves_nothing(tmp_path):
    with pytest.raises(PackError, match="cannot write"):
        save(SMALL, tmp_path / "no" / "p")
    (tmp_path / "taken").mkdir()
    with pytest.raises(PackError, match="cannot write"):
        save(SMALL, tmp_path / "taken")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


def test_a_truncated_file_is_refused_wherever_it_ends(tmp_path):
    path = tmp_path / "p"
    save(SMALL, path)
    data = path.read_bytes()
    for end in {*range(0, len(data), 11), *range(len(data) - 20, len(data))}:
        path.write_bytes(data[:end])
        refused(path)


@pytest.mark.parametrize("make", [dense, recurrent])
def test_a_flipped_bit_never_gives_another_pack(make, tmp_path):
    """Every byte once, a bit of it chosen by its place: refused, or the same pack after all."""
    path = tmp_path / "p"
    save(make(), path)
    data = path.read_bytes()
    accepted = 0
    for at in range(len(data)):
        damaged = bytearray(data)
        damaged[at] ^= 1 << (at % 8)
        path.write_bytes(damaged)
        try:
            pack = load(path)
        except PackError:
            continue
        same(make(), pack)
        accepted += 1
    assert accepted < 20  # blanks that pad the header, and the like


values = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(-(1 << 70), 1 << 70), st.floats(), st.text(max_size=5)
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)


def places(value, path=()):
    """Paths to every value inside of the metadata."""
    yield path
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from places(inner, (*path, key))
    elif isinstance(value, list):
        for k, inner in enumerate(value):
            yield from places(inner, (*path, k))


PLACES = list(places(json.loads(msgspec.json.encode(SMALL.meta))))[1:]


@settings(max_examples=300, deadline=None)
@given(place=st.sampled_from(PLACES), value=values)
def test_any_other_value_in_the_metadata_is_refused_or_the_same(place, value, tmp_path_factory):
    def change(meta):
        for key in place[:-1]:
            meta = meta[key]
        meta[place[-1]] = value

    path = crafted(tmp_path_factory.mktemp("pack") / "p", change)
    try:
        pack = load(path)
    except PackError:
        return
    assert pack.digest == SMALL.digest


@given(fired=st.lists(st.booleans(), min_size=1, max_size=100))
def test_spike_words_and_back(fired):
    words = spike_words(np.array(fired))
    assert words.size == -(-len(fired) // 32)
    assert spikes_of(words, len(fired)).tolist() == fired
    for j, value in enumerate(fired):
        bit = (j % 32) // 2 + 16 * (j % 2)
        assert (int(words[j // 32]) >> bit) & 1 == value


@pytest.mark.parametrize("seed", range(30))
def test_state_fields_lie_side_by_side(seed):
    pack = random_pack(seed)
    at, widths = 0, []
    for entry in state_layout(pack):
        assert entry.offset == at
        assert entry.n_bytes % 4 == 0
        widths.append(entry.dtype[1])
        at += entry.n_bytes
    assert widths == sorted(widths, reverse=True)
