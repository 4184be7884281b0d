"""Which part of an image a function or object belongs to, by its name."""

from __future__ import annotations

import re
from collections.abc import Mapping

LAYERS = "tables of layer {}"
MODEL = "code of the model"
KERNELS = "kernels"
HARNESS = "harness (protocol, UART, counter)"
START = "start-up and C library"
STATE = "state of the model"
BUFFERS = "buffers of the harness"

_HARNESS = re.compile(
    r"tsnn_(wire|tick|cobs|crc|reply|port|rx|tx|in_|out_|slot|max_payload|image|systick|vectors"
    r"|uart|counter|board|hello)|main$|(Reset|SysTick|HardFault|NMI)_Handler"
)


def group_of(symbol: str, place: str, model: str, layers: tuple[str, ...]) -> str:
    """The part of the image that a symbol belongs to.

    Parameters
    ----------
    symbol: its name.
    place: flash or ram.
    model: name of the model.
    layers: names of its layers.

    """
    prefix = f"tsnn_{model}_"
    if symbol.startswith(prefix):
        if place == "ram":
            return STATE
        table = re.match(r"l(\d+)_(?!.*(tick|update|catch_up))", symbol[len(prefix) :])
        if table and int(table[1]) < len(layers):
            return LAYERS.format(layers[int(table[1])])
        return MODEL
    if place == "ram":
        return BUFFERS
    if _HARNESS.match(symbol):
        return HARNESS
    return KERNELS if symbol.startswith("tsnn_") else START


def grouped(
    symbols: Mapping[str, tuple[str, int]], place: str, model: str, layers: tuple[str, ...]
) -> dict[str, int]:
    """Bytes of each part in flash or RAM, in the order of `group_of`'s kinds."""
    found: dict[str, int] = {}
    for name, (where, size) in symbols.items():
        if where == place:
            group = group_of(name, place, model, layers)
            found[group] = found.get(group, 0) + size
    order = [
        STATE,
        *(LAYERS.format(name) for name in layers),
        MODEL,
        KERNELS,
        HARNESS,
        BUFFERS,
        START,
    ]
    return {group: found[group] for group in order if group in found}
