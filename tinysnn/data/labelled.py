"""Clips of a named data set as input of a network: what `tinysnn evaluate --dataset` reads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from tinysnn.errors import OptionError, StimulusError

if TYPE_CHECKING:
    from tinysnn.pack import Pack
    from tinysnn.stimulus import Stimulus

Progress = Callable[[int, int], None]
READERS = {
    "speech-commands": "tinysnn.data.keyword_events",
    "fsdd": "tinysnn.data.fsdd",
    "nmnist": "tinysnn.data.nmnist",
}
"""Module of each data set; its function ``read`` gives the clips."""


@dataclass(frozen=True, eq=False)
class LabelledClips:
    """Clips, encoded, with their classes."""

    stimuli: Sequence[Stimulus]
    """Each with a label, an index into `classes`, or None."""
    classes: tuple[str, ...]
    source: str
    """Where they come from, for people."""


def read_labelled(
    dataset: str,
    split: str,
    data_dir: Path | None = None,
    limit: int | None = None,
    progress: Progress | None = None,
) -> LabelledClips:
    """Read and encode the clips of a split.

    Parameters
    ----------
    dataset: one of `READERS`.
    split: training, validation or testing.
    data_dir: folder of recordings; None: ``TINYSNN_DATA``, else what `tinysnn data get` fetched.
    limit: at most so many clips, from the classes in turn; None: all.
    progress: called with clips encoded and clips in all.

    Raises
    ------
    OptionError: an unknown data set.
    StimulusError: an unknown split, or data that are not there or cannot be read.

    """
    if dataset not in READERS:
        raise OptionError(
            f"unknown data set {dataset!r}", where="--dataset", fix=f"One of {', '.join(READERS)}."
        )
    read = import_module(READERS[dataset]).read
    found: LabelledClips = read(split, data_dir, limit, progress)
    return found


def of_file(path: Path, pack: Pack, limit: int | None = None) -> LabelledClips:
    """Clips of an input file (as `tinysnn run` takes it); classes are the outputs' numbers.

    Raises
    ------
    StimulusError: the file cannot be read or does not fit, or a label is no output of the pack.

    """
    from tinysnn.load.stimuli import load_stimuli

    found = load_stimuli(path, n_in=pack.meta.n_in, graded=pack.graded_input, dt_s=pack.meta.dt_s)[
        :limit
    ]
    for clip in found:
        if clip.label is not None and not 0 <= clip.label < pack.n_out:
            raise StimulusError(
                f"clip {clip.name!r} has the label {clip.label} of {pack.n_out} outputs",
                where=str(path),
                fix="Labels are numbers of outputs, from 0.",
            )
    return LabelledClips(tuple(found), tuple(map(str, range(pack.n_out))), path.name)
