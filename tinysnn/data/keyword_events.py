"""Speech Commands as events: the clips of `tinysnn.data.keyword` through the keyword front end."""

from __future__ import annotations

from pathlib import Path

from tinysnn.data.keyword import keyword_clips
from tinysnn.data.labelled import LabelledClips, Progress
from tinysnn.data.labels import KEYWORDS
from tinysnn.encode.keyword import heard


def read(
    split: str, data_dir: Path | None, limit: int | None, progress: Progress | None
) -> LabelledClips:
    """Clips of int8 ``[50, 128]``, with the samples; see `tinysnn.data.labelled.read_labelled`."""
    spoken = keyword_clips(split, data_dir, limit)
    stimuli = []
    for clip, label in zip(spoken.clips, spoken.labels.tolist(), strict=True):
        stimuli.append(heard(clip, KEYWORDS[label], label))
        if progress is not None:
            progress(len(stimuli), len(spoken.clips))
    return LabelledClips(tuple(stimuli), KEYWORDS, spoken.source)
