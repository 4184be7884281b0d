"""What a generated model gives to an assembly kernel of neurons: constants and tables."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinysnn.ops.fixed import ONE_Q16
from tinysnn.pack import PackedLayer
from tinysnn.views.helium_neurons import HeliumNeurons, stored_decay, stream
from tinysnn.views.neuron_kernels import HALF_Q16, NeuronsKernel, same
from tinysnn.views.table import Tables, TableView

HALVES = 0x10001
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class NeuronsView:
    """The members of a `tsnn_neurons_t` and the constant of a tick, as C."""

    kernel: str
    n_pairs: int
    decay: str
    theta: str
    reset: str
    tables: str
    constant: str
    """Of type uint32_t; refers to n_events where sums are biased."""


NO_NEURONS = NeuronsView("", 0, "", "", "", "", "")


def view_neurons(
    layer: PackedLayer, kernel: NeuronsKernel, tables: Tables, *, biased: bool
) -> NeuronsView:
    """The view; a table it needs is added to `tables`. `biased`: sums lack something per event."""
    helium = kernel if isinstance(kernel, HeliumNeurons) else None
    values = _stream(layer, kernel) if helium is None else stream(layer, helium)
    values = values[: kernel.period] if kernel.period else values
    name = "NULL"
    if values.size:
        name = f"{tables.prefix}_pairs"
        kinds = [k for k in ("bias", "beta", "theta", "reset") if getattr(kernel, f"{k}_table")]
        doc = f"{', '.join(kinds)} of two neurons per word"
        tables.made.append(TableView("uint32_t", name, tuple(values.tolist()), doc, "hex"))
    beta, theta, reset = (int(layer.wide(k)[0]) for k in ("beta", "theta", "reset_to"))
    v6m = kernel.symbol.endswith("v6m")
    if v6m:
        theta += kernel.compare == "gt"
    decay = beta - ONE_Q16 * kernel.whole if helium is None else stored_decay(layer, helium)
    return NeuronsView(
        kernel=kernel.symbol,
        n_pairs=layer.n // 2 if helium is None else layer.n,
        decay=f"{beta}u" if v6m else _pair(decay),
        theta=f"0x{theta << 16:08X}u" if v6m and not kernel.packed else _pair(theta),
        reset=_pair(reset),
        tables=name,
        constant=_constant(layer, kernel, v6m=v6m, biased=biased),
    )


def _pair(value: int) -> str:
    return f"0x{(value & 65535) * HALVES:08X}u"


def _pairs(values: Ints) -> Ints:
    low = values & 65535
    return low[0::2] | low[1::2] << 16


def _stream(layer: PackedLayer, kernel: NeuronsKernel) -> Ints:
    """The words that the kernel reads, in its order: by steps of `unroll` pairs.

    Where it takes four, it has one table only, whose words follow each other.
    """
    step = min(kernel.unroll, 2)
    v6m = kernel.symbol.endswith("v6m")
    raised = layer.wide("theta") + (v6m and kernel.compare == "gt")
    beta = layer.wide("beta")
    less_one = (beta >= HALF_Q16) & kernel.whole
    parts = {
        "bias": _pairs(layer.wide("bias")),
        "beta": _pairs(np.where(less_one, beta - ONE_Q16, beta)),
        "theta": _pairs(raised),
        "reset": _pairs(layer.wide("reset_to")),
    }
    steps: dict[str, Ints] = {k: v.reshape(-1, step) for k, v in parts.items()}
    if kernel.both_halves:
        steps["beta"] = (2 * beta).reshape(-1, step, 2)
    here = {k: v for k, v in steps.items() if getattr(kernel, f"{k}_table")}
    columns = [_column(here[k], u) for u in range(step) for k in ("bias", "beta") if k in here]
    columns += [here[k] for k in ("theta", "reset") if k in here]
    return np.hstack(columns).ravel() if columns else np.zeros(0, np.int64)


def _column(steps: Ints, u: int) -> Ints:
    """Pair u of every step: one word each, or a word for each neuron; [steps, 1 or 2]."""
    return steps[:, u] if steps.ndim > 2 else steps[:, [u]]


def _constant(layer: PackedLayer, kernel: NeuronsKernel, *, v6m: bool, biased: bool) -> str:
    """What every pair of sums lacks: bias, and per event the offset of biased weights."""
    bits = layer.spec.bits
    offset = 1 << (bits - 1) if bits > 1 else 1
    lacks = offset << layer.spec.frac_bits if biased else 0
    bias = int(layer.wide("bias")[0]) if same(layer.wide("bias")) else 0
    if kernel.packed:
        base = bias + (1 << (15 - kernel.shift_places) if kernel.decay == "shift" else 32768)
        if not kernel.theta_table:
            base -= int(layer.wide("theta")[0]) + (kernel.compare == "gt")
        return _linear(base * HALVES, lacks * HALVES)
    if kernel.constant == "none":
        return "0u"
    if kernel.constant == "rounding":
        return _linear(32768 + (bias << 16), lacks << 16)
    if v6m:
        return _linear(bias * HALVES, lacks * HALVES)
    return f"tsnn_pair({bias} - (int32_t)(n_events * {lacks}u))" if lacks else _pair(bias)


def _linear(base: int, per_event: int) -> str:
    """C of base - n_events * per_event, modulo 2^32."""
    text = f"0x{base & 0xFFFFFFFF:08X}u"
    return f"{text} - (n_events * 0x{per_event & 0xFFFFFFFF:08X}u)" if per_event else text
