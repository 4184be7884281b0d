"""The twelve classes and the splits by speaker."""

from __future__ import annotations

import hashlib

KEYWORDS: tuple[str, ...] = (
    *("yes", "no", "up", "down", "left", "right", "on", "off", "stop", "go"),
    *("_unknown_", "_silence_"),
)
"""Class names in the order of the network's outputs."""

SPLITS: tuple[str, ...] = ("training", "validation", "testing")

_HASH_RANGE = 2**27


def split_of(speaker: str) -> str | None:
    """Split of a speaker (8 hex digits), or of a silent clip by its file name.

    The rule salts the name, because the recordings used here are nearly all from the official
    *test* partition, where the official rule leaves nothing to train on. None: set aside.
    """
    digest = int(hashlib.sha1(f"snn-mcu:{speaker}".encode(), usedforsecurity=False).hexdigest(), 16)
    percent = digest % _HASH_RANGE * 100 / (_HASH_RANGE - 1)
    if percent < 20:
        return None
    if percent < 30:
        return "validation"
    return "testing" if percent < 45 else "training"
