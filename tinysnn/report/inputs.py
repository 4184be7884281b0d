"""The files of a report: packs, and the JSON of evaluations, brought together by digest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tinysnn.errors import OptionError
from tinysnn.evaluate.result import Evaluation, load_evaluation
from tinysnn.pack import Pack
from tinysnn.pack_file import load


@dataclass(frozen=True, eq=False)
class Subject:
    """One model and what was found of it."""

    name: str
    digest: str
    file: str
    """Name of the pack's file, or of the first evaluation's if there is no pack."""
    pack: Pack | None
    """None: only evaluations of it were given."""
    evaluations: tuple[Evaluation, ...]


def read_subjects(paths: Sequence[Path]) -> list[Subject]:
    """Read the files; models in the order in which they first appear.

    `.json` files are evaluations, all others packs.

    Raises
    ------
    PackError, StimulusError: a file cannot be read, or is neither.
    OptionError: no files, or one twice.

    """
    if not paths:
        raise OptionError("no pack and no evaluation", fix="Name at least one file.")
    packs: dict[str, tuple[str, Pack]] = {}
    found: dict[str, list[tuple[str, Evaluation]]] = {}
    for path in paths:
        if path.suffix.lower() == ".json":
            evaluation = load_evaluation(path)
            found.setdefault(evaluation.digest, []).append((path.name, evaluation))
        else:
            pack = load(path)
            if pack.digest in packs:
                raise OptionError("is the same pack as another file", where=str(path))
            packs[pack.digest] = (path.name, pack)
            found.setdefault(pack.digest, [])
    return [_subject(digest, packs.get(digest), entries) for digest, entries in found.items()]


def _subject(
    digest: str, pack: tuple[str, Pack] | None, entries: Sequence[tuple[str, Evaluation]]
) -> Subject:
    evaluations = tuple(evaluation for _, evaluation in entries)
    if pack is None:
        return Subject(evaluations[0].pack, digest, entries[0][0], None, evaluations)
    return Subject(pack[1].name, digest, pack[0], pack[1], evaluations)
