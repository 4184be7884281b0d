"""Input clips out of NIR's data container (``nir.write_data``): rasters or timed events."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tinysnn.errors import StimulusError
from tinysnn.load.clips import Events, Wanted, clips_from_events, clips_from_raster, stimuli
from tinysnn.load.hdf5 import Group, read_tree
from tinysnn.stimulus import Stimulus

# An event this fraction of a tick before a tick's start belongs to it: 3 * 1e-4 / 1e-4 < 3.
_TICK_SLACK = 1e-6


def read_nir_data(path: Path, wanted: Wanted) -> list[Stimulus]:
    """The clips of one observable of one node; see ``load_stimuli``."""
    root = read_tree(path, StimulusError)
    if _type(root) != "NIRGraphData":
        raise wanted.refuse("HDF5, but not NIR data", "Write it with nir.write_data, or use .npz.")
    name, observable = _choose(_observables(root, ""), wanted)
    kind = _type(observable)
    if kind == "TimeGriddedData":
        clips = _gridded(observable, wanted)
    elif kind in ("EventData", "ValuedEventData"):
        clips = clips_from_events(_events(observable, wanted), wanted)
    else:
        raise wanted.refuse(f"{name!r} holds {kind or 'nothing known'}", "Use a current nir.")
    return stimuli(clips, path.stem, wanted)


def _type(group: Group) -> str:
    return str(group.attrs.get("__type__", ""))


def _observables(graph: Group, prefix: str) -> dict[str, Group]:
    """All observables by ``node/observable``; nodes of subgraphs as ``graph.node``."""
    found: dict[str, Group] = {}
    nodes = graph.members.get("nodes")
    for name, node in nodes.members.items() if isinstance(nodes, Group) else ():
        if not isinstance(node, Group):
            continue
        if _type(node) == "NIRGraphData":
            found.update(_observables(node, f"{prefix}{name}."))
            continue
        inside = node.members.get("observables")
        for key, item in inside.members.items() if isinstance(inside, Group) else ():
            if isinstance(item, Group):
                found[f"{prefix}{name}/{key}"] = item
    return found


def _choose(found: dict[str, Group], wanted: Wanted) -> tuple[str, Group]:
    """The observable that the key names, that of node ``input``, or the only one."""
    key = wanted.key
    names = [name for name in found if key in (None, name, name.rpartition("/")[0])]
    if key is None and len(names) > 1:
        names = [name for name in names if name.rpartition("/")[0] == "input"]
    if len(names) != 1:
        raise wanted.refuse(
            f"no observable {key!r}" if key else "no single observable that must be the input",
            f"Choose with FILE:NODE/OBSERVABLE; there are {', '.join(found) or 'none'}.",
        )
    return names[0], found[names[0]]


def _gridded(group: Group, wanted: Wanted) -> list[npt.NDArray[np.int8]]:
    dt_s = _number(group, "dt", wanted)
    if wanted.dt_s is not None and abs(dt_s / wanted.dt_s - 1.0) > 1e-6:
        raise wanted.refuse(
            f"ticks of {dt_s} s, but the network has ticks of {wanted.dt_s} s",
            "Bin the data again with the network's dt.",
        )
    data = _array(group, "data", wanted)
    if data.ndim != 3:
        raise wanted.refuse(f"data of shape {list(data.shape)}", "NIR data are [S, T, N].")
    return clips_from_raster(data, wanted)


def _events(group: Group, wanted: Wanted) -> Events:
    if wanted.dt_s is None:
        raise wanted.refuse("events in continuous time", "Say how long a tick is (dt_s).")
    n_neurons = _number(group, "n_neurons", wanted)
    if n_neurons != wanted.n_in:
        raise wanted.refuse(
            f"{n_neurons:g} inputs wide, but the network has {wanted.n_in} inputs",
            "Give the input this network was trained on.",
        )
    index, time = _array(group, "idx", wanted), _array(group, "time", wanted)
    value = _array(group, "value", wanted) if _type(group) == "ValuedEventData" else None
    shapes = {index.shape, time.shape, index.shape if value is None else value.shape}
    if len(shapes) != 1 or index.ndim != 2 or index.dtype.kind not in "iu":
        raise wanted.refuse("idx, time and value do not fit", "NIR data are [S, E] each.")
    n_ticks = _tick(np.asarray([_number(group, "t_max", wanted)]), wanted)
    clip, place = np.nonzero(index != -1)
    ones = np.ones(clip.size, dtype=np.int64)
    return Events(
        clip=clip,
        tick=_tick(time[clip, place], wanted),
        index=index[clip, place].astype(np.int64),
        value=ones if value is None else value[clip, place],
        n_ticks=(int(n_ticks[0]),) * index.shape[0],
    )


def _tick(time_s: npt.NDArray[Any], wanted: Wanted) -> npt.NDArray[np.int64]:
    """Index of the tick each time lies in, [E]."""
    ticks = np.floor(time_s / (wanted.dt_s or 1.0) + _TICK_SLACK)
    if not np.isfinite(ticks).all() or (ticks.size and np.abs(ticks).max() > 2**31):
        raise wanted.refuse("a time that is not finite or too late", "Correct times and dt_s.")
    return ticks.astype(np.int64)


def _number(group: Group, name: str, wanted: Wanted) -> float:
    try:
        value = float(group.attrs[name])
    except (KeyError, TypeError, ValueError) as exc:
        raise wanted.refuse(f"no number {name!r}", "Write the data again with nir.") from exc
    if not value > 0 or value == np.inf:
        raise wanted.refuse(f"{name} is {value}", "It must be above 0 and finite.")
    return value


def _array(group: Group, name: str, wanted: Wanted) -> npt.NDArray[Any]:
    value = group.members.get(name)
    if not isinstance(value, np.ndarray) or value.dtype == object:
        raise wanted.refuse(f"no numbers {name!r}", "Write the data again with nir.")
    return value
