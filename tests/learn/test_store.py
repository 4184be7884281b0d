"""Nothing that was saved is lost: power cuts at every operation of an emulated flash."""

from __future__ import annotations

import re

import pytest

from tests.learn.store_machine import EmulatedStore, HostStore
from tests.tools import need
from tinysnn.learn.learner import Status
from tinysnn.paths import firmware_dir

GEOMETRIES = {
    "pages of 1 KiB, half-words": (1024, 4, 2, 0xFF, 300),
    "sectors of 2 KiB, double words": (2048, 2, 8, 0xFF, 301),
    "rows of 128 bytes that erase to 0": (128, 16, 4, 0x00, 200),
    "units as long as the header and longer": (2048, 4, 128, 0xFF, 513),
}


@pytest.mark.host
@pytest.mark.parametrize("name", GEOMETRIES)
def test_cut_at_every_operation(name, tmp_path):
    need("cc")
    store = HostStore(tmp_path)
    store.call("driver_begin", *GEOMETRIES[name])
    counts = store.campaign(rounds=400 if "longer" in name else 20)
    print(name, counts)
    assert counts["lost"] == 0
    assert counts["cuts"] > 2500
    assert min(counts["old"], counts["new"]) > 0
    assert counts["old"] + counts["new"] >= counts["cuts"]
    assert store.misuse == 0


@pytest.mark.emu
def test_cut_at_every_operation_on_a_core(tmp_path):
    need("gcc-arm")
    need("unicorn")
    store = EmulatedStore(tmp_path)
    store.call("driver_begin", *GEOMETRIES["pages of 1 KiB, half-words"])
    counts = store.campaign(rounds=2)
    assert counts["lost"] == 0
    assert counts["cuts"] > 800


_NO_CHECKSUM = (r"crc != header->crc", "crc != crc")
_HEADER_FIRST = (
    r"(status = tsnn_store_write\(flash, slot_at \+ [^;]*;)(.*?)(status = [^;]*sizeof header\);)",
    r"\3\2\1",
)
FAULTS = {
    "header before the record, no checksum": (_HEADER_FIRST, _NO_CHECKSUM),
    "always the same slot": ((r"\(kept == 0u\) \? 1u : 0u", "0u"),),
    "the older slot is read": ((r"newest->counter\) > 0", "newest->counter) < 0"),),
    "no erasure": (
        (r"flash->erase\(\(which \* sectors\) \+ k\)", "(tsnn_status_t)(0u * sectors)"),
    ),
}
"""Either of the first two alone is harmless: header last and the checksum back each other."""


@pytest.mark.host
@pytest.mark.parametrize("name", FAULTS)
def test_faults_are_found(name, tmp_path):
    need("cc")
    text = (firmware_dir() / "src" / "tsnn_store.c").read_text()
    for pattern, fault in FAULTS[name]:
        text, places = re.subn(pattern, fault, text, flags=re.DOTALL)
        assert places
    store = HostStore(tmp_path, text)
    store.call("driver_begin", *GEOMETRIES["pages of 1 KiB, half-words"])
    assert store.campaign(rounds=2)["lost"] + store.misuse > 0


@pytest.mark.host
def test_what_is_refused_is_said(tmp_path):
    need("cc")
    store = HostStore(tmp_path)
    store.call("driver_begin", 1024, 4, 2, 0xFF, 300)
    assert store.call("driver_load", 1) == Status.EMPTY
    assert store.call("driver_save", 1) == Status.OK
    assert store.call("driver_load", 1) == Status.OK
    store.call("driver_damage", 64 + 17, 0x10)
    assert store.call("driver_load", 1) == Status.DATA
    assert store.call("driver_save", 2) == Status.OK
    store.call("driver_other_model", 8)
    assert store.call("driver_load", 2) == Status.FOREIGN
    store.call("driver_other_model", 7)
    assert store.call("driver_save", 3) == Status.OK
    store.call("driver_wear", 0)  # sector 0 cannot be erased any more: one of two saves fails
    store.call("driver_wear", 0)
    said = [store.call("driver_save", number) for number in (4, 5)]
    assert Status.FLASH in said
    last = 3 if said[0] else 4
    assert store.call("driver_load", last) == Status.OK
    store.call("driver_begin", 128, 4, 2, 0xFF, 300)
    assert store.call("driver_save", 1) == Status.FULL
    store.call("driver_begin", 1024, 1, 2, 0xFF, 300)
    assert store.call("driver_save", 1) == Status.FLASH
    store.call("driver_begin", 1024, 4, 512, 0xFF, 300)
    assert store.call("driver_load", 1) == Status.FLASH
