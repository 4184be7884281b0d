"""The pack: a quantised network as tables (SPEC.md section 2)."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, Literal

import msgspec
import numpy as np
import numpy.typing as npt

from tinysnn.decision import Decision
from tinysnn.front_end import FrontEnd
from tinysnn.graph import Compare, Op, Reset, ResetTiming
from tinysnn.learn.spec import LearnSpec
from tinysnn.source_map import MapShape, SourceMap

PACK_FORMAT = 1
MAX_PACK_BYTES = 64 << 20
MAX_NEURONS = 65535
"""Row and neuron numbers are u16 on the device and on the wire."""

Bits = Literal[1, 2, 4, 8]
StateBits = Literal[16, 32]
Ints32 = npt.NDArray[np.int32]


class Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Where a block of rows gets its events from."""

    layer: int | None
    """Index of the presynaptic layer; None: the network's input."""
    delay_ticks: int
    """0: this tick's spikes, d: those of d ticks ago (beside `PackedLayer.delays`)."""
    n: int
    """Number of presynaptic units = rows of the block."""
    map: SourceMap | None = None
    """Its feature map, in a layer with kernels (all its sources have one); None: rows."""
    most: int = 1
    """Largest number of spikes of a unit in one tick: the `max_spikes` of the layer."""


class LayerReport(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What quantisation did to a layer.

    Fields with a default came after the first packs: they are left out of the JSON text where they
    are None, so that older packs keep their digest.
    """

    weight_snr_db: float | None
    """10 log10 of weight power over error power; None if the weights are exact."""
    x_low: int
    x_high: int
    """Proven range of what one tick adds, in state units."""
    membrane_low: int | None
    membrane_high: int | None
    """Proven range of the membrane before saturation; None: unbounded (no decay)."""
    rate_float: float | None
    rate_packed: float | None
    """Spikes per neuron and tick on the calibration data, before and after; None: no spikes."""
    saturated: int | None
    """Membrane values at the ends of the state range seen on the calibration data."""
    events_per_tick: float | None = None
    """Mean number of events that enter the layer in a tick of the calibration data."""
    quiet_ticks: float | None = None
    """Part of these ticks, 0..1, in which no event enters the layer."""
    rounding: Literal["compensated"] | None = None
    """How the weights were rounded; None: to nearest."""
    threshold_change: float | None = None
    """Mean factor by which re-tuning raised the thresholds; None: they were not re-tuned."""


class LayerSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Everything about a layer that is not a table.

    Fields with a default came after the first packs, as in `LayerReport`.
    """

    name: str
    op: Op
    n: int
    bits: Bits
    sources: tuple[Source, ...]
    frac_bits: int
    acc_bits: StateBits
    state_bits: StateBits
    reset: Reset | None
    reset_timing: ResetTiming | None
    compare: Compare | None
    may_skip: bool
    spike_value: int
    """Value of a spike event in a layer with graded input; 1 elsewhere."""
    report: LayerReport
    learn: LearnSpec | None = None
    """How the layer learns on the device; None: it does not."""
    shape: MapShape | None = None
    """[channels, height, width] of a layer whose neurons lie [height, width, channels]; its tables
    may have one entry per channel. None: no map."""

    max_spikes: int = 1
    """Spikes of a neuron in one tick at most; above 1 the layer counts."""
    reset_drops_input: bool = False
    """A next-tick reset to zero comes after the tick's input."""
    reset_raised: bool = False
    """A reset takes off the adapted threshold."""

    @property
    def has_kernels(self) -> bool:
        """Whether its weights are kernels of feature maps, and not rows."""
        return any(source.map is not None for source in self.sources)

    @property
    def channels(self) -> int:
        """Length of its tables per channel; n where it is no map."""
        return self.n if self.shape is None else self.shape[0]

    @property
    def fires(self) -> bool:
        """Whether the layer emits spikes."""
        return self.op in ("lif", "cuba_lif")

    @property
    def counts(self) -> bool:
        """Whether a neuron may fire several times in a tick."""
        return self.max_spikes > 1

    def reads_values(self, *, graded_input: bool) -> bool:
        """Whether its events have values: of graded input, or numbers of spikes."""
        given = graded_input and any(source.layer is None for source in self.sources)
        return given or any(source.most > 1 for source in self.sources)

    @property
    def gives_values(self) -> bool:
        """Whether, as the output, it gives values and not the indices of those that fired."""
        return self.counts or not self.fires

    @property
    def has_current(self) -> bool:
        """Whether the layer has a synaptic current."""
        return self.op in ("cuba_lif", "cuba_li")

    @property
    def n_rows(self) -> int:
        """Number of presynaptic units of all sources."""
        return sum(source.n for source in self.sources)


class PackMeta(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The JSON text of a pack."""

    format: int
    name: str
    digest: str
    n_in: int
    input_shape: tuple[int, ...]
    input_scale: float | None
    output: int
    dt_s: float | None
    layers: tuple[LayerSpec, ...]
    calibration: str
    """What the firing rates were measured on, in words; empty: they were not."""
    notes: tuple[str, ...] = ()
    front_end: FrontEnd | msgspec.UnsetType = msgspec.UNSET
    """What makes the network's input of raw samples; left out of the JSON text if there is none."""
    decision: Decision | msgspec.UnsetType = msgspec.UNSET
    """What its outputs mean over time; left out likewise."""


@dataclass(frozen=True, eq=False)
class PackedLayer:
    """A layer's description and tables.

    Tables have length 1 (same for all), n, or one entry per channel of a map.
    """

    spec: LayerSpec
    rows: npt.NDArray[np.int8]
    """[R, n] weights, in weight steps; [0, n] of a layer with kernels."""
    beta: Ints32
    """Q0.16 membrane decay, 0..65536."""
    scale: npt.NDArray[np.float64]
    """[n] real value of one weight step."""
    alpha: Ints32 | None = None
    """Q0.16 current decay, 0..65536; cuba layers."""
    theta: Ints32 | None = None
    """Threshold in state units; firing layers."""
    bias: Ints32 | None = None
    """State units per tick; None: no bias."""
    reset_to: Ints32 | None = None
    """State units; layers with reset `zero`, None: 0."""
    v_init: Ints32 | None = None
    """State units; None: 0."""
    v_min: Ints32 | None = None
    """State units; None: unbounded."""
    rho: Ints32 | None = None
    """Q0.16 decay of the threshold's adaptation; None: not adaptive."""
    jump: Ints32 | None = None
    """State units that a spike adds to it; present if `rho` is."""
    refractory: Ints32 | None = None
    """Ticks; None: none."""
    delays: Ints32 | None = None
    """Further ticks by presynaptic unit of all sources; None: 0. Neither of length 1 nor n."""
    learned: npt.NDArray[Any] | None = None
    """uint8: what a device had learned when this pack was pulled from it (SPEC.md 4.9)."""
    replay: npt.NDArray[Any] | None = None
    """int8 [classes, packed, R + 1]: examples that a head rehearses (SPEC.md 4.5)."""
    nuisance: npt.NDArray[Any] | None = None
    """int8 [directions, R]: what is taken out of examples for prototypes (SPEC.md 4.6)."""
    kernels: tuple[npt.NDArray[np.int8], ...] = ()
    """Weights by source, in weight steps, each `SourceMap.tensor_shape`; empty: rows."""
    _wide: dict[str, npt.NDArray[np.int64]] = field(default_factory=dict, init=False, repr=False)

    @property
    def name(self) -> str:
        """Name of the neuron node in the source file."""
        return self.spec.name

    @property
    def n(self) -> int:
        """Number of neurons."""
        return self.spec.n

    @property
    def is_plain(self) -> bool:
        """Whether its neurons do nothing that came after the first packs."""
        spec = self.spec
        special = spec.counts or spec.reset_drops_input or spec.reset_raised
        tables = (self.v_min, self.rho, self.refractory)
        return not special and all(table is None for table in tables)

    def wide(self, table: str) -> npt.NDArray[np.int64]:
        """A table as int64 [n]; zeros where the layer has none."""
        if table not in self._wide:
            values = getattr(self, table)
            filled = np.zeros(1, np.int64) if values is None else values.astype(np.int64)
            if 1 < filled.size < self.n:
                filled = np.tile(filled, self.n // filled.size)  # channels last
            self._wide[table] = np.broadcast_to(filled, (self.n,))
        return self._wide[table]

    def tables(self) -> dict[str, npt.NDArray[Any]]:
        """All tables present, by name; weights are `rows`, or `kernel0` and so on by source."""
        weights = {f"kernel{s}": kernel for s, kernel in enumerate(self.kernels)}
        hidden = ("spec", "_wide", "kernels", *(["rows"] if weights else []))
        names = [f.name for f in fields(self) if f.name not in hidden]
        found = {name: getattr(self, name) for name in names if getattr(self, name) is not None}
        return {**found, **weights}

    @property
    def n_weights(self) -> int:
        """Number of weights that are stored."""
        return self.rows.size + sum(kernel.size for kernel in self.kernels)


@dataclass(frozen=True, eq=False)
class Pack:
    """A quantised network, ready to be generated, run or saved."""

    meta: PackMeta
    layers: tuple[PackedLayer, ...]

    @property
    def name(self) -> str:
        """Model name: lower-case letters, digits and underscores."""
        return self.meta.name

    @property
    def digest(self) -> str:
        """SHA-256 of everything in the pack, 64 hex digits."""
        return self.meta.digest

    @property
    def graded_input(self) -> bool:
        """Whether input events carry an int8 value."""
        return self.meta.input_scale is not None

    @property
    def front_end(self) -> FrontEnd | None:
        """What makes the network's input of raw samples, if the device is to do that."""
        return None if self.meta.front_end is msgspec.UNSET else self.meta.front_end

    @property
    def decision(self) -> Decision | None:
        """What its outputs mean over time, if the device is to decide."""
        return None if self.meta.decision is msgspec.UNSET else self.meta.decision

    @property
    def output_layer(self) -> PackedLayer:
        """The layer whose spikes or membranes are the output."""
        return self.layers[self.meta.output]

    @property
    def n_out(self) -> int:
        """Width of the output."""
        return self.output_layer.n
