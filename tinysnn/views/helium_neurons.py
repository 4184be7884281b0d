"""Neurons of a layer for the Helium kernels: whether they suit, and what differs between them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinysnn.ops.fixed import ONE_Q16
from tinysnn.pack import PackedLayer
from tinysnn.views.neuron_kernels import HALF_Q16, NeuronsKernel, same

MOST_DOWN = 15
"""Places that sums can be shifted right."""
MIN16, MAX16 = -(1 << 15), (1 << 15) - 1


@dataclass(frozen=True)
class HeliumNeurons(NeuronsKernel):
    """An update of firing neurons with 16-bit membranes, eight at a time."""

    wide: bool
    """Sums are 32 bits each; else 16."""
    up: int
    """Places by which wide sums are shifted left."""
    down: int
    """Places by which sums are shifted right and rounded."""
    mixed: str
    """Decays below 1/2 and others: how one that is stored less 1 compares with 0, else empty."""


def suits_neurons(layer: PackedLayer) -> bool:
    """Whether the update can be used for a layer."""
    spec, beta, theta = layer.spec, layer.wide("beta"), layer.wide("theta")
    lowest = 0 if spec.reset == "subtract" else MIN16
    return (
        layer.is_plain
        and spec.op == "lif"
        and spec.state_bits == 16
        and spec.frac_bits >= -MOST_DOWN
        and spec.reset_timing == "same-tick"
        and _mixed(beta) is not None
        and bool((theta >= lowest).all() and (theta <= MAX16).all())
    )


def _mixed(beta: npt.NDArray[np.int64]) -> str | None:
    """`HeliumNeurons.mixed`; None if 0 and 1, which are both stored as 0, are there."""
    if (beta >= HALF_Q16).all() or (beta < HALF_Q16).all():
        return ""
    if not (beta == ONE_Q16).any():
        return "lt"
    return None if (beta == 0).any() else "le"


def _decay(beta: npt.NDArray[np.int64]) -> str:
    first = int(beta[0])
    if not same(beta):
        return "mul"
    if first in (0, ONE_Q16):
        return "zero" if first == 0 else "one"
    return "mul" if first % 2 else "half"


def neurons_of(
    layer: PackedLayer, equation: str, *, biased: bool = False, wide: bool = False
) -> HeliumNeurons:
    """The update for a layer.

    Parameters
    ----------
    biased: sums lack a multiple of the number of events.
    wide: sums are 32 bits each and in weight steps.

    """
    spec, beta, bias = layer.spec, layer.wide("beta"), layer.wide("bias")
    decay = _decay(beta)
    whole = decay == "mul" and bool((beta >= HALF_Q16).all())
    tables = {
        "beta": not same(beta),
        "bias": not same(bias),
        "theta": not same(layer.wide("theta")),
        "reset": spec.reset == "zero" and not same(layer.wide("reset_to")),
    }
    constant = "pair" if biased or (bias.any() and not tables["bias"]) else "none"
    listed = "_".join(name for name, wanted in tables.items() if wanted)
    mixed = _mixed(beta) or ""
    kind = [decay + "w" * whole + mixed, str(spec.compare), str(spec.reset)]
    up, down = spec.frac_bits * wide * (spec.frac_bits > 0), max(-spec.frac_bits, 0)
    sums = "wide" * wide + (f"up{up}" if up else f"down{down}" if down else "")
    marks = [*kind, listed, "pair" * (constant == "pair"), sums, "helium"]
    return HeliumNeurons(
        template="ops/lif_helium.S.jinja",
        symbol="tsnn_lif_" + "_".join(mark for mark in marks if mark),
        equation=equation,
        decay=decay,
        whole=whole,
        shift_places=0,
        shift_mask=0,
        shift_round=0,
        packed=False,
        compare=str(spec.compare),
        reset=str(spec.reset),
        reset_pair="",
        reset_high="",
        saturates=True,
        beta_table=tables["beta"],
        bias_table=tables["bias"],
        theta_table=tables["theta"],
        reset_table=tables["reset"],
        constant=constant,
        constant_register="",
        reset_register="",
        zero_register="",
        unroll=4,
        period=0,
        both_halves=False,
        mixed=mixed,
        wide=wide,
        up=up,
        down=down,
    )


def stored_decay(layer: PackedLayer, kernel: HeliumNeurons) -> int:
    """The decay as the kernel wants it."""
    beta = int(layer.wide("beta")[0])
    return beta // 2 if kernel.decay == "half" else beta - ONE_Q16 * kernel.whole


def stream(layer: PackedLayer, kernel: HeliumNeurons) -> npt.NDArray[np.int64]:
    """The words of what differs from neuron to neuron: eight of each in turn, as it is needed."""
    values = {
        "bias": layer.wide("bias"),
        "beta": layer.wide("beta") - ONE_Q16 * kernel.whole,
        "theta": layer.wide("theta"),
        "reset": layer.wide("reset_to"),
    }
    here = [v for name, v in values.items() if getattr(kernel, f"{name}_table")]
    if not here:
        return np.zeros(0, np.int64)
    padded = np.zeros((len(here), -(-layer.n // 8) * 8), np.int64)
    padded[:, : layer.n] = here
    halves = padded.reshape(len(here), -1, 8).swapaxes(0, 1).reshape(-1, 2) & 65535
    return np.asarray(halves[:, 0] | halves[:, 1] << 16)
