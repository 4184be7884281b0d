"""Assembly that updates neurons: which a layer can use, and what its template needs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinysnn import ranges
from tinysnn.ops.fixed import ONE_Q16, STATE_RANGE
from tinysnn.pack import PackedLayer
from tinysnn.views import obstacles
from tinysnn.views.family import Family
from tinysnn.views.row_kernels import shift_of

HALF_Q16 = ONE_Q16 // 2


@dataclass(frozen=True)
class NeuronsKernel:
    """An update of firing neurons with 16-bit membranes."""

    template: str
    symbol: str
    equation: str
    decay: str
    """zero, one, shift (1 - 2^-k) or mul."""
    whole: bool
    """The decay is stored less 1: it is 1/2 or more."""
    both_halves: bool
    """Some decays are 1/2 or more, others are not: stored times 2, each in a word of its own."""
    shift_places: int
    shift_mask: int
    shift_round: int
    packed: bool
    compare: str
    reset: str
    reset_pair: str
    reset_high: str
    saturates: bool
    beta_table: bool
    bias_table: bool
    theta_table: bool
    reset_table: bool
    constant: str
    """What the constant is for: none, rounding (with the multiply), or pair (added to sums)."""
    constant_register: str
    reset_register: str
    zero_register: str
    unroll: int
    period: int
    """Words of tables after which they begin again, at the end of a word of spikes; 0: never."""

    @property
    def keeps_constant(self) -> bool:
        """Four pairs at a time leave no register to the constant: it is on the stack."""
        return self.unroll == 4 and (self.constant == "pair" or self.compare == "gt")

    @property
    def tables(self) -> bool:
        """Whether any parameter differs from neuron to neuron."""
        return self.beta_table or self.bias_table or self.theta_table or self.reset_table


def same(values: npt.NDArray[np.int64]) -> bool:
    """Whether all neurons have the same value."""
    return bool((values == values[0]).all())


def may_saturate(layer: PackedLayer, *, graded: bool = False) -> bool:
    """Whether the membrane can reach an end of its range."""
    reach = ranges.membrane(layer, graded_input=graded)
    return reach is None or not reach.fits(layer.spec.state_bits)


def neurons_kernel(
    layer: PackedLayer, family: Family, equation: str, *, biased: bool, graded: bool = False
) -> NeuronsKernel | None:
    """The update for a layer, or None.

    Parameters
    ----------
    biased: sums lack a multiple of the number of events.
    graded: input events have values; sums come rounded, in state units.

    """
    if obstacles.of_neurons(layer, family, graded=graded):
        return None
    if family == "v6m":
        return _v6m(layer, equation, biased=biased)
    return _dsp(layer, equation, biased=biased, saturates=may_saturate(layer, graded=graded))


def _decay(layer: PackedLayer) -> str:
    beta = layer.wide("beta")
    if same(beta) and int(beta[0]) in (0, ONE_Q16):
        return "zero" if beta[0] == 0 else "one"
    return "mul"


def _dsp(layer: PackedLayer, equation: str, *, biased: bool, saturates: bool) -> NeuronsKernel:
    spec, decay, whole = layer.spec, _decay(layer), layer.wide("beta") >= HALF_Q16
    bias, reset_to = layer.wide("bias"), layer.wide("reset_to")
    bias_table, mixed = not same(bias), bool(whole.any() and not whole.all())
    constant = "none"
    if biased or (bias.any() and not bias_table):
        constant = "rounding" if decay == "mul" and not (saturates or mixed) else "pair"
    fixed = {
        "beta_table": not same(layer.wide("beta")),
        "bias_table": bias_table,
        "reset_table": spec.reset == "zero" and not same(reset_to),
    }
    needs = ["constant_register"] * (constant == "pair")
    uniform_reset = spec.reset == "zero" and not fixed["reset_table"]
    needs += ["reset_register"] * uniform_reset
    theta_table = not same(layer.wide("theta"))
    free = _free(decay, theta_table=theta_table, other_tables=any(fixed.values()))
    if len(free) < len(needs):  # a table of thresholds, though all are the same, frees a register
        theta_table = True
        free = _free(decay, theta_table=theta_table, other_tables=any(fixed.values()))
    if len(free) < len(needs):  # the same for resets: with a table of thresholds there is one more
        needs.remove("reset_register")
        fixed["reset_table"] = True
    registers = dict(zip([*needs, "zero_register"], free, strict=False))
    if "reset_register" in registers and not reset_to.any():
        registers["zero_register"] = registers["reset_register"]
    unroll = 2 if layer.n % 4 == 0 else 1
    if decay == "mul" and not mixed and not any(fixed.values()):
        unroll, registers = _by_fours(layer, constant, registers) or (unroll, registers)
    return _named(
        "dsp",
        equation,
        layer,
        decay=decay,
        whole=bool(whole.all()),
        both_halves=mixed,
        saturates=saturates,
        theta_table=theta_table,
        constant=constant,
        unroll=unroll,
        **fixed,
        **registers,
    )


def _by_fours(
    layer: PackedLayer, constant: str, registers: dict[str, str]
) -> tuple[int, dict[str, str]] | None:
    """Four pairs at a time, if numbers of neurons and registers allow it: pairs, registers.

    A constant that is added to sums takes no register of its own there.
    """
    if constant == "pair" and "zero_register" not in registers:
        spare = registers["constant_register"]
        registers = {**registers, "constant_register": "", "zero_register": spare}
    keeps = constant == "pair" or layer.spec.compare == "gt"
    halves = layer.n % 8 == 4 and layer.n % 32 > 4 and not keeps  # two pairs after the fours
    if "zero_register" not in registers or not (layer.n % 8 == 0 or halves):
        return None
    return 4, registers


def _free(decay: str, *, theta_table: bool, other_tables: bool) -> list[str]:
    free = ["lr"] if not (theta_table or other_tables) else []
    free += ["r8", "r9"] if decay != "mul" else []
    return free + ["r10"] * theta_table


def _v6m(layer: PackedLayer, equation: str, *, biased: bool) -> NeuronsKernel:
    saturates, beta = may_saturate(layer), layer.wide("beta")
    bias, reset_to = layer.wide("bias"), layer.wide("reset_to")
    decay, places = _decay(layer), _places(int(beta[0]))
    round_up = (1 << (places - 1)) - 1 if places else 0
    packed = not saturates and (decay == "zero" or places > 0) and _fits_packed(layer, round_up)
    if packed and places:
        decay = "shift"
    elif not packed:
        decay = "mul"
    corrects = biased or bool(bias.any())
    constant = "none"
    if not packed and corrects:
        lanes = biased and not saturates and _fits_lanes(layer)
        constant = "rounding" if lanes else "pair"
    kept = 65535 >> places
    reset = int(reset_to[0])
    return _named(
        "v6m",
        equation,
        layer,
        decay=decay,
        packed=packed,
        shift_places=places,
        shift_mask=kept << 16 | kept,
        shift_round=round_up << 16 | round_up,
        reset_pair=f"0x{(reset + 32768) * 0x10001:08X}",
        reset_high=f"0x{(reset << 16) & 0xFFFFFFFF:08X}",
        saturates=saturates,
        theta_table=not same(layer.wide("theta")),
        constant=constant,
    )


def _places(beta: int) -> int:
    """Places k where beta is 1 - 2^-k and k at most 15, else 0."""
    lost = ONE_Q16 - beta
    return 16 - (lost.bit_length() - 1) if 1 < lost < ONE_Q16 and lost & (lost - 1) == 0 else 0


def _fits_lanes(layer: PackedLayer) -> bool:
    """Whether sums of biased weights, in state units, are below 2^16 whatever fires."""
    spec = layer.spec
    return spec.n_rows * ((1 << spec.bits) - 1) << shift_of(layer) < 1 << 16


def _fits_packed(layer: PackedLayer, round_up: int) -> bool:
    """Whether halves never carry: membranes to be shifted, and their distance to the threshold."""
    reach = ranges.membrane(layer, graded_input=False)
    low, high = STATE_RANGE[16]
    if reach is None:
        return False
    most = layer.wide("theta") + 1
    return bool(reach.high.max() + round_up <= high and (reach.low - most).min() >= low)


def _named(
    family: Family, equation: str, layer: PackedLayer, *, decay: str, **fields: object
) -> NeuronsKernel:
    spec = layer.spec
    given: dict[str, object] = {
        "whole": False,
        "both_halves": False,
        "packed": False,
        "shift_places": 0,
        "shift_mask": 0,
        "shift_round": 0,
        "reset_pair": "",
        "reset_high": "",
        "beta_table": False,
        "bias_table": False,
        "reset_table": False,
        "constant_register": "",
        "reset_register": "",
        "zero_register": "",
        "unroll": 1,
        "period": 0,
        **fields,
    }
    places = given["shift_places"] if decay == "shift" else ""
    tables = "_".join(k for k in ("beta", "bias", "theta", "reset") if given[f"{k}_table"])
    marks = [
        f"{decay}{places}" + "".join(k[0] for k in ("whole", "both_halves", "packed") if given[k]),
        str(spec.compare),
        str(spec.reset) + f"{layer.wide('reset_to')[0] & 65535:x}" * (family == "v6m"),
        "sat" * bool(given["saturates"]),
        tables,
        str(given["constant"]),
        "rest" * (given["zero_register"] == given["reset_register"] != ""),
        {1: "odd", 4: "fours"}.get(int(str(given["unroll"])), "") * (family == "dsp"),
        family,
    ]
    return NeuronsKernel(
        template=f"ops/lif_{family}.S.jinja",
        symbol="tsnn_lif_" + "_".join(mark for mark in marks if mark),
        equation=equation,
        decay=decay,
        compare=str(spec.compare),
        reset=str(spec.reset),
        **given,  # type: ignore[arg-type]
    )
