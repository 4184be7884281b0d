"""The kernels of a layer as C: where an event of a feature map goes, and how it adds (SPEC.md 1.6).

An event at (channel, y, x) meets, along each axis, a run of windows: as the window moves on by one
place, the weight it sees moves back by some. Kernels are stored so that both go forward, and a
table for each axis says where they begin and how many there are. What lies between the event and
the kernel (a pool that only moves it) is in the tables, too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from tinysnn.pack import PackedLayer
from tinysnn.source_map import SourceMap
from tinysnn.views.axis import AxisTaps, axis_taps
from tinysnn.views.quotient import quotient, remainder
from tinysnn.views.rows import pack_rows
from tinysnn.views.table import TableView

Ints = npt.NDArray[np.int64]
Form = Literal["pairs", "lanes", "wide"]
"""How sums are kept: two biased 16-bit ones in a word, to which whole words are added; 16 bits, or
32 bits, added one by one."""
UNROLLED = 4
"""Words of weights that are added without a loop."""
WINDOWS_BYTES = 8
"""Size of a `tsnn_windows_t`."""
LIST_WORDS = 8
"""Words of a source's spikes that are listed at a time, so that the list is short."""


@dataclass(frozen=True)
class PairText:
    """Where a pair of sums is, and how its weights come out of a word."""

    index: int
    text: str


@dataclass(frozen=True)
class ScatterView:
    """What ops/scatter.c.jinja needs of one source."""

    index: int
    form: Form
    n_words: int
    list_words: int
    guard: str
    """C condition of units that are not in the map; empty: all are."""
    unit: str
    channel: str
    place: str
    y: str
    x: str
    weights: str
    """C text of the first weight of an event's run of windows, an index of the table."""
    sums: str
    """The same of the first sum."""
    weights_type: str
    sums_type: str
    sums_name: str
    kernel: TableView
    down: AxisTable
    right: AxisTable
    line_weights: int
    """From one row of a kernel to the next, in entries of the table."""
    line_sums: int
    place_weights: int
    place_sums: int
    channels: int
    """That an event adds to at each place."""
    whole: int
    """Words of a place with all their pairs, in a loop if there are more than a few."""
    pairs: tuple[PairText, ...]
    """Of one word, or of all words of a place where these are few."""
    rest: tuple[PairText, ...]
    """Of the last word, if the others are in a loop and it is not like them."""
    half_mask: str
    excess: str
    spike_value: int
    """Value of a spike, 0: 1 and no multiplication."""
    valued: bool
    """Events have values: of graded input, or numbers of spikes."""
    counts: str
    """Where these numbers are, as C; empty for other sources."""
    """Events come with values."""


@dataclass(frozen=True)
class AxisTable:
    """Where the windows of an axis begin: for each place of the source's map."""

    symbol: str
    entries: tuple[tuple[int, int, int], ...]
    """First weight, first sum, number of windows."""
    doc: str

    @property
    def length(self) -> int:
        """Number of places."""
        return len(self.entries)


def sums_form(layer: PackedLayer, *, graded: bool) -> Form:
    """How the layer's sums are kept: the same for all its sources."""
    if graded or layer.spec.acc_bits != 16:
        return "wide"
    even = all(
        source.map is not None and source.map.tensor_shape[3] % 2 == 0
        for source in layer.spec.sources
    )
    return "pairs" if even else "lanes"


def view_scatter(
    layer: PackedLayer, s: int, prefix: str, *, graded: bool, graded_input: bool
) -> ScatterView:
    """The view of one source of a layer with kernels."""
    source, form = layer.spec.sources[s], sums_form(layer, graded=graded)
    found = source.map
    assert found is not None  # the rules see to it
    per_word = 32 // layer.spec.bits if form == "pairs" else 1
    channels = found.tensor_shape[3]
    row = -(-channels // per_word)
    down, right = axis_taps(found, 0), axis_taps(found, 1)
    kernel = layer.kernels[s][:, down.order][:, :, right.order]
    unit_sums = 2 if form == "pairs" else 1
    out_channels, _, wide = found.out_shape
    line_sums = down.step * wide * out_channels // unit_sums
    place_sums = right.step * out_channels // unit_sums
    words = [
        PairText(word * per_word // 2 + pair.index, pair.text.replace("word", f"weights[{word}]"))
        for word in range(row)
        for pair in _pairs(layer.spec.bits, min(channels - word * per_word, per_word))
    ]
    few = row <= UNROLLED
    whole = row if few else channels // per_word
    left = channels - whole * per_word
    limit = max(source.n, 1)
    return ScatterView(
        index=s,
        form=form,
        n_words=-(-source.n // 32),
        list_words=min(LIST_WORDS, -(-source.n // 32)),
        guard=f"unit >= {found.n}u" if found.n < source.n else "",
        unit=f"(uint32_t)*event - {found.first}u" if found.first else "*event",
        channel=_channel(found, limit),
        place=_place(found, limit),
        y=quotient("place", found.shape[2], limit),
        x=remainder("place", found.shape[2], limit),
        weights=_sum_text(
            _times("channel", found.kernel[0] * found.kernel[1] * row, found.shape[0]),
            "down->weights",
            "right->weights",
        ),
        sums=_sum_text("down->sums", "right->sums", _group_text(found, channels // unit_sums)),
        weights_type="uint32_t" if form == "pairs" else "int8_t",
        sums_type={"pairs": "uint32_t", "lanes": "tsnn_lane_t", "wide": "int32_t"}[form],
        sums_name="work_sums32" if form == "wide" else "work_pairs",
        kernel=_kernel_table(kernel, layer, form, f"{prefix}_kernel{s}"),
        down=_axis_table(
            f"{prefix}_down{s}",
            down,
            found.kernel[1] * row,
            wide * out_channels // unit_sums,
            "row",
        ),
        right=_axis_table(f"{prefix}_right{s}", right, row, out_channels // unit_sums, "column"),
        line_weights=found.kernel[1] * row,
        line_sums=line_sums,
        place_weights=row,
        place_sums=place_sums,
        channels=channels,
        whole=whole,
        pairs=tuple(words) if few else _pairs(layer.spec.bits, per_word),
        rest=() if few or not left else _pairs(layer.spec.bits, left),
        half_mask=f"0x{_half_mask(layer.spec.bits):08X}u",
        excess=f"0x{_excess(layer.spec.bits) * 0x10001:08X}u",
        spike_value=layer.spec.spike_value if graded and source.layer is not None else 0,
        valued=graded_input if source.layer is None else source.most > 1,
        counts=f"st->l{source.layer}_counts" if source.most > 1 else "",
    )


def _axis_table(symbol: str, taps: AxisTaps, tap: int, place: int, what: str) -> AxisTable:
    entries = zip(taps.first_tap * tap, taps.first_place * place, taps.count, strict=True)
    doc = f"by {what} of the source's map: first weight, first sum, windows that cover it"
    return AxisTable(symbol, tuple((int(a), int(b), int(c)) for a, b, c in entries), doc)


def _kernel_table(
    kernel: npt.NDArray[np.int8], layer: PackedLayer, form: Form, symbol: str
) -> TableView:
    bits, channels = layer.spec.bits, kernel.shape[3]
    sides = f"{kernel.shape[0]} channels of {kernel.shape[1]} x {kernel.shape[2]} places"
    if form != "pairs":
        doc = f"weights of {bits} bits in bytes, {sides} of {channels}"
        return TableView("int8_t", symbol, tuple(kernel.ravel().tolist()), doc)
    words = pack_rows(kernel.reshape(-1, channels), bits, signed=False)
    doc = f"weights of {bits} bits, {sides} of {words.shape[1]} words of {32 // bits} neurons"
    return TableView("uint32_t", symbol, tuple(words.ravel().tolist()), doc, "hex")


def _half_mask(bits: int) -> int:
    """The weights of a pair in a word; of one bit, twice, since they count half steps."""
    return (((1 << bits) - 1) << (bits == 1)) * 0x10001


def _excess(bits: int) -> int:
    """What a stored weight is too large by."""
    return 1 if bits == 1 else 1 << (bits - 1)


def _pairs(bits: int, channels: int) -> tuple[PairText, ...]:
    found = []
    for pair in range(min(channels, 32 // bits) // 2):
        shift = pair * bits - (bits == 1)
        moved = f"(word >> {shift})" if shift > 0 else "(word << 1)" if shift < 0 else "word"
        found.append(PairText(pair, f"({moved} & half)"))
    return tuple(found)


def _channel(source: SourceMap, limit: int) -> str:
    channels, height, width = source.shape
    if source.channels_last:
        return remainder("unit", channels, limit)
    return quotient("unit", height * width, limit)


def _place(source: SourceMap, limit: int) -> str:
    channels, height, width = source.shape
    if source.channels_last:
        return quotient("unit", channels, limit)
    return remainder("unit", height * width, limit)


def _group_text(source: SourceMap, per_group: int) -> str:
    if source.groups == 1:
        return "0u"
    inner = source.shape[0] // source.groups
    return _times(quotient("channel", inner, source.shape[0]), per_group, source.groups)


def _times(name: str, factor: int, limit: int) -> str:
    if limit == 1 or name == "0u":
        return "0u"
    return name if factor == 1 else f"({name} * {factor}u)"


def _sum_text(*terms: str) -> str:
    return " + ".join(term for term in terms if term != "0u") or "0u"
