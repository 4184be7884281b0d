"""Which options a network needs: everything that makes a difference and no file can say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tinysnn.errors import OptionError
from tinysnn.lower.neurons import file_gains
from tinysnn.lower.profiles import PROFILES, named, with_profile
from tinysnn.lower.readouts import as_lowered
from tinysnn.network import IF, LI, LIF, CubaLI, CubaLIF, Delay, I, Network, Neuron, Threshold
from tinysnn.options import CHOICES, LowerOptions, NodeOptions


@dataclass(frozen=True)
class Question:
    """An option that is missing."""

    option: str
    nodes: tuple[str, ...]
    """The nodes that need it."""
    values: tuple[tuple[str, str], ...]
    """(value, what it means), one line each."""
    hint: str = ""
    """What the profile knows about it."""

    def text(self) -> str:
        """What is missing, for whom, and the possible values, one per line."""
        nodes = ", ".join(repr(name) for name in self.nodes[:6])
        more = f" and {len(self.nodes) - 6} more" if len(self.nodes) > 6 else ""
        lines = [f"  {self.option} (needed by {nodes}{more}):"]
        lines += [f"    {self.hint}"] if self.hint else []
        return "\n".join(lines + [f"    {value}: {meaning}" for value, meaning in self.values])


def missing_options(network: Network, options: LowerOptions) -> tuple[Question, ...]:
    """The options that ``lower`` needs and does not have, with their possible values."""
    profile = named(options.profile, network.name)
    options = with_profile(network, options)
    network, options = as_lowered(network, options)
    needed: dict[str, list[str]] = {}
    for name, node in network.nodes.items():
        if isinstance(node, Neuron):
            for option in _missing(node, options.of(name)):
                needed.setdefault(option, []).append(name)
        elif isinstance(node, Delay) and options.dt_s is None and node.delay.any():
            needed.setdefault("dt_s", []).append(name)
    hints = {} if profile is None else profile.hints
    return tuple(
        Question(
            option,
            tuple(names),
            _values(option, names, network, options),
            hints.get(option, ""),
        )
        for option in CHOICES
        if (names := needed.get(option))
    )


def require_options(network: Network, options: LowerOptions) -> None:
    """Raises OptionError on a missing option, or one for a node that has no options."""
    for name in options.node:
        if not isinstance(network.nodes.get(name), Neuron):
            known = [repr(key) for key, node in network.nodes.items() if isinstance(node, Neuron)]
            what = "which is no neuron node" if name in network.nodes else "which does not exist"
            raise OptionError(
                f"options for node {name!r}, {what}",
                where=network.name,
                fix=f"The neuron nodes are {', '.join(known[:20]) or 'none'}.",
            )
    questions = missing_options(network, options)
    if questions:
        names = ", ".join(question.option for question in questions)
        listing = "\n".join(question.text() for question in questions)
        raise OptionError(
            f"the file cannot say {names}",
            where=network.name,
            fix=f"{_advice(options)} (docs/profiles.md):\n{listing}",
        )


def _advice(options: LowerOptions) -> str:
    if options.profile is not None:
        return f"Files of {options.profile} leave this open: give these options"
    return f"Say --from {'|'.join(PROFILES)}, or give these options"


def _missing(node: Neuron, own: NodeOptions) -> Iterator[str]:
    """Names of the options one node needs and has not been given."""
    if own.dt_s is None and _needs_dt(node, own):
        yield "dt_s"
    if own.decay is None and _finite_taus(node):
        yield "decay"
    if node.fires:
        yield from _missing_firing(node, own)
    if own.v_init is None and _v_init_matters(node):
        yield "v_init"
    for option, gains in file_gains(node, own).items():
        if getattr(own, option) is None and not gains.agree:
            yield option


def _missing_firing(node: Neuron, own: NodeOptions) -> Iterator[str]:
    if own.compare is None:
        yield "compare"
    if isinstance(node, Threshold):
        return
    if own.reset is None:
        yield "reset"
    if own.reset_timing is None and own.reset != "none":
        yield "reset_timing"


def _finite_taus(node: Neuron) -> bool:
    taus = [getattr(node, name) for name in ("tau", "tau_mem", "tau_syn") if hasattr(node, name)]
    return any(bool(np.isfinite(tau).any()) for tau in taus)


def _needs_dt(node: Neuron, own: NodeOptions) -> bool:
    """A tick's length enters through a finite time constant or the gain of an IF or I."""
    if isinstance(node, (IF, I)):
        return own.gain == "dt"
    return _finite_taus(node)


def _v_init_matters(node: Neuron) -> bool:
    """v_leak or v_reset other than 0, so that frameworks start from different membranes."""
    if not isinstance(node, (IF, LIF, LI, CubaLIF, CubaLI)):
        return False
    values = [getattr(node, name) for name in ("v_leak", "v_reset") if hasattr(node, name)]
    return any(bool(np.any(value != 0)) for value in values)


def _values(
    option: str, names: list[str], network: Network, options: LowerOptions
) -> tuple[tuple[str, str], ...]:
    """The possible values; for gains with the number each gives for the first node."""
    values = dict(CHOICES[option])
    if option in ("gain", "synapse_gain"):
        node = network.nodes[names[0]]
        if isinstance(node, Neuron):
            gains = file_gains(node, options.of(names[0]))[option]
            for key, number in (("dt", gains.dt), ("tick", gains.tick)):
                if number is not None:
                    values[key] += f"; for {names[0]!r}: {number.flat[0]:.6g}"
    return tuple(values.items())
