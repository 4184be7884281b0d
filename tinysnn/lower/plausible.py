"""Whether a file looks like the framework it is said to come from.

Exporters write the input gain ``r`` in a way of their own. A file with another ``r`` comes from
elsewhere (or from another version), and the profile would make it silent or wild without a word.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tinysnn.errors import OptionError
from tinysnn.graph import Floats
from tinysnn.network import Network, Neuron
from tinysnn.options import LowerOptions

_TAU = ("tau/dt",)
_ONE = ("1",)
_LEAKED = ("tau exp(-dt/tau)/dt",)
_BETA = ("1 - dt/tau",)
WRITES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "snntorch": {"LIF": _TAU, "CubaLIF": _TAU},
    "norse": {"LIF": _ONE, "CubaLIF": _ONE, "LI": _ONE, "IF": _ONE},
    "spikingjelly": {"IF": ("1/dt",), "LIF": ("1", "tau/dt"), "CubaLIF": _TAU},
    "sinabs": {"LIF": _ONE, "LI": _ONE, "IF": _ONE},
    "rockpool": {"LIF": _LEAKED, "CubaLIF": _LEAKED, "LI": _LEAKED},
    "spyx": {"LIF": _BETA, "CubaLIF": _BETA, "IF": _ONE, "LI": _ONE},
}
"""What each exporter writes for r, by node type; where it has several ways, any of them. It writes
no other neurons with an r."""
_NEAR = 1e-3


def check_profile(network: Network, options: LowerOptions, full: LowerOptions) -> None:
    """Raises OptionError if a node's ``r`` is not what the profile's exporter writes.

    Nodes whose gain is given need no such check.

    Parameters
    ----------
    options, full
        As given, and with the profile filled in.
    """
    ways = WRITES.get(options.profile or "")
    if ways is None:
        return
    for name, node in network.nodes.items():
        if isinstance(node, Neuron) and hasattr(node, "r") and options.of(name).gain is None:
            what = _mismatch(node, ways.get(type(node).__name__, ()), full.of(name).dt_s or 1.0)
            if what:
                raise OptionError(
                    f"does not look like a file of {options.profile}: {what}",
                    where=f"{network.name}: node {name!r}",
                    fix="Check --from and dt; if both are right, say what input adds: --gain "
                    "dt|tick|NUMBER.",
                )


def _mismatch(node: Neuron, allowed: tuple[str, ...], dt_s: float) -> str:
    """What is not as the exporter writes it; empty: nothing."""
    if not allowed:
        return f"its exporter writes no {type(node).__name__}"
    r: Floats = np.asarray(getattr(node, "r", 1.0)).reshape(-1)
    expected = {way: _value(way, node, dt_s) for way in allowed}
    if any(_near(r, value) for value in expected.values()):
        return ""
    texts = [
        way if way == "1" else f"{way} = {value.flat[0]:.6g}" for way, value in expected.items()
    ]
    return f"r is {r.flat[0]:.6g}, its exporter writes {' or '.join(texts)} (dt_s = {dt_s:g})"


def _value(way: str, node: Neuron, dt_s: float) -> Floats:
    tau: Floats = np.asarray(getattr(node, "tau", getattr(node, "tau_mem", np.inf))).reshape(-1)
    with np.errstate(divide="ignore", over="ignore"):
        if way == "1/dt":
            return np.array([1.0 / dt_s])
        if way == "tau/dt":
            return tau / dt_s
        if way == "1 - dt/tau":
            return 1.0 - dt_s / tau
        return tau * np.exp(-dt_s / tau) / dt_s if way != "1" else np.ones(1)


def _near(r: Floats, expected: Floats) -> bool:
    full = np.broadcast_to(expected, r.shape)
    finite = np.isfinite(r) & np.isfinite(full)
    return bool(np.allclose(r[finite], full[finite], rtol=_NEAR, atol=0.0))
