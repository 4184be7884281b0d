"""Where the init and step functions of an image's models lie."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tinysnn.image import Image

_SLOT_BYTES = 12
_INIT_AT = 24
_STEP_AT = 28
"""Offsets of the function pointers in tsnn_model_t (32-bit pointers)."""


@dataclass(frozen=True)
class Entries:
    """Addresses of the functions of one model, without the Thumb bit."""

    init: int
    step: int


def find_entries(image: Image, slot: int, read_word: Callable[[int], int]) -> Entries:
    """Functions of the model in `slot`.

    Of the last model if there is no such slot: the device itself will refuse it.

    Parameters
    ----------
    read_word: the 32-bit word that the image has at an address.

    """
    table = image.symbols["tsnn_slots"].address
    model = read_word(table + _SLOT_BYTES * min(slot, len(image.slots) - 1))
    return Entries(read_word(model + _INIT_AT) & ~1, read_word(model + _STEP_AT) & ~1)
