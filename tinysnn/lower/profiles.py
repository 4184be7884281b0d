"""What each framework does in a tick and leaves out of its NIR files.

A profile answers what the options leave open, per node; it never overrides an option. It sets what
a framework always does, and what its defaults do where hardly anyone changes them (``assumed``,
repeated to the user). What people do choose, such as snnTorch's reset mechanism, stays a question.
``docs/profiles.md`` has the equations and the versions they were tested with.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np

from tinysnn.errors import OptionError
from tinysnn.network import Network, Neuron
from tinysnn.options import LowerOptions, NodeOptions


@dataclass(frozen=True)
class Profile:
    """The habits of one framework."""

    tested: str
    """Versions whose exports were run against the float reference; empty: none."""
    every: NodeOptions
    """For all neurons."""
    kinds: Mapping[str, NodeOptions] = field(default_factory=dict)
    """By NIR node type, on top of ``every``."""
    recurrent: NodeOptions = field(default_factory=NodeOptions)
    """For neurons that feed themselves, directly or through weights, on top of ``kinds``."""
    endless: NodeOptions = field(default_factory=NodeOptions)
    """For neurons one of whose time constants is infinite, on top of the rest."""
    assumed: Mapping[str, str] = field(default_factory=dict)
    """What the file cannot say and the framework's defaults answer, by the option that changes it
    (in brackets: no option does)."""
    direct_loops: bool = False
    """Whether the exporter leads the input of recurrent neurons through their recurrent weights,
    although it enters them directly."""
    hints: Mapping[str, str] = field(default_factory=dict)
    """What to look up in the model, by option that stays open."""


LAVA_DL = "lava-dl"
"""The profile of lava-dl's own format, which is no other framework's."""
_TICK = NodeOptions(gain="tick")

PROFILES: Mapping[str, Profile] = {
    "snntorch": Profile(
        tested="snntorch 1.0.0",
        every=NodeOptions(
            dt_s=1e-4, decay="euler", gain="dt", synapse_gain="dt", compare="gt",
            reset_timing="next-tick", v_init="zero",
        ),
        kinds={"CubaLIF": NodeOptions(reset_input="lost")},
        recurrent=NodeOptions(reset_input="lost"),
        endless=NodeOptions(gain=1.0, synapse_gain=1.0),
        assumed={"reset_timing": "reset_delay is True (snnTorch's default)"},
        hints={"reset": "reset_mechanism of the model; snnTorch's default is 'subtract'"},
    ),
    "norse": Profile(
        tested="norse 1.1.0",
        every=NodeOptions(
            dt_s=1e-6, decay="euler", gain="dt", synapse_gain="tick", compare="gt",
            reset="zero", reset_timing="same-tick", v_init="rest",
        ),
        kinds={"IF": _TICK},
        assumed={
            "dt_s": "trained and exported with dt = 0.001, so tau in the file is 1e-3 of the real",
            "reset": "reset_method is the hard reset, v_reset is 0 (Norse's defaults)",
        },
    ),
    "spikingjelly": Profile(
        tested="spikingjelly 2.0.0",
        every=NodeOptions(
            dt_s=1e-4, decay="euler", gain="dt", synapse_gain="dt", compare="ge",
            reset="zero", reset_timing="same-tick", v_init="reset",
        ),
        assumed={"dt_s": "exported with dt = 1e-4 (the default of export_to_nir)"},
    ),
    "sinabs": Profile(
        tested="sinabs 3.1.3",
        every=NodeOptions(
            dt_s=1.0, decay="exact", gain="dt", compare="ge",
            reset="subtract", reset_timing="same-tick", v_init="rest", spikes="many",
        ),
        kinds={"IF": _TICK, "I": _TICK},
        assumed={
            "spikes": "spike_fn is MultiSpike (sinabs' default)",
            "reset": "reset_fn is MembraneSubtract (sinabs' default)",
            "gain": "norm_input of LIF layers is True (sinabs' default)",
            "v_min": "min_v_mem is None (sinabs' default)",
            "(tau_syn)": "tau_syn is None (sinabs' default)",
        },
    ),
    "rockpool": Profile(
        tested="rockpool 3.1.0",
        every=NodeOptions(
            dt_s=1e-3, decay="exact", gain=1.0, synapse_gain="decay", compare="ge",
            reset="subtract", reset_timing="same-tick", v_init="rest", spikes="many",
        ),
        kinds={"LI": NodeOptions(gain="decay")},
        assumed={
            "dt_s": "dt is 1e-3 (Rockpool's default)",
            "(bias, w_rec)": "bias is 0 and there is no w_rec: the exporter leaves both out",
        },
    ),
    "lava": Profile(
        tested="",
        every=NodeOptions(
            decay="euler", gain="dt", synapse_gain="tick", compare="gt",
            reset="zero", reset_timing="same-tick", v_init="zero",
        ),
        hints={"dt_s": "the tick that tau was divided by when du and dv were computed"},
    ),
    LAVA_DL: Profile(
        tested="",
        every=NodeOptions(
            dt_s=1.0, decay="euler", gain="tick", synapse_gain="tick", compare="gt",
            reset="zero", reset_timing="same-tick", v_init="zero", leak_step=1.0 / 64,
        ),
        assumed={"compare": "spikes above the threshold, as Loihi; lava-dl before 0.3.0 had 'ge'"},
    ),
    "nengo": Profile(
        tested="nengo 4.1.0",
        every=NodeOptions(
            decay="exact", gain="dt", synapse_gain="dt", compare="gt",
            reset="zero", reset_timing="same-tick", v_init="zero", v_min=0.0,
        ),
        assumed={
            "v_min": "min_voltage is 0 (Nengo's default)",
            "v_init": "initial voltages are 0, not drawn at random as is Nengo's default",
            "(tau_ref)": "tau_ref is 0: a refractory period cannot be expressed",
        },
        hints={"dt_s": "dt of the Simulator; Nengo's default is 1e-3"},
    ),
    "spyx": Profile(
        tested="spyx 1.0.0",
        every=NodeOptions(
            dt_s=1.0, decay="euler", gain=1.0, synapse_gain=1.0, compare="gt",
            reset="subtract", reset_timing="next-tick", v_init="zero",
        ),
        kinds={"CubaLIF": NodeOptions(reset_timing="same-tick")},
        assumed={
            "dt_s": "exported with dt = 1 (the default of spyx.nir.to_nir)",
            "(loops)": "what the file leads through recurrent weights enters neurons directly",
        },
        direct_loops=True,
    ),
    "nir": Profile(
        tested="",
        every=NodeOptions(
            gain="dt", synapse_gain="dt", compare="gt",
            reset="zero", reset_timing="same-tick", v_init="rest",
        ),
        hints={
            "dt_s": "NIR is in continuous time: choose a tick well below every time constant",
            "decay": "'exact' follows NIR's equation at any tick, 'euler' only at short ones",
        },
    ),
}  # fmt: skip
"""Every framework that ``--from`` knows."""


def with_profile(network: Network, options: LowerOptions) -> LowerOptions:
    """The options with what the profile ``from`` answers filled in, per node.

    Raises
    ------
    OptionError
        There is no such profile.
    """
    profile = named(options.profile, network.name)
    if profile is None:
        return options
    loops = recurrent_nodes(network)
    nodes = dict(options.node)
    for name, node in network.nodes.items():
        if isinstance(node, Neuron):
            habits = _habits(profile, node, in_loop=name in loops)
            nodes[name] = filled(options.of(name), habits)
    dt_s = profile.every.dt_s if options.dt_s is None else options.dt_s
    return msgspec.structs.replace(options, node=nodes, dt_s=dt_s)


def of_file(network: Network, options: LowerOptions) -> LowerOptions:
    """The options with the profile that the file's format or metadata name.

    Raises
    ------
    OptionError
        The options name another one than the file's format has.
    """
    if network.source == LAVA_DL and options.dt_s not in (None, 1.0):
        raise OptionError(
            f"dt_s is {options.dt_s:g}, but decays of {LAVA_DL} are per tick already",
            where=network.name,
            fix="Leave --dt out; the length of a tick of recorded events is --events tick_us=...",
        )
    if network.source is None or options.profile == network.source:
        return options
    if options.profile is not None:
        if network.source != LAVA_DL:
            return options
        raise OptionError(
            f"this is a file of {network.source}, not of {options.profile}",
            where=network.name,
            fix="Leave --from out.",
        )
    return msgspec.structs.replace(options, profile=network.source)


def assumptions(options: LowerOptions, where: str) -> list[str]:
    """What the profile takes for granted and no option for the whole model has settled."""
    profile = named(options.profile, where)
    return [] if profile is None else [
        text for option, text in profile.assumed.items() if getattr(options, option, None) is None
    ]  # fmt: skip


def named(name: str | None, where: str) -> Profile | None:
    """The profile of that name; None for None."""
    if name is None:
        return None
    if name not in PROFILES:
        known = ", ".join(PROFILES)
        raise OptionError(f"no profile {name!r}", where=where, fix=f"--from is one of {known}.")
    return PROFILES[name]


def filled(first: NodeOptions, *then: NodeOptions) -> NodeOptions:
    """Each option from the first of these that sets it."""
    values: dict[str, Any] = {}
    for options in reversed((first, *then)):
        given = {name: getattr(options, name) for name in NodeOptions.__struct_fields__}
        values |= {name: value for name, value in given.items() if value is not None}
    return NodeOptions(**values)


def _habits(profile: Profile, node: Neuron, *, in_loop: bool) -> NodeOptions:
    parts = [profile.kinds.get(type(node).__name__, NodeOptions()), profile.every]
    if in_loop:
        parts.insert(0, profile.recurrent)
    if _is_endless(node):
        parts.insert(0, profile.endless)
    return filled(NodeOptions(), *parts)


def _is_endless(node: Neuron) -> bool:
    taus = [getattr(node, name) for name in ("tau", "tau_mem", "tau_syn") if hasattr(node, name)]
    return any(bool(np.isinf(tau).any()) for tau in taus)


def recurrent_nodes(network: Network) -> set[str]:
    """Neurons that feed themselves without another neuron in between."""
    targets: dict[str, list[str]] = {name: [] for name in network.nodes}
    for source, target in network.edges:
        targets[source].append(target)
    neurons = [name for name, node in network.nodes.items() if isinstance(node, Neuron)]
    return {name for name in neurons if _returns(network, targets, name)}


def _returns(network: Network, targets: Mapping[str, Iterable[str]], start: str) -> bool:
    pending, seen = list(targets[start]), set[str]()
    while pending:
        name = pending.pop()
        if name == start:
            return True
        if name not in seen and not isinstance(network.nodes[name], Neuron):
            seen.add(name)
            pending += targets[name]
    return False
