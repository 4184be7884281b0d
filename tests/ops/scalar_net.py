"""A whole network of SPEC.md 1.3 to 1.5 in plain Python: loops, dicts and ints, no numpy."""

from __future__ import annotations

import struct

from tests.ops.scalar import Neuron, after_idle, shifted
from tinysnn.pack import Pack, PackedLayer


def column(table, j: int, default: int = 0) -> int:
    """Entry j of a table that has one entry for all neurons or one each."""
    if table is None:
        return default
    return int(table[0] if len(table) == 1 else table[j])


class ScalarLayer:
    def __init__(self, layer: PackedLayer) -> None:
        spec = layer.spec
        self.layer, self.spec = layer, spec
        self.neurons = [
            Neuron(
                spec.op, spec.state_bits, column(layer.beta, j), column(layer.alpha, j),
                column(layer.theta, j), spec.reset, spec.reset_timing, spec.compare,
                column(layer.reset_to, j), v=column(layer.v_init, j),
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
        for j, neuron in enumerate(self.neurons):
            neuron.v = after_idle(neuron.v, neuron.beta, self.idle, fires=neuron.fires)
            acc = sum(value * int(self.layer.rows[row][j]) for row, value in events)
            neuron.tick(shifted(acc, self.spec.frac_bits) + column(self.layer.bias, j))
        self.idle = 0
        self.hot = int(self._is_hot())

    def _is_hot(self) -> bool:
        if any(neuron.i != 0 for neuron in self.neurons):
            return True
        if not self.spec.fires:
            forgets = any(neuron.beta != 65536 for neuron in self.neurons)
            return forgets and any(neuron.v != 0 for neuron in self.neurons)
        if (self.spec.reset, self.spec.reset_timing) == ("zero", "same-tick"):
            return False
        return any(neuron.s == 1 for neuron in self.neurons)


class ScalarNet:
    def __init__(self, pack: Pack) -> None:
        self.pack = pack
        self.layers = [ScalarLayer(layer) for layer in pack.layers]

    def tick(self, inputs: list[int]) -> list[int]:
        before = [[neuron.s for neuron in layer.neurons] for layer in self.layers]
        for layer in self.layers:
            layer.tick(self._events(layer, inputs, before))
        out = self.layers[self.pack.meta.output]
        return [neuron.s if out.spec.fires else neuron.v for neuron in out.neurons]

    def _events(self, layer, inputs, before):
        graded = self.pack.meta.input_scale is not None and any(
            source.layer is None for source in layer.spec.sources
        )
        events, first = [], 0
        for source in layer.spec.sources:
            if source.layer is None:
                values = inputs
            else:
                now = [neuron.s for neuron in self.layers[source.layer].neurons]
                spikes = before[source.layer] if source.delay_ticks == 1 else now
                values = [s * (layer.spec.spike_value if graded else 1) for s in spikes]
            events += [(first + k, value) for k, value in enumerate(values) if value != 0]
            first += source.n
        return events

    def state(self) -> bytes:
        """The bytes of 1.5: 4-byte fields of all layers, then 2-byte ones."""
        words, halves = b"", b""
        for layer in self.layers:
            neurons, n = layer.neurons, layer.spec.n
            if layer.spec.fires:
                bitmap = [0] * ((n + 31) // 32)
                for j, neuron in enumerate(neurons):
                    bitmap[j // 32] |= neuron.s << ((j % 32) // 2 + 16 * (j % 2))
                words += struct.pack(f"<{len(bitmap)}I", *bitmap)
            if layer.spec.may_skip:
                words += struct.pack("<II", layer.idle, layer.hot)
            arrays = [[neuron.v for neuron in neurons]]
            if layer.spec.op.startswith("cuba"):
                arrays.append([neuron.i for neuron in neurons])
            for values in arrays:
                if layer.spec.state_bits == 32:
                    words += struct.pack(f"<{n}i", *values)
                else:
                    halves += struct.pack(f"<{n + n % 2}h", *values, *[0] * (n % 2))
        return words + halves
