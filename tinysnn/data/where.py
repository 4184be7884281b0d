"""Where recordings lie: the folder that the user names, else the cache that `data get` fills."""

from __future__ import annotations

import os
from pathlib import Path

from tinysnn.errors import StimulusError


def recordings(data_dir: Path | None, inside: Path, dataset: str) -> Path:
    """Folder `inside` of the recordings.

    Parameters
    ----------
    data_dir: what the user named; None: ``TINYSNN_DATA``, else the cache folder.
    inside: where the data set lies in it.
    dataset: its name, for the message.

    Raises
    ------
    StimulusError: it is not there. A folder that the user names is never replaced by another.

    """
    from tinysnn.data.speech_commands import cache_dir

    named = data_dir or os.environ.get("TINYSNN_DATA")
    folder = (Path(named) if named else cache_dir()) / inside
    if folder.is_dir():
        return folder
    fix = (
        f"The folder must hold {inside} (docs/data.md)."
        if named
        else f"Fetch it (tinysnn data get {dataset}) or name a folder with --data."
    )
    raise StimulusError(f"there is no {dataset} here", where=str(folder), fix=fix)
