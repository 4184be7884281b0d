"""Events in ticks as a file of input."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import numpy as np

from tinysnn.errors import StimulusError
from tinysnn.events.binning import Binned
from tinysnn.events.places import Grid
from tinysnn.events.stream import EventStream


def save_events(ready: Binned, stream: EventStream, grid: Grid, path: Path) -> None:
    """Write an event list (``t``, ``index``, ..) that ``load_stimuli`` reads; whole or not at all.

    Raises
    ------
    StimulusError
        The file cannot be written, or is not called ``.npz``.
    """
    if path.suffix != ".npz":
        raise StimulusError("is not called .npz", where=str(path), fix="Name it clips.npz.")
    arrays: dict[str, Any] = {
        "t": ready.tick.astype(np.int32),
        "index": ready.index.astype(np.int32),
        "value": ready.value.astype(np.int8),
        "clip": ready.clip.astype(np.int32),
        "n_ticks": np.array(ready.n_ticks, np.int32),
        "names": np.array(stream.names),
        "shape": np.array(grid.shape, np.int32),
    }
    if stream.labels:
        arrays["labels"] = np.array(stream.labels, np.int32)
    content = io.BytesIO()
    np.savez_compressed(content, **arrays)
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        partial.write_bytes(content.getvalue())
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise StimulusError(
            f"cannot be written ({error.strerror})", where=str(path), fix="Choose another -o."
        ) from error
