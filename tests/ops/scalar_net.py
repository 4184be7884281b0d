"""A whole network of SPEC.md 1.3 to 1.5 in plain Python: loops, dicts and ints, no numpy."""

from __future__ import annotations

import struct
from itertools import product
from typing import Any

from tests.ops.scalar import Neuron, after_idle, shifted
from tinysnn.decision import Decision
from tinysnn.pack import Pack, PackedLayer
from tinysnn.source_map import SourceMap


def column(table, j: int, default: int = 0) -> int:
    """Entry j of a table that has one entry for all neurons or one each."""
    if table is None:
        return default
    return int(table[j % len(table)])  # one for all, one by channel, or one each


def column_of(table, unit: int) -> int:
    """Entry of a table by presynaptic unit."""
    return 0 if table is None else int(table[unit])


def place_in_map(source: SourceMap, unit: int) -> tuple[int, int, int]:
    """(c, y, x) of a unit."""
    channels, height, width = source.shape
    if source.channels_last:
        return unit % channels, unit // channels // width, unit // channels % width
    return unit // (height * width), unit // width % height, unit % width


def pooled(source: SourceMap, at: list[int]) -> list[int] | None:
    """Where a pool moves a place; None: it drops it."""
    if source.pool is None:
        return at
    found = []
    for axis, place in enumerate(at):
        window, inside = divmod(place + source.pool.padding[axis][0], source.pool.stride[axis])
        if inside >= source.pool.kernel[axis] or window >= source.pooled_shape[1 + axis]:
            return None
        found.append(window)
    return found


def add_event(source: Any, kernel: Any, unit: int, value: int, sums: list[int]) -> None:
    """1.6: what one event adds, place by place."""
    if not source.first <= unit < source.first + source.n:
        return
    c, *place = place_in_map(source, unit - source.first)
    at = pooled(source, place)
    out, tall, wide = source.out_shape
    per_group = out // source.groups
    first = c // (source.shape[0] // source.groups) * per_group
    places = product(range(tall), range(wide), range(source.kernel[0]), range(source.kernel[1]))
    for oy, ox, ky, kx in places:
        met = [
            o * source.stride[axis] + k * source.dilation[axis] - source.padding[axis][0]
            for axis, (o, k) in enumerate(((oy, ky), (ox, kx)))
        ]
        for o in range(per_group if met == at else 0):
            sums[(oy * wide + ox) * out + first + o] += value * int(kernel[c][ky][kx][o])


class ScalarLayer:
    def __init__(self, layer: PackedLayer) -> None:
        spec = layer.spec
        self.layer, self.spec = layer, spec
        self.neurons = [
            Neuron(
                spec.op, spec.state_bits, column(layer.beta, j), column(layer.alpha, j),
                column(layer.theta, j), spec.reset, spec.reset_timing, spec.compare,
                column(layer.reset_to, j), v=column(layer.v_init, j), most=spec.max_spikes,
                drops=spec.reset_drops_input, raised=spec.reset_raised,
                v_min=None if layer.v_min is None else column(layer.v_min, j),
                rho=None if layer.rho is None else column(layer.rho, j),
                jump=column(layer.jump, j),
                refractory=None if layer.refractory is None else column(layer.refractory, j),
            )
            for j in range(spec.n)
        ]  # fmt: skip
        self.idle = 0
        self.hot = int(any(neuron.v != 0 for neuron in self.neurons))

    def tick(self, events: list[tuple[int, int]]) -> None:
        """Steps 2 to 9; events are (row, value)."""
        if self.spec.may_skip and not events and self.hot == 0:
            self.idle = min(self.idle + 1, 2**32 - 1)
            for neuron in self.neurons:
                neuron.s = 0
            return
        sums = self._sums(events)
        for j, neuron in enumerate(self.neurons):
            neuron.v = after_idle(neuron.v, neuron.beta, self.idle, fires=neuron.fires)
            if neuron.rho is not None:
                neuron.a = after_idle(neuron.a, neuron.rho, self.idle, fires=False)
            acc = sums[j]
            neuron.tick(shifted(acc, self.spec.frac_bits) + column(self.layer.bias, j))
        self.idle = 0
        self.hot = int(self._is_hot())

    def _sums(self, events: list[tuple[int, int]]) -> list[int]:
        """Step 3: by rows, or as 1.6 says."""
        if not self.spec.has_kernels:
            rows = self.layer.rows
            return [sum(v * int(rows[r][j]) for r, v in events) for j in range(self.spec.n)]
        sums = [0] * self.spec.n
        first = 0
        for source, kernel in zip(self.spec.sources, self.layer.kernels, strict=True):
            for row, value in events:
                if first <= row < first + source.n:
                    add_event(source.map, kernel, row - first, value, sums)
            first += source.n
        return sums

    def _is_hot(self) -> bool:
        if any(neuron.i != 0 for neuron in self.neurons):
            return True
        if not self.spec.fires:
            forgets = any(neuron.beta != 65536 for neuron in self.neurons)
            return forgets and any(neuron.v != 0 for neuron in self.neurons)
        if any(neuron.wait for neuron in self.neurons):
            return True
        if self.layer.rho is not None or self.layer.refractory is not None:
            above = (n.v - n.theta + (n.compare == "ge") > 0 for n in self.neurons)
            if any(above):
                return True
        if (self.spec.reset, self.spec.reset_timing) == ("zero", "same-tick"):
            return False
        return any(neuron.s for neuron in self.neurons)


def bitmap(spikes: list[int]) -> bytes:
    """The words of a `spikes` field."""
    words = [0] * ((len(spikes) + 31) // 32)
    for j, spike in enumerate(spikes):
        words[j // 32] |= spike << ((j % 32) // 2 + 16 * (j % 2))
    return struct.pack(f"<{len(words)}I", *words)


def octets_of(values: list[int]) -> bytes:
    """A field of bytes, padded."""
    return struct.pack(f"<{len(values)}b", *values) + bytes(-len(values) % 4)


class ScalarDecision:
    """Section 6, class by class."""

    def __init__(self, pack: Pack, given: Decision) -> None:
        self.given = given
        self.first = [0] * pack.n_out
        self.second = [0] * pack.n_out
        self.rest, self.found, self.margin = 0, -1, 0

    def tick(self, outputs: list[int]) -> None:
        k, shift = self.given.smooth, self.given.shift
        for c, o in enumerate(outputs):
            x = o * 2**shift if shift >= 0 else (o + 2 ** (-shift - 1)) // 2**-shift
            x = max(-(2**15), min(2**15 - 1, x))
            self.first[c] = self.first[c] - self.first[c] // 2**k + x
            self.second[c] = self.second[c] - self.second[c] // 2**k + self.first[c]
        best = self.second.index(max(self.second))
        before = self.margin
        self.margin = self.second[best] - max(s for c, s in enumerate(self.second) if c != best)
        self.found = -1
        if self.rest:
            self.rest -= 1
        elif self.margin <= before and self.margin >= self.given.thresholds[best]:
            self.found, self.rest = best, self.given.rest_ticks

    def state(self) -> bytes:
        n = len(self.first)
        smoothed = struct.pack(f"<{2 * n}i", *self.first, *self.second)
        return smoothed + struct.pack("<Iii", self.rest, self.found, self.margin)


class ScalarNet:
    def __init__(self, pack: Pack) -> None:
        self.pack = pack
        self.decision = ScalarDecision(pack, pack.decision) if pack.decision else None
        self.layers = [ScalarLayer(layer) for layer in pack.layers]
        self.history: dict[int | None, list[list[int]]] = {
            source: [] for source in (None, *range(len(pack.layers)))
        }

    def tick(self, inputs: list[int]) -> list[int]:
        self.history[None].append(inputs)
        for k, layer in enumerate(self.layers):
            layer.tick(self._events(layer, len(self.history[None]) - 1))
            self.history[k].append([neuron.s for neuron in layer.neurons])
        out = self.layers[self.pack.meta.output]
        outputs = [neuron.s if out.spec.fires else neuron.v for neuron in out.neurons]
        if self.decision is not None:
            self.decision.tick(outputs)
        return outputs

    def _events(self, layer, now: int):
        """Events of the tick `now`: a look into all that has ever been."""
        graded = self.pack.meta.input_scale is not None and any(
            source.layer is None for source in layer.spec.sources
        )
        events, first = [], 0
        for source in layer.spec.sources:
            worth = layer.spec.spike_value if graded and source.layer is not None else 1
            for unit in range(source.n):
                tick = now - source.delay_ticks - column_of(layer.layer.delays, first + unit)
                value = self.history[source.layer][tick][unit] if tick >= 0 else 0
                events += [(first + unit, value * worth)] if value else []
            first += source.n
        return events

    def state(self) -> bytes:
        """The bytes of 1.5: 4-byte fields of all layers, then 2-byte ones."""
        words, halves, octets = self._ring(None)
        for k, layer in enumerate(self.layers):
            neurons, n = layer.neurons, layer.spec.n
            if layer.spec.fires:
                words += bitmap([min(neuron.s, 1) for neuron in neurons])
            if layer.spec.may_skip:
                words += struct.pack("<II", layer.idle, layer.hot)
            arrays = [[neuron.v for neuron in neurons]]
            if layer.spec.op.startswith("cuba"):
                arrays.append([neuron.i for neuron in neurons])
            if layer.layer.rho is not None:
                arrays.append([neuron.a for neuron in neurons])
            for values in arrays:
                if layer.spec.state_bits == 32:
                    words += struct.pack(f"<{n}i", *values)
                else:
                    halves += struct.pack(f"<{n + n % 2}h", *values, *[0] * (n % 2))
            if layer.layer.refractory is not None:
                waits = [neuron.wait for neuron in neurons]
                halves += struct.pack(f"<{n + n % 2}h", *waits, *[0] * (n % 2))
            if layer.spec.max_spikes > 1:
                octets += octets_of([neuron.s for neuron in neurons])
            more = self._ring(k)
            words, octets = words + more[0], octets + more[2]
        return words + (self.decision.state() if self.decision else b"") + halves + octets

    def _ring(self, source: int | None) -> tuple[bytes, bytes, bytes]:
        """The ring of past ticks of a source, by the size of its fields; empty if nobody needs it.

        The ticks are numbered from 1 on, as the slot of the first one is 1.
        """
        longest = 0
        for k, layer in enumerate(self.layers):
            first = 0
            for s in layer.spec.sources:
                units = range(first, first + s.n)
                first += s.n
                delays = [s.delay_ticks + column_of(layer.layer.delays, u) for u in units]
                plain = 1 if s.layer is not None and s.layer >= k else 0
                if s.layer == source and any(delay != plain for delay in delays):
                    longest = max(longest, *delays)
        if longest == 0:
            return b"", b"", b""
        done, slots = self.history[source], longest + 1
        n = self.pack.meta.n_in if source is None else self.layers[source].spec.n
        kept = [[0] * n for _ in range(slots)]
        for tick in range(max(0, len(done) - slots), len(done)):
            kept[(tick + 1) % slots] = done[tick]
        at = struct.pack("<I", len(done) % slots)
        graded = self.pack.meta.input_scale is not None
        if graded if source is None else self.layers[source].spec.max_spikes > 1:
            return at, b"", octets_of([value for tick in kept for value in tick])
        return at + b"".join(bitmap(tick) for tick in kept), b"", b""
