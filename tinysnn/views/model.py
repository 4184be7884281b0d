"""A model's two files and the image of several models, for the templates."""

from __future__ import annotations

from dataclasses import dataclass

from tinysnn import __version__
from tinysnn.pack import Pack
from tinysnn.state import StateField, state_bytes, state_layout
from tinysnn.views.decide import DecideView, view_decision
from tinysnn.views.dots import DotsKernel
from tinysnn.views.family import family_of
from tinysnn.views.front_end import FrontEndView, view_front_end
from tinysnn.views.graded import GradedKernel
from tinysnn.views.helium import HeliumRows
from tinysnn.views.layer import Kernels, LayerView, SourceView, model_prefix, view_layer
from tinysnn.views.learn import LearnView, view_learn
from tinysnn.views.maps import SettleKernel
from tinysnn.views.neuron_kernels import NeuronsKernel
from tinysnn.views.past import RingView, view_rings
from tinysnn.views.row_kernels import RowsKernel
from tinysnn.views.row_options import AUTO, RowOptions
from tinysnn.views.scatter import ScatterView
from tinysnn.views.sparse import SparseKernel

ABI_VERSION = 2
MIN_PAYLOAD_BYTES = 512
C_TYPES = {"u4": "uint32_t", "i4": "int32_t", "i2": "int16_t", "i1": "int8_t"}
FIELD_DOCS = {
    "spikes": "spikes of the last tick, see tsnn_spike_bit",
    "idle": "ticks skipped since the last update",
    "hot": "1: may not be skipped",
    "v": "membrane",
    "i": "synaptic current",
    "a": "adaptation of the threshold",
    "wait": "ticks to rest after a spike",
    "counts": "numbers of spikes of the last tick",
    "at": "slot of this tick in the ring of past ticks",
    "past": "spikes or values of this tick and those before, by slot",
    "first": "outputs smoothed once",
    "second": "outputs smoothed twice",
    "rest": "ticks in which nothing is decided",
    "found": "class decided in this tick, or -1",
    "margin": "lead of the largest over the next",
}
DECIDE_INITIAL = {"found": "-1", "rest": "0u"}


@dataclass(frozen=True)
class FieldView:
    """A member of the state struct."""

    ctype: str
    name: str
    length: int
    doc: str
    initial: str = "0"
    single: bool = False
    padded: bool = False

    @property
    def dims(self) -> str:
        """The array suffix, empty for a single value."""
        return "" if self.single else f"[{self.length + self.padded}u]"

    @property
    def zero(self) -> bool:
        """Whether it begins at 0, as all bytes of the state do."""
        return self.initial in ("0", "0u")


@dataclass(frozen=True)
class ModelView:
    """A model as its two files need it."""

    generator: str
    abi: int
    name: str
    prefix: str
    upper: str
    digest_short: str
    digest_values: tuple[int, ...]
    n_in: int
    n_out: int
    input_words: str
    output_words: str
    ear: FrontEndView | None
    decide: DecideView | None
    """What it decides from its outputs; None: nothing."""
    flags: str
    state_bytes: int
    state: tuple[FieldView, ...]
    work: tuple[FieldView, ...]
    layers: tuple[LayerView, ...]
    output: LayerView
    output_values: str
    """C of the value of output neuron j; empty: the output is who fired."""
    rings: tuple[RingView, ...]
    core: str
    events_kernel: str
    """The assembly that lists who fired; empty: C."""
    events_template: str
    rows_kernels: tuple[RowsKernel | HeliumRows, ...]
    sparse_kernels: tuple[SparseKernel, ...]
    graded_kernels: tuple[GradedKernel, ...]
    maps_kernels: tuple[SettleKernel, ...]
    dots_kernels: tuple[DotsKernel, ...]
    neurons_kernels: tuple[NeuronsKernel, ...]
    learn: LearnView | None
    """What the model learns; None: nothing."""

    @property
    def plastic(self) -> tuple[LayerView, ...]:
        """The layers that learn."""
        return tuple(layer for layer in self.layers if layer.learn is not None)

    @property
    def has_assembly(self) -> bool:
        """Whether the model calls functions in a file of assembly."""
        return bool(self.kernels or self.events_kernel)

    @property
    def kernels(self) -> Kernels:
        """All functions of the model's file of assembly but the one that lists who fired."""
        rows = (*self.rows_kernels, *self.sparse_kernels, *self.graded_kernels)
        return (*rows, *self.maps_kernels, *self.dots_kernels, *self.neurons_kernels)


@dataclass(frozen=True)
class SlotView:
    """A model of an image."""

    prefix: str
    ear: str
    """C text: address of its front end's memory."""


@dataclass(frozen=True)
class ImageView:
    """The models of one image and the sizes of its buffers."""

    generator: str
    prefixes: tuple[str, ...]
    slots: tuple[SlotView, ...]
    ears: tuple[str, ...]
    """Prefixes of the front ends."""
    n_in: int
    n_in_values: int
    n_out_spikes: int
    n_out_values: int
    n_samples: int
    """Lengths of buffers; at least 1, C knows no empty arrays."""
    max_payload: int
    learns: bool
    """Whether any of the models does."""


def view_model(pack: Pack, core: str, options: RowOptions = AUTO) -> ModelView:
    """A pack for the templates, with kernels chosen for a core."""
    layers = tuple(view_layer(pack, k, core, options) for k in range(len(pack.layers)))
    graded, values = pack.graded_input, pack.output_layer.spec.gives_values
    flags = [("TSNN_FLAG_GRADED_INPUT", graded), ("TSNN_FLAG_VALUE_OUTPUT", values)]
    flags.append(("TSNN_FLAG_DECIDES", pack.decision is not None))
    prefix = model_prefix(pack)
    family = family_of(core)
    listed = family is not None and any(_lists_spikes(layer) for layer in layers)
    kernels = {k.symbol: k for layer in layers for k in layer.kernels}.values()
    return ModelView(
        generator=__version__,
        abi=ABI_VERSION,
        name=pack.name,
        prefix=prefix,
        upper=prefix.upper(),
        digest_short=pack.digest[:16],
        digest_values=tuple(bytes.fromhex(pack.digest)),
        n_in=pack.meta.n_in,
        n_out=pack.n_out,
        input_words="events with an int8 value" if graded else "spikes",
        ear=view_front_end(f"{prefix}_ear", pack),
        output_words=_output_words(pack),
        decide=view_decision(prefix, pack),
        flags=" | ".join(flag for flag, wanted in flags if wanted) or "0u",
        state_bytes=state_bytes(pack),
        state=_state_fields(pack, layers),
        work=_work_fields(layers),
        layers=layers,
        output=layers[pack.meta.output],
        output_values=_output_values(pack),
        rings=view_rings(pack),
        core=core,
        events_kernel=f"tsnn_list_{family}" if listed else "",
        events_template=f"ops/events_{family}.S.jinja" if listed else "",
        rows_kernels=tuple(k for k in kernels if isinstance(k, RowsKernel | HeliumRows)),
        sparse_kernels=tuple(k for k in kernels if isinstance(k, SparseKernel)),
        graded_kernels=tuple(k for k in kernels if isinstance(k, GradedKernel)),
        maps_kernels=tuple(k for k in kernels if isinstance(k, SettleKernel)),
        dots_kernels=tuple(k for k in kernels if isinstance(k, DotsKernel)),
        neurons_kernels=tuple(k for k in kernels if isinstance(k, NeuronsKernel)),
        learn=view_learn(pack, tuple(layer.learn for layer in layers)),
    )


def _lists_spikes(layer: LayerView) -> bool:
    return any(not source.is_input for source in layer.sources)


def _output_values(pack: Pack) -> str:
    spec, k = pack.output_layer.spec, pack.meta.output
    if not spec.gives_values:
        return ""
    return f"st->l{k}_counts[j]" if spec.counts else f"st->l{k}_v[j]"


def _output_words(pack: Pack) -> str:
    spec = pack.output_layer.spec
    if not spec.gives_values:
        return "spikes, in index"
    return "numbers of spikes, in value" if spec.counts else "membranes, in value"


def _state_fields(pack: Pack, layers: tuple[LayerView, ...]) -> tuple[FieldView, ...]:
    return tuple(_state_field(pack, layers, entry) for entry in state_layout(pack))


def _state_field(pack: Pack, layers: tuple[LayerView, ...], entry: StateField) -> FieldView:
    initial, ctype = "0u" if entry.dtype[0] == "u" else "0", C_TYPES[entry.dtype]
    single = entry.kind in ("idle", "hot", "at", "rest", "found", "margin")
    if entry.decides:
        doc, initial = f"decision: {FIELD_DOCS[entry.kind]}", DECIDE_INITIAL.get(entry.kind, "0")
        return FieldView(ctype, entry.name, entry.count, doc, initial, single)
    if entry.layer is None:
        doc = f"input: {FIELD_DOCS[entry.kind]}"
        return FieldView(ctype, entry.name, entry.count, doc, initial, single)
    layer, doc = pack.layers[entry.layer], f"layer {entry.layer}: {FIELD_DOCS[entry.kind]}"
    if entry.kind == "v":
        initial = layers[entry.layer].cell.v_init.replace("int32_t", ctype)
    elif entry.kind == "hot":
        initial = f"{int(layer.wide('v_init').any())}u"
    padded = entry.kind in ("v", "i", "a", "wait") and entry.count > layer.n
    length = layer.n if padded else entry.count
    return FieldView(ctype, entry.name, length, doc, initial, single, padded)


def _work_fields(layers: tuple[LayerView, ...]) -> tuple[FieldView, ...]:
    wanted = {
        "work_sums32": ("int32_t", "sums of one layer's tick"),
        "work_pairs": ("uint32_t", "the same in 16 bits, two neurons per word"),
        "work_events": ("uint16_t", "rows active in a layer's tick"),
        "work_values": ("int8_t", "their values"),
        "work_list": ("uint32_t", "rows and values of a layer's tick"),
        "work_inputs": ("uint32_t", "map of a tick's values, two per word; then one window of it"),
        "work_late": ("uint32_t", "spikes of a source whose units are read some ticks late"),
        "work_late_values": ("int8_t", "their values"),
    }
    lengths = dict.fromkeys(wanted, 0)
    for layer in layers:
        lengths[layer.rows.sums] = max(lengths[layer.rows.sums], layer.rows.sums_length)
        for scattered in layer.maps:
            _make_room(lengths, layer.sources[scattered.index], scattered)
        if layer.dots is not None:
            room = layer.dots.input_words + layer.dots.window_words
            lengths["work_inputs"] = max(lengths["work_inputs"], room)
        elif layer.maps:
            pass  # events are listed a few at a time
        elif not layer.direct_input or layer.fallback is not None:
            lengths["work_events"] = max(lengths["work_events"], layer.n_rows)
            if layer.graded:
                lengths["work_values"] = max(lengths["work_values"], layer.n_rows)
        if layer.graded and layer.rows.kernel:
            lengths["work_list"] = max(lengths["work_list"], layer.n_rows)
        for source in layer.sources:
            for name, room in (
                ("work_late", source.late.work_words),
                ("work_late_values", source.late.work_values),
            ):
                lengths[name] = max(lengths[name], room)
    return tuple(
        FieldView(ctype, name, max(lengths[name], 2), doc)
        for name, (ctype, doc) in wanted.items()
        if lengths[name]
    )


def _make_room(lengths: dict[str, int], source: SourceView, scattered: ScatterView) -> None:
    """Room for the list of a feature map's events: some words of spikes, or all its values."""
    if source.is_input:
        return
    room = source.n if source.late.values else scattered.list_words * 32
    lengths["work_events"] = max(lengths["work_events"], room)
    if source.late.values or scattered.counts:
        lengths["work_values"] = max(lengths["work_values"], room)


def view_image(packs: list[Pack]) -> ImageView:
    """The image of some packs; buffers fit the largest of them."""
    return ImageView(
        generator=__version__,
        prefixes=tuple(model_prefix(pack) for pack in packs),
        ears=tuple(f"{model_prefix(pack)}_ear" for pack in packs if pack.front_end),
        slots=tuple(_slot(pack) for pack in packs),
        n_samples=max([1, *(p.front_end.samples_per_tick for p in packs if p.front_end)]),
        n_in=max(pack.meta.n_in for pack in packs),
        n_in_values=max([1, *(pack.meta.n_in for pack in packs if pack.graded_input)]),
        n_out_spikes=max([1, *(p.n_out for p in packs if not p.output_layer.spec.gives_values)]),
        n_out_values=max([1, *(p.n_out for p in packs if p.output_layer.spec.gives_values)]),
        learns=any(layer.spec.learn is not None for pack in packs for layer in pack.layers),
        max_payload=max([MIN_PAYLOAD_BYTES, *(_payload_bytes(pack) for pack in packs)]),
    )


def _slot(pack: Pack) -> SlotView:
    prefix = model_prefix(pack)
    return SlotView(prefix, f"&{prefix}_ear" if pack.front_end else "NULL")


def _payload_bytes(pack: Pack) -> int:
    """Longest request or response of a single tick (SPEC.md 3.3), to a multiple of 4."""
    request = 7 + 1 + 2 + pack.meta.n_in * (3 if pack.graded_input else 2)
    if pack.front_end:
        request = max(request, 7 + 1 + 2 * pack.front_end.samples_per_tick)
    outputs = 4 * pack.n_out if pack.output_layer.spec.gives_values else 2 + 2 * pack.n_out
    decided = 6 if pack.decision else 0
    return -(-max(request, 7 + 1 + 13 + outputs + decided) // 4) * 4
