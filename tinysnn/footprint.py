"""Flash that a pack will take on a device, estimated before any C is written.

Counted are the constant tables as the generator lays them out, and an estimate of the code around
them: the wire server with its start-up code once, kernel and neuron update for each layer. The code
is that of the core with most of it, so that images are 70 to 102 % of the estimate (M0+, M3 and M4
with gcc, a test holds them to it). `tinysnn build` shows what the linker says.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from tinysnn.front_end import FrontEnd, LogMel
from tinysnn.pack import PackedLayer

BASE_BYTES = 2700
"""Start-up, wire server, CRC, one UART driver, and what a model has beside its layers."""

WINDOWS_BYTES = 8
"""Entry of the tables that say, for each row and column of a map, which windows cover it."""

AUDIO_BYTES, VIBRATION_BYTES = 4600, 1500
"""Code and tables of a front end, and the server's part for raw samples."""

WINDOWS_CODE_BYTES = 900
"""Assembly and C of a convolution of input values by windows."""

_WIDTHS = {"beta": 4, "alpha": 4, "replay": 1, "nuisance": 1}
"""Bytes of an entry of tables that are not as wide as the state."""

LAYER_BYTES = {8: 700, 4: 1000, 2: 1000, 1: 1300}
"""Code of a layer by the width its weights are stored in."""


def table_bytes(layer: PackedLayer) -> int:
    """Flash of a layer's tables: weight rows in whole words, parameters that differ by neuron."""
    spec = layer.spec
    row_words = -(-spec.n * spec.bits // 32)
    total = kernel_bytes(layer) if spec.has_kernels else spec.n_rows * row_words * 4
    for name, table in layer.tables().items():
        if name in ("rows", "scale", "learned") or name.startswith("kernel") or table.size == 1:
            continue  # a single value is part of the code
        width = _WIDTHS.get(name, spec.state_bits // 8)
        total += -(-table.size * width // 4) * 4
    return total


def kernel_bytes(layer: PackedLayer) -> int:
    """Flash of a layer's kernels, and of the tables that say where a map's events go."""
    maps = [source.map for source in layer.spec.sources if source.map is not None]
    runs = [source.tensor_shape[3] for source in maps]
    packed = layer.spec.acc_bits == 16 and not any(run % 2 for run in runs)
    width = layer.spec.bits if packed else 8
    total = 0
    for source, run in zip(maps, runs, strict=True):
        row = -(-run * width // 32) * 4 if packed else run
        taps = prod(source.tensor_shape[:3])
        total += -(-taps * row // 4) * 4 + WINDOWS_BYTES * sum(source.shape[1:])
    return total


def windows_bytes(layer: PackedLayer) -> int:
    """Flash that a layer of input values takes beyond its kernels if it goes by windows.

    DSP cores multiply values of 16 bits with weights of 16 bits, eight at a time
    (`tinysnn.views.dots`); 0 for layers that have no such form.
    """
    found = layer.spec.sources[0].map
    if found is None or len(layer.spec.sources) > 1 or found.groups > 1 or found.out_channels % 4:
        return 0
    eights = -(-found.shape[0] * prod(found.kernel) // 8)
    return max(16 * eights * found.out_channels - kernel_bytes(layer), 0) + WINDOWS_CODE_BYTES


def flash_bytes(
    layers: Sequence[PackedLayer],
    *,
    front_end: FrontEnd | None = None,
    graded_input: bool = False,
) -> int:
    """Flash of the whole image that serves these layers as one model.

    graded_input: the events of the network's input have values.
    """
    total = BASE_BYTES
    total += sum(table_bytes(layer) + LAYER_BYTES[layer.spec.bits] for layer in layers)
    if graded_input:
        total += sum(windows_bytes(x) for x in layers if x.spec.sources[0].layer is None)
    if front_end is None:
        return total
    return total + (AUDIO_BYTES if isinstance(front_end, LogMel) else VIBRATION_BYTES)
