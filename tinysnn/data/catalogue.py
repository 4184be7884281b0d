"""The data sets that tinysnn knows: where they come from, under which licence, where they lie."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from tinysnn.data import speech_commands as official
from tinysnn.data.download import RemoteFile, fetch_all
from tinysnn.data.speech_commands import cache_dir
from tinysnn.errors import OptionError

Progress = Callable[[int, int], None]
DOWNLOADS = "downloads"
"""Folder of the cache for files as they were published, until they are put into the layout."""
_CASE = "https://engineering.case.edu/sites/default/files/"
_MENDELEY = "https://data.mendeley.com/public-files/datasets/468j46mzdv/files/"


@dataclass(frozen=True)
class DataSet:
    """One data set."""

    name: str
    content: str
    licence: str
    home: str
    """Page of those who publish it."""
    place: Path
    """Where it lies in a folder of recordings (docs/data.md), and in the cache once fetched."""
    arrange: str | None = None
    """Module whose function ``arrange`` puts what was fetched into that layout; None: as it is."""


SETS = (
    DataSet(
        "speech-commands",
        "Google Speech Commands v0.02, official test set, 12 classes, 16 kHz",
        "CC BY 4.0 (P. Warden, arXiv:1804.03209)",
        "https://arxiv.org/abs/1804.03209",
        Path("kws") / "speech_commands",
    ),
    DataSet(
        "fsdd",
        "Free Spoken Digit Dataset 1.0.9, digits 0 to 9, 2,500 recordings, 8 kHz",
        "CC BY-SA 4.0 (Z. Jackson and others)",
        "https://github.com/Jakobovski/free-spoken-digit-dataset",
        Path("kws") / "fsdd",
        "tinysnn.data.arrange_fsdd",
    ),
    DataSet(
        "cwru",
        "CWRU bearing faults, drive end, 12 kHz, loads of 0 to 2 hp, 45 recordings of 10 s",
        "published without a formal licence: cite the Case Western Reserve Bearing Data Center",
        "https://engineering.case.edu/bearingdatacenter",
        Path("vibration") / "cwru",
        "tinysnn.data.arrange_cwru",
    ),
    DataSet(
        "nmnist",
        "N-MNIST, official test set, 10,000 digits before an event camera",
        "CC BY-SA 4.0 (G. Orchard and others, 2015)",
        "https://www.garrickorchard.com/datasets/n-mnist",
        Path("events") / "nmnist",
        "tinysnn.data.arrange_nmnist",
    ),
)


def find(name: str) -> DataSet:
    """The data set of this name; OptionError if there is none."""
    for known in SETS:
        if known.name == name:
            return known
    raise OptionError(
        f"unknown data set {name!r}", fix=f"One of {', '.join(known.name for known in SETS)}."
    )


def files_of(name: str) -> tuple[RemoteFile, ...]:
    """The files that are fetched for it."""
    if name == "speech-commands":
        return (official.remote_file(),)
    if name == "fsdd":
        # The checksum that TensorFlow Datasets keeps for this address.
        return (
            RemoteFile(
                "https://github.com/Jakobovski/free-spoken-digit-dataset/archive/v1.0.9.tar.gz",
                "free-spoken-digit-dataset-1.0.9.tar.gz",
                "sha256:8bc44cde129d505cbbb6b365c09f80c663f2aa77578afc634e6141a2f87100c0",
                11_975_353,
            ),
        )
    if name == "nmnist":
        # The checksum that Tonic and SpikingJelly keep for this address.
        address = f"{_MENDELEY}05a4d654-7e03-4c15-bdfa-9bb2bcbea494/file_downloaded"
        return (RemoteFile(address, "nmnist-Test.zip", "md5:69ca8762b2fe404d9b9bad1103e97832"),)
    from tinysnn.data.arrange_cwru import recordings

    return tuple(
        RemoteFile(f"{_CASE}{r.number}.mat", f"cwru-{r.number}.mat", f"sha256:{r.sha256}", r.size)
        for r in recordings()
    )


def where(known: DataSet, data_dir: Path | None = None) -> Path | None:
    """Where it is here: in the named folder, else in the cache; None: nowhere.

    The folder is `data_dir`, else what ``TINYSNN_DATA`` names.
    """
    named = data_dir or os.environ.get("TINYSNN_DATA")
    for top in ([Path(named)] if named else []) + [cache_dir()]:
        if (top / known.place).is_dir():
            return top / known.place
    if known.arrange is None and official.archive_path().is_file():
        return official.archive_path()
    return None


def get(known: DataSet, progress: Progress | None = None) -> Path:
    """Fetch a data set, put it into its layout, and return where it lies.

    Raises
    ------
    ToolMissing: no network, or a package that reads its format is missing.
    StimulusError: a file is not what it should be.

    """
    target = cache_dir() / known.place
    if known.arrange is None:
        return fetch_all(files_of(known.name), cache_dir(), progress)[0]
    if not target.is_dir():
        paths = fetch_all(files_of(known.name), cache_dir() / DOWNLOADS, progress)
        import_module(known.arrange).arrange(paths, target)
    return target
