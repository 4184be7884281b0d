"""Choices of the packer, and whether they make sense for a network."""

from __future__ import annotations

from typing import Literal

import msgspec

from tinysnn.errors import OptionError
from tinysnn.forms import Form
from tinysnn.graph import Graph
from tinysnn.pack import Bits

WIDTHS: tuple[Bits, ...] = (8, 4, 2, 1)
Rounding = Literal["nearest", "compensated"]


class PackOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Choices of the packer."""

    name: str | None = None
    """Model name in C; made from the graph's name if None."""
    bits: Bits | Literal["auto"] = 8
    """Weight width of all layers; auto: of each layer so that the loss on the calibration clips is
    least within `budget_flash`."""
    layer_bits: dict[str, Bits] = {}
    """Weight width by layer name, where it differs."""
    budget_flash: int | None = None
    """Bytes of flash for the model's tables and code (`tinysnn.footprint`), for automatic bits."""
    rounding: Rounding | None = None
    """None: compensated for layers of less than 8 bits if there are calibration clips."""
    tune_thresholds: bool = True
    """Re-tune the thresholds of layers with compensated rounding, where it lowers the loss."""
    state_bits: int | None = None
    """16 or 32 for all layers; None: 16 where the range proof allows it, else 32."""
    convolution: Form = "auto"
    """Store convolutions and pooling as kernels or, where these are not too large, as matrices;
    auto: what takes fewer instructions, kernels where a matrix would not be small."""
    allow_silent: tuple[str, ...] = ()
    """Layers that may fall silent by quantisation."""

    def compensates(self, bits: Bits) -> bool:
        """Whether weights of this width get compensated rounding, given calibration clips."""
        return self.rounding == "compensated" or (self.rounding is None and bits < 8)


def check_options(options: PackOptions, graph: Graph, *, calibrated: bool) -> None:
    """Refuse what is no choice.

    Raises
    ------
    OptionError: a width that does not exist, a layer that is not there, or choices that need
        calibration clips or each other.

    """
    uniform = () if options.bits == "auto" else (options.bits,)
    for bits in (*uniform, *options.layer_bits.values()):
        if bits not in WIDTHS:
            raise OptionError(f"{bits} bits per weight", fix="Use 8, 4, 2 or 1")
    if options.state_bits not in (None, 16, 32):
        raise OptionError(f"{options.state_bits} state bits", fix="Use 16 or 32")
    if options.convolution not in ("auto", "kernel", "matrix"):
        raise OptionError(
            f"{options.convolution!r} is no form of a convolution",
            fix="Use 'auto', 'kernel' or 'matrix'",
        )
    if options.rounding not in (None, "nearest", "compensated"):
        raise OptionError(
            f"{options.rounding!r} is no rounding", fix="Use 'nearest' or 'compensated'"
        )
    _check_names(options, graph)
    _check_needs(options, calibrated=calibrated)


def _check_names(options: PackOptions, graph: Graph) -> None:
    names = {layer.name for layer in graph.layers}
    for name in (*options.layer_bits, *options.allow_silent):
        if name not in names:
            raise OptionError(
                f"no layer {name!r}", fix=f"The layers are {', '.join(sorted(names))}"
            )


def _check_needs(options: PackOptions, *, calibrated: bool) -> None:
    give = "Give input spikes with --calibrate"
    if options.rounding == "compensated" and not calibrated:
        raise OptionError("compensated rounding needs calibration data", fix=give)
    if options.bits != "auto":
        if options.budget_flash is not None:
            raise OptionError(
                "a flash budget is for automatic bits", fix="Add --bits auto, or leave it out"
            )
        return
    if options.budget_flash is None:
        raise OptionError("automatic bits need a budget", fix="Add --budget-flash BYTES")
    if options.budget_flash <= 0:
        raise OptionError(f"a budget of {options.budget_flash} bytes", fix="Give more than 0")
    if not calibrated:
        raise OptionError(
            "automatic bits need calibration data to tell what a layer costs", fix=give
        )
