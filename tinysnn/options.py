"""What a network file cannot say: time step, discretisation, reset, comparison, input scale.

Nothing is guessed: ``lower`` asks for every option that makes a difference and is missing. Options
come from a TOML file or from flags, for the whole model and per node::

    dt_s = 1e-4
    decay = "euler"
    reset = "subtract"
    reset_timing = "same-tick"
    compare = "ge"
    gain = "dt"

    [node."lif1"]
    reset = "zero"

``from = "snntorch"`` sets what a framework always does (``lower.profiles``); all else stays above.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeAlias, TypeVar

import msgspec

from tinysnn.decision import DecisionOptions
from tinysnn.errors import OptionError
from tinysnn.front_end import FrontEnd
from tinysnn.graph import Compare, Decay, Reset, ResetTiming

Gain: TypeAlias = Literal["dt", "tick", "decay"] | float
SpikesPerTick: TypeAlias = Literal["one", "many"]
ResetInput: TypeAlias = Literal["kept", "lost"]
Readout: TypeAlias = Literal["spikes", "membrane"]
AdaptReset: TypeAlias = Literal["rest", "raised"]
VInit: TypeAlias = Literal["rest", "reset", "zero"] | float
MAX_OPTION_BYTES = 1 << 20

CHOICES: Mapping[str, Mapping[str, str]] = {
    "dt_s": {
        "SECONDS": "length of a tick: often 1e-4 (snnTorch, SpikingJelly), 1e-3 (Rockpool), "
        "1e-6 (Norse's default), 1 (sinabs, where tau counts ticks)",
    },
    "decay": {
        "euler": "beta = 1 - dt/tau, gain r*dt/tau (snnTorch, Norse, SpikingJelly)",
        "exact": "beta = exp(-dt/tau), gain r*(1 - beta) (sinabs, Rockpool)",
    },
    "reset": {
        "zero": "v = v_reset after a spike (a hard reset)",
        "subtract": "v = v - v_threshold after a spike (a soft reset)",
        "none": "v goes on as if there had been no spike",
    },
    "reset_timing": {
        "same-tick": "reset in the tick of the spike (most frameworks)",
        "next-tick": "reset in the following tick (snnTorch's default)",
    },
    "compare": {
        "gt": "spike if v > v_threshold (NIR, snnTorch, Norse)",
        "ge": "spike if v >= v_threshold (SpikingJelly, sinabs)",
    },
    "v_init": {
        "rest": "v starts at v_leak (Norse)",
        "reset": "v starts at v_reset (SpikingJelly)",
        "zero": "v starts at 0 (snnTorch)",
        "NUMBER": "v starts there",
    },
    "gain": {
        "dt": "v gains r*x integrated over one tick, as NIR's equation says",
        "tick": "v gains r*x per tick, dt and tau play no part",
        "decay": "as tick, and what arrives decays in the same tick already",
        "NUMBER": "v gains that number times x per tick",
    },
    "synapse_gain": {
        "dt": "i gains w_in*x integrated over one tick, as NIR's equation says (snnTorch)",
        "tick": "i gains w_in*x per tick, dt and tau_syn play no part (Norse)",
        "decay": "as tick, and what arrives decays in the same tick already (Rockpool)",
        "NUMBER": "i gains that number times x per tick",
    },
    "spikes": {
        "one": "at most one spike per neuron and tick",
        "many": "trunc(v / v_threshold) spikes at once (sinabs, Rockpool)",
    },
    "reset_input": {
        "kept": "a late reset to zero comes before the tick's input",
        "lost": "a late reset to zero wipes out the tick's input (snnTorch Synaptic, RLeaky)",
    },
    "readout": {
        "spikes": "a firing node gives its spikes",
        "membrane": "it gives its membrane, as a node that never fires (the last layer only)",
    },
    "adapt_reset": {
        "rest": "a reset takes off the threshold at rest (Bellec's ALIF)",
        "raised": "it takes off the adapted threshold (sinabs)",
    },
}
"""Possible values of each option that can be asked for, one line each."""


class NodeOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Options of one neuron node; None: as the model says."""

    dt_s: float | None = None
    """Length of a tick in s, above 0."""
    decay: Decay | None = None
    reset: Reset | None = None
    reset_timing: ResetTiming | None = None
    compare: Compare | None = None
    v_init: VInit | None = None
    """Membrane before the first tick, in the units of the file."""
    gain: Gain | None = None
    """What one unit of input adds to the membrane (cuba: one unit of current)."""
    synapse_gain: Gain | None = None
    """What one unit of input adds to the current, cuba nodes only."""
    spikes: SpikesPerTick | None = None
    """Spikes of one neuron in one tick (None: one)."""
    v_min: float | None = None
    """The membrane is raised to this after the reset, in the units of the file (None: never)."""
    reset_input: ResetInput | None = None
    """Whether a next-tick reset to zero keeps that tick's input (None: it does)."""
    leak_step: float | None = None
    """Decayed membranes and currents are cut towards zero to multiples of this, in the units of
    the file (None: never), as fixed-point hardware does."""
    readout: Readout | None = None
    """What a firing node gives: its spikes, or (without ever resetting) its membrane."""
    max_spikes: int | None = None
    """Spikes of one neuron in one tick at most with ``spikes = "many"``, 1..127 (None: 127)."""
    refractory: int | None = None
    """Ticks after a spike in which the membrane rests and no spike comes (None: none)."""
    adapt_decay: float | None = None
    """Decay of the threshold's adaptation per tick, 0..1 (None: thresholds stay)."""
    adapt_step: float | None = None
    """What a spike adds to the threshold, in the units of the file."""
    graded_spikes: float | None = None
    """What a spike is worth to the weights behind the neuron, beside its number (None: 1)."""
    adapt_reset: AdaptReset | None = None
    """What a reset by subtraction takes off (None: the threshold at rest)."""

    def __post_init__(self) -> None:
        _check_numbers(self)


class LowerOptions(NodeOptions, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Options of a model: for all its nodes, and per node where they differ."""

    input_scale: float | None = None
    """None: input events are spikes; else the real value of one step of an int8 input event."""
    front_end: FrontEnd | None = None
    """What makes the input of raw samples on the device; None: the device is given events."""
    decision: DecisionOptions | None = None
    """What the outputs mean over time; None: that is up to whoever reads them."""
    snap: bool | None = None
    """Whether a beta within 1e-7 of a multiple of 2^-16 and a gain within 1e-6 of 1 are taken as
    that (None: yes). Exporters that compute tau in float32 miss them by about 1e-8."""
    profile: str | None = msgspec.field(default=None, name="from")
    """Framework whose habits answer what is not given (``lower.profiles``), written ``from``."""
    node: dict[str, NodeOptions] = {}
    """Per node name."""

    def of(self, name: str) -> NodeOptions:
        """The options in force for one node."""
        own = self.node.get(name)
        values = {
            key: value if own is None or getattr(own, key) is None else getattr(own, key)
            for key in NodeOptions.__struct_fields__
            for value in (getattr(self, key),)
        }
        return NodeOptions(**values)


_Options = TypeVar("_Options", NodeOptions, LowerOptions)


def _check_numbers(options: NodeOptions) -> None:
    for name in options.__struct_fields__:
        value = getattr(options, name)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            continue
        if not math.isfinite(value):
            raise OptionError(f"{name} is {value}", fix="Give a finite number.")
        if name in ("dt_s", "input_scale", "leak_step") and value <= 0:
            raise OptionError(f"{name} is {value}", fix="It must be above 0.")


def options_from(values: Mapping[str, Any], *, where: str = "options") -> LowerOptions:
    """Options out of plain values (parsed TOML or flags), checked strictly.

    Raises
    ------
    OptionError
        An unknown key, a value of the wrong type or not among the possible ones.
    """
    own = dict(values)
    nodes = own.pop("node", {})
    if not isinstance(nodes, Mapping):
        raise OptionError("node is not a table", where=where, fix='Write [node."NAME"].')
    model = _convert(own, LowerOptions, where)
    per_node = {
        str(name): _convert(item, NodeOptions, f'{where}: [node."{name}"]')
        for name, item in nodes.items()
    }
    return msgspec.structs.replace(model, node=per_node)


def _convert(values: Any, kind: type[_Options], where: str) -> _Options:
    try:
        return msgspec.convert(values, kind)
    except msgspec.ValidationError as exc:
        raise OptionError(_plain(str(exc)), where=where, fix=_hint(str(exc))) from exc
    except OptionError as exc:
        raise OptionError(exc.what, where=where, fix=exc.fix) from exc


def _plain(message: str) -> str:
    text = message.replace("Object contains unknown field", "unknown option")
    return text.replace(" - at", " at")


def _hint(message: str) -> str:
    if "unknown field" in message:
        known = ", ".join(LowerOptions.__struct_encode_fields__)
        return f'Options are {known}; those of a node stand under [node."NAME"].'
    for name, choices in CHOICES.items():
        if f".{name}`" in message:
            return f"{name} is one of {', '.join(choices)}."
    return "See docs/nir.md for the options."


def load_options(path: str | Path) -> LowerOptions:
    """The options of a TOML file.

    Raises
    ------
    OptionError
        The file is missing, not TOML, or holds a wrong or unknown option.
    """
    from tinysnn.load.hdf5 import read_bytes

    data = read_bytes(Path(path), OptionError, limit=MAX_OPTION_BYTES)
    try:
        values = parse_toml(data.decode("utf8"))
    except (ValueError, RecursionError) as exc:
        raise OptionError(f"not TOML: {exc}", where=str(path), fix="Correct the file.") from exc
    return options_from(values, where=str(path))


def parse_toml(text: str) -> dict[str, Any]:
    """The content of a TOML text; raises ValueError or RecursionError where it is none."""
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    return tomllib.loads(text)


def merge(base: LowerOptions, over: LowerOptions) -> LowerOptions:
    """``base`` with everything that ``over`` sets (also per node) put in its place."""
    nodes = dict(base.node)
    for name, own in over.node.items():
        nodes[name] = NodeOptions(**{**_set(nodes.get(name)), **_set(own)})
    return LowerOptions(**{**_set(base), **_set(over), "node": nodes})


def _set(options: NodeOptions | None) -> dict[str, Any]:
    """The options that are not None."""
    if options is None:
        return {}
    values = {name: getattr(options, name) for name in options.__struct_fields__}
    return {name: value for name, value in values.items() if value is not None}
