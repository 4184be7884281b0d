"""A readout behind the vibration front end as files: NAME.nir, and NAME.toml with the front end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import nir
import numpy as np
import numpy.typing as npt

from tinysnn.front_end import Vibration
from tinysnn.graph import Graph
from tinysnn.load import load_network
from tinysnn.lower import lower
from tinysnn.options import load_options

_HEAD = """\
# What {name}.nir cannot say. {about}
dt_s = {dt_s}
gain = "tick"
v_init = "zero"
input_scale = 1.0

# The front end that makes the events on the device (docs/SPEC.md 5.2); filters are
# [cosine, sine, up, down].
[front_end]
type = "vibration"
"""


def write(
    folder: Path,
    name: str,
    ear: Vibration,
    weights: npt.NDArray[np.float64],
    bias: npt.NDArray[np.float64],
    *,
    rate_hz: int,
    about: str,
) -> None:
    """Write both files; weights [n, n_in] and bias [n] of neurons that add up over the ticks.

    `about`: what a reader of the .toml should know, comment lines.
    """
    n = len(weights)
    nodes = {
        "input": nir.Input(input_type=np.array([ear.n_in])),
        "weights": nir.Affine(weight=weights, bias=bias),
        "sum": nir.I(r=np.ones(n)),
        "output": nir.Output(output_type=np.array([n])),
    }
    edges = [("input", "weights"), ("weights", "sum"), ("sum", "output")]
    folder.mkdir(parents=True, exist_ok=True)
    nir.write(folder / f"{name}.nir", nir.NIRGraph(nodes, edges))
    head = _HEAD.format(name=name, about=about, dt_s=ear.hop / rate_hz)
    (folder / f"{name}.toml").write_text(head + _front_end(ear))


def read(folder: Path, name: str) -> Graph:
    """What `write` wrote, ready to be packed."""
    return lower(load_network(folder / f"{name}.nir"), load_options(folder / f"{name}.toml"))


def _front_end(ear: Vibration) -> str:
    fields = msgspec.to_builtins(ear)
    plain = msgspec.to_builtins(Vibration(hop=1, bands=ear.bands))
    said = {
        key: value
        for key, value in fields.items()
        if key in ("hop", "bands") or (key != "type" and value != plain[key])
    }
    return "".join(f"{key} = {_toml(value)}\n" for key, value in said.items())


def _toml(value: Any) -> str:
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, (list, tuple)):
        return "[\n" + "".join(f"    {list(entry)},\n" for entry in value) + "]"
    return str(value)
