"""One neuron node -> its update per tick.

With leak(tau) = dt/tau (Euler) or 1 - exp(-dt/tau) (exact), and g the gain::

    LIF, LI      u = (1 - leak(tau)) u + g x              g = r leak(tau)   | r   | number
    IF, I        u = u + g x                              g = r dt          | r   | number
    Cuba         j = (1 - leak(tau_syn)) j + g_m g_s x    g_s = w_in leak   | w_in| number
                 u = (1 - leak(tau_mem)) u + j            g_m as LIF's g
    Threshold    u = x

u = v - v_leak; j = g_m i is the current already multiplied by what it adds to the membrane, so the
same form serves NIR, snnTorch and Norse, whose gains differ.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tinysnn.errors import ModelError, OptionError
from tinysnn.graph import Compare, Floats, Ints, Op, Reset, ResetTiming
from tinysnn.lower.slow import MAX_SPIKES, slow
from tinysnn.network import IF, LIF, CubaLI, CubaLIF, I, Neuron, Threshold
from tinysnn.options import Gain, NodeOptions

_GRID = 65536
_BETA_SNAP = 1e-7
_GAIN_SNAP = 1e-6


@dataclass(frozen=True)
class FileGains:
    """What the file says about a gain in all readings."""

    dt: Floats | None
    """[n] by NIR's equation; None if dt or the decay rule is not known."""
    tick: Floats
    """[n] the file's number as it is."""
    decay: Floats | None = None
    """[n] ``tick`` times the decay of one tick; None if not known, or without leak."""

    @property
    def agree(self) -> bool:
        """Whether both readings are known to give the same."""
        same = self.dt is not None and np.allclose(self.dt, self.tick, rtol=1e-9, atol=0.0)
        return same or not self.tick.any()


@dataclass(frozen=True, eq=False)
class NeuronUpdate:
    """The fields of graph.Layer that come from the neuron; all arrays [n]."""

    op: Op
    beta: Floats
    alpha: Floats | None
    gain: Floats
    """Multiplies weights and bias of everything that enters."""
    threshold: Floats | None
    reset: Reset | None
    reset_timing: ResetTiming | None
    compare: Compare | None
    reset_to: Floats
    v_init: Floats
    v_rest: Floats
    notes: tuple[str, ...]
    many_spikes: bool = False
    v_min: Floats | None = None
    reset_drops_input: bool = False
    leak_step: Floats | None = None
    max_spikes: int = 127
    adapt_decay: Floats | None = None
    adapt_step: Floats | None = None
    reset_raised: bool = False
    refractory: Ints | None = None


def leak(tau: Floats, own: NodeOptions) -> Floats | None:
    """Fraction of the distance to rest lost per tick, [n]; None if dt or decay is not known."""
    if not np.isfinite(tau).any():
        return np.zeros_like(tau)
    if own.dt_s is None or own.decay is None:
        return None
    with np.errstate(divide="ignore", over="ignore"):
        ratio = own.dt_s / tau
        return ratio if own.decay == "euler" else -np.expm1(-ratio)


def file_gains(node: Neuron, own: NodeOptions) -> dict[str, FileGains]:
    """The gains a node has (``gain``, and ``synapse_gain`` of cuba nodes) as the file has them."""
    if isinstance(node, Threshold):
        return {}
    r = _flat(node, "r")
    if isinstance(node, (IF, I)):
        return {"gain": FileGains(None if own.dt_s is None else r * own.dt_s, r)}
    cuba = isinstance(node, (CubaLIF, CubaLI))
    result = {"gain": _leaky_gain(r, leak(_flat(node, "tau_mem" if cuba else "tau"), own))}
    if cuba:
        result["synapse_gain"] = _leaky_gain(_flat(node, "w_in"), leak(_flat(node, "tau_syn"), own))
    return result


def _leaky_gain(factor: Floats, fraction: Floats | None) -> FileGains:
    with np.errstate(invalid="ignore"):
        if fraction is None:
            return FileGains(None, factor)
        return FileGains(factor * fraction, factor, factor * (1.0 - fraction))


def discretise(
    name: str, node: Neuron, own: NodeOptions, *, snap: bool, where: str
) -> NeuronUpdate:
    """The update of one node per tick, relative to its resting potential.

    ``own`` has every option that ``questions`` asks for.

    Raises
    ------
    ModelError
        A decay outside [0, 1].
    OptionError
        A gain that is not finite, or a soft reset the update cannot express.
    """
    here = f"{where}: node {name!r}"
    notes: list[str] = []
    n = int(np.prod(node.input_shape))
    cuba = isinstance(node, (CubaLIF, CubaLI))
    beta = np.ones(n)
    alpha = None
    if isinstance(node, Threshold):
        beta = np.zeros(n)
    elif not isinstance(node, (IF, I)):
        beta = _decay(node, "tau_mem" if cuba else "tau", own, here)
        alpha = _decay(node, "tau_syn", own, here) if cuba else None
    gain = np.ones(n)
    for option, gains in file_gains(node, own).items():
        gain = gain * _chosen(option, getattr(own, option), gains, here)
    if snap:
        beta, gain = _snap(name, "beta", beta, notes), _snap_gain(name, gain, notes)
        alpha = None if alpha is None else _snap(name, "alpha", alpha, notes)
    if (gain == 0).any() and not isinstance(node, Threshold):
        notes.append(f"{name}: gain is 0 for {int((gain == 0).sum())} neurons: input has no effect")
    many = _many_spikes(node, own, here)
    if many and own.max_spikes is None:
        notes.append(f"{name}: at most {MAX_SPIKES} spikes per tick are counted (max_spikes)")
    v_rest = _flat(node, "v_leak") if hasattr(node, "v_leak") else np.zeros(n)
    op: Op = ("cuba_lif" if cuba else "lif") if node.fires else ("cuba_li" if cuba else "li")
    return NeuronUpdate(
        op, beta, alpha, gain, *_firing(node, own, v_rest, here),
        v_init=_v_init(node, own, v_rest), v_rest=v_rest, notes=tuple(notes),
        many_spikes=many,
        v_min=None if own.v_min is None else np.full(n, own.v_min) - v_rest,
        reset_drops_input=_drops_input(own, op),
        leak_step=_leak_step(node, own, gain, v_rest, here),
        **slow(node, own, n, here),
    )  # fmt: skip


def _flat(node: Neuron, name: str) -> Floats:
    values: Floats = getattr(node, name).reshape(-1)
    return values


def _decay(node: Neuron, name: str, own: NodeOptions, here: str) -> Floats:
    """1 - leak of the time constant ``name``, refused outside [0, 1]."""
    tau = _flat(node, name)
    fraction = leak(tau, own)
    decay = np.ones_like(tau) if fraction is None else 1.0 - fraction
    bad = ~((decay >= 0) & (decay <= 1)) | (tau < 0)
    if not bad.any():
        return decay
    first = int(np.argmax(bad))
    if tau[first] < 0:
        fix = "A negative tau is how snnTorch exports beta above 1: keep beta at most 1."
    elif tau[first] == 0:
        fix = "Use a time constant above 0, a Threshold node, or decay = exact."
    else:
        fix = "dt_s must not exceed tau with decay = euler: check dt_s, or use decay = exact."
    raise ModelError(
        f"decay {decay[first]:.6g} of neuron {first} ({name} = {tau[first]:.6g} s, "
        f"dt_s = {own.dt_s}) is outside [0, 1]",
        where=here,
        fix=fix,
    )


def _chosen(option: str, choice: Gain | None, gains: FileGains, here: str) -> Floats:
    """The gain in the reading the options chose, [n]."""
    if isinstance(choice, (int, float)):
        return np.full(gains.tick.shape, float(choice))
    value = {"dt": gains.dt, "tick": gains.tick, "decay": gains.decay}[choice or "tick"]
    if value is None or not np.isfinite(value).all():
        raise OptionError(
            f"{option} = {choice!r} is not a finite number here (tau and r are infinite, as "
            "snnTorch exports beta = 1)",
            where=here,
            fix=f"Give {option} as a number for this node; for snnTorch it is 1.",
        )
    return value


def _snap(name: str, what: str, decay: Floats, notes: list[str]) -> Floats:
    grid = np.round(decay * _GRID) / _GRID
    near = (np.abs(decay - grid) <= _BETA_SNAP) & (decay != grid)
    if near.any():
        notes.append(f"{name}: {what} {decay[near][0]:.10g} taken as {grid[near][0]:.10g}")
    return np.where(near, grid, decay)


def _snap_gain(name: str, gain: Floats, notes: list[str]) -> Floats:
    near = (np.abs(gain - 1.0) <= _GAIN_SNAP) & (gain != 1.0)
    if near.any():
        notes.append(f"{name}: gain {gain[near][0]:.10g} taken as 1")
    return np.where(near, 1.0, gain)


def _firing(
    node: Neuron, own: NodeOptions, v_rest: Floats, here: str
) -> tuple[Floats | None, Reset | None, ResetTiming | None, Compare | None, Floats]:
    """(threshold, reset, reset_timing, compare, reset_to), relative to rest."""
    none = np.zeros_like(v_rest)
    if not node.fires:
        return None, None, None, None, none
    if isinstance(node, Threshold):
        return _flat(node, "threshold"), "none", "same-tick", own.compare, none
    threshold = _flat(node, "v_threshold") - v_rest
    if own.reset == "subtract" and v_rest.any():
        raise OptionError(
            "reset = 'subtract' takes v_threshold off v, which is not the distance to rest "
            "because v_leak is not 0",
            where=here,
            fix="Shift v_leak to 0 (and v_threshold with it) before the export, or use reset zero.",
        )
    reset_to = _flat(node, "v_reset") - v_rest if own.reset == "zero" else none
    timing: ResetTiming | None = "same-tick" if own.reset == "none" else own.reset_timing
    return threshold, own.reset, timing, own.compare, reset_to


def _many_spikes(node: Neuron, own: NodeOptions, here: str) -> bool:
    """Whether the node counts spikes; refused where trunc(v / v_threshold) is no count."""
    if own.spikes != "many" or not node.fires or isinstance(node, Threshold):
        return False
    if own.max_spikes == 1:
        return False  # at most one: then the first threshold decides, as in other layers
    low = _flat(node, "v_threshold") - (_flat(node, "v_leak") if hasattr(node, "v_leak") else 0.0)
    if (low <= 0).any() or own.compare == "gt" or own.reset_timing == "next-tick":
        raise OptionError(
            "spikes = 'many' needs thresholds above rest, compare = 'ge' and a same-tick reset",
            where=here,
            fix="Use spikes = 'one', or correct these options.",
        )
    return True


def _drops_input(own: NodeOptions, op: Op) -> bool:
    late = own.reset == "zero" and own.reset_timing == "next-tick"
    return late and own.reset_input == "lost" and op in ("lif", "cuba_lif")


def _leak_step(
    node: Neuron, own: NodeOptions, gain: Floats, v_rest: Floats, here: str
) -> Floats | None:
    """Step of decayed values, [n]; refused where current and membrane have different ones."""
    if own.leak_step is None or isinstance(node, (IF, I, Threshold)):
        return None
    if (hasattr(node, "tau_syn") and (gain != 1.0).any()) or v_rest.any():
        raise OptionError(
            "leak_step needs gains of 1 and a resting potential of 0",
            where=here,
            fix="Leave leak_step out.",
        )
    return np.full_like(v_rest, own.leak_step)


def _v_init(node: Neuron, own: NodeOptions, v_rest: Floats) -> Floats:
    """Membrane before the first tick relative to rest; rest if the options do not say."""
    if isinstance(node, Threshold) or own.v_init in (None, "rest"):
        return np.zeros_like(v_rest)
    if own.v_init == "reset":
        start = _flat(node, "v_reset") if isinstance(node, (IF, LIF, CubaLIF)) else v_rest
        return start - v_rest
    return (0.0 if own.v_init == "zero" else np.float64(own.v_init or 0.0)) - v_rest
