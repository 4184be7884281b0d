"""What an evaluation found, clip by clip and in sum, and its file."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec
import numpy as np
import numpy.typing as npt

from tinysnn.errors import StimulusError

EVALUATION_FORMAT = 1
MAX_BYTES = 256 << 20
"""A file larger than this is refused before it is parsed."""


class Place(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a device first left the reference; see `tinysnn.compare.Divergence`."""

    tick: int
    layer: str | None
    field: str
    neuron: int | None
    expected: int
    got: int
    text: str
    """The same as one line for people."""


class ClipResult(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One clip."""

    clip: int
    """Position in the data set, from 0."""
    name: str
    label: int | None
    prediction: int
    ticks: int
    count: int | None
    """Instructions (or what the runner counts) of all ticks; None where nothing counts."""
    effective_acs: int
    """Additions of a weight that is not 0, for spikes."""
    effective_macs: int
    """The same for events with a value: multiplications."""
    spikes: tuple[int, ...]
    """Spikes of each layer; 0 for layers that do not fire."""
    divergence: Place | None = None
    """None: the device did exactly what the reference does."""


class LayerFacts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One layer of the pack, and what it did."""

    name: str
    n: int
    n_rows: int
    bits: int
    fires: bool
    rate: float | None
    """Spikes per neuron and tick on these clips."""
    table_bytes: int
    state_bytes: int


class SynapticOperations(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """NeuroBench's counts, mean per clip."""

    Effective_MACs: float
    Effective_ACs: float
    Dense: float


class NeuroBench(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Metrics under the names that NeuroBench gives them."""

    footprint: int
    """Bytes of tables and state."""
    connection_sparsity: float
    """Part of the weights that are 0."""
    activation_sparsity: float
    """1 less spikes per firing neuron and tick."""
    synaptic_operations: SynapticOperations
    classification_accuracy: float | None


class Memory(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the linked image holds."""

    flash_bytes: int
    ram_bytes: int
    stack_bytes: int | None
    board_flash_bytes: int
    board_ram_bytes: int
    sections: dict[str, int]
    symbols: dict[str, tuple[Literal["flash", "ram"], int]]
    """Where each function or object lies, and its bytes."""


class Device(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What ran the clips."""

    runner: str
    board: str
    core: str
    compiler: str
    clock_hz: int
    count_kind: str | None
    memory: Memory | None
    """None where no image was built (host, serial)."""


class Example(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The input of one clip, so that a report can show what the network does with it."""

    clip: int
    n_ticks: int
    tick: list[int]
    index: list[int]
    value: list[int]


class Evaluation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A pack on a data set."""

    format: int
    tinysnn: str
    """Version of tinysnn."""
    pack: str
    """Name of the model."""
    digest: str
    dt_s: float | None
    dataset: str
    split: str
    source: str
    """Where the clips come from, in words."""
    classes: tuple[str, ...]
    device: Device
    accuracy: float | None
    """0..1; None: the clips have no labels."""
    accuracy_interval: tuple[float, float] | None
    """Wilson interval of 95 %: what the number of clips leaves open."""
    confusion: tuple[tuple[int, ...], ...]
    """[label][prediction] clips."""
    mismatches: int
    """Clips in which the device differs from the reference."""
    first_divergence: int | None
    """Number of the first such clip."""
    counts_per_clip: float | None
    instructions_per_tick: float | None
    neurobench: NeuroBench
    layers: tuple[LayerFacts, ...]
    profile: dict[str, int]
    """Instructions by function, most first; empty where the runner does not say."""
    example: Example | None
    clips: tuple[ClipResult, ...]


def wilson(right: int, total: int, z: float = 1.96) -> tuple[float, float]:
    """Interval of a proportion, 95 % for the default z (Wilson 1927)."""
    share, square = right / total, z * z / total
    middle = (share + square / 2) / (1 + square)
    half = z / (1 + square) * (share * (1 - share) / total + square / (4 * total)) ** 0.5
    return max(0.0, middle - half), min(1.0, middle + half)


def confusion(labels: list[int], predictions: list[int], n: int) -> npt.NDArray[np.int64]:
    """[label, prediction] counts, int64 ``[n, n]``."""
    table = np.zeros((n, n), np.int64)
    np.add.at(table, (labels, predictions), 1)
    return table


def load_evaluation(path: Path) -> Evaluation:
    """Read and check the JSON of an evaluation.

    Raises
    ------
    StimulusError: no such file, too large, or no evaluation of this format.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise StimulusError(f"cannot be read ({error.strerror})", where=str(path)) from error
    if len(data) > MAX_BYTES:
        raise StimulusError(f"is larger than {MAX_BYTES >> 20} MB", where=str(path))
    try:
        found = msgspec.json.decode(data, type=Evaluation)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise StimulusError(
            f"is no evaluation ({error})",
            where=str(path),
            fix="Make one: tinysnn evaluate PACK ... --json FILE",
        ) from error
    _check(found, str(path))
    return found


def _check(found: Evaluation, where: str) -> None:
    n = len(found.classes)
    if found.format != EVALUATION_FORMAT:
        raise StimulusError(f"has format {found.format}, not {EVALUATION_FORMAT}", where=where)
    if len(found.confusion) not in (0, n) or any(len(row) != n for row in found.confusion):
        raise StimulusError("has a confusion matrix of another size than its classes", where=where)
    if found.first_divergence is not None and not 0 <= found.first_divergence < len(found.clips):
        raise StimulusError("names a clip that it does not hold", where=where)
    if not found.clips:
        raise StimulusError("holds no clips", where=where)
