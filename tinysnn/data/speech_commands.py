"""The official Speech Commands v0.02 test archive: fetched once, read without unpacking.

The archive holds one folder per class with 16-bit WAV files of about a second. It is never
extracted: files are read from it in memory, so no name in it can lead anywhere.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import tarfile
from pathlib import Path, PurePosixPath

import numpy as np

from tinysnn.data.audio import Samples, one_second, read_wav
from tinysnn.data.download import Progress, RemoteFile, fetch_file
from tinysnn.data.labels import KEYWORDS, split_of
from tinysnn.errors import StimulusError

URL = "http://download.tensorflow.org/data/speech_commands_test_set_v0.02.tar.gz"
FILE_NAME = "speech_commands_test_set_v0.02.tar.gz"
SHA256 = "cc2a00c1147c2254e9be3fa0f779d8c17421dc349b86366567a8edfa9acd51df"
SIZE_BYTES = 112_563_277
MAX_MEMBERS = 20_000
MAX_MEMBER_BYTES = 200_000
_SPEAKER = re.compile(r"(?:^|_)([0-9a-f]{8})_nohash_\d+")


def cache_dir() -> Path:
    """Where fetched data lie: ``TINYSNN_CACHE``, else the user's cache folder."""
    named = os.environ.get("TINYSNN_CACHE")
    if named:
        return Path(named)
    import pooch

    return Path(pooch.os_cache("tinysnn"))


def archive_path() -> Path:
    """Where the archive is once fetched."""
    return cache_dir() / FILE_NAME


def fetch(progress: Progress | None = None) -> Path:
    """Download the archive unless it is here, check its SHA-256, and return its path.

    Raises
    ------
    ToolMissing: no network, or the server does not answer as it should; nothing is left behind.
    """
    return fetch_file(remote_file(), cache_dir(), progress)


def remote_file() -> RemoteFile:
    """The archive and its checksum."""
    return RemoteFile(URL, FILE_NAME, f"sha256:{SHA256}", SIZE_BYTES)


def read_archive(path: Path, split: str) -> tuple[Samples, list[int]]:
    """Clips int16 ``[n, 16000]`` and labels of one split, in the order of the file names.

    The whole archive is official test data, but the committed network was trained on some of its
    speakers: the same rule by speaker as in training decides (`tinysnn.data.labels.split_of`).
    """
    check_digest(path)
    found: list[tuple[str, int, Samples]] = []
    try:
        with tarfile.open(path, "r:gz") as archive:
            for count, member in enumerate(archive):
                if count >= MAX_MEMBERS:
                    raise StimulusError(f"holds more than {MAX_MEMBERS} files", where=str(path))
                label = member_label(member, split)
                if label is None:
                    continue
                data = archive.extractfile(member)
                content = data.read(MAX_MEMBER_BYTES) if data else b""
                clip = one_second(read_wav(io.BytesIO(content), f"{path}: {member.name}"))
                found.append((member.name, label, clip))
    except (tarfile.TarError, OSError, EOFError) as error:
        raise StimulusError(
            f"is no readable archive ({error})", where=str(path), fix="Fetch it again."
        ) from error
    found.sort(key=lambda item: item[0])
    clips = np.array([clip for *_, clip in found], np.int16).reshape(len(found), -1)
    return clips, [label for _, label, _ in found]


def member_label(member: tarfile.TarInfo, split: str) -> int | None:
    """Class of a member of the archive that belongs to `split`, None for any other member."""
    parts = PurePosixPath(member.name).parts
    if not member.isfile() or len(parts) != 2 or not parts[1].endswith(".wav"):
        return None
    folder, name = parts
    if folder not in KEYWORDS or member.size > MAX_MEMBER_BYTES:
        return None
    speaker = _SPEAKER.search(name)
    if speaker is None and folder != "_silence_":
        return None
    owner = name if speaker is None else speaker.group(1)
    return KEYWORDS.index(folder) if split_of(owner) == split else None


def check_digest(path: Path) -> None:
    """Refuse an archive that is not the published one."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    except OSError as error:
        raise StimulusError(f"cannot be read ({error})", where=str(path)) from error
    if digest.hexdigest() != SHA256:
        raise StimulusError(
            "is not the published archive (wrong SHA-256)",
            where=str(path),
            fix="Remove it and run `tinysnn data get speech-commands` again.",
        )
