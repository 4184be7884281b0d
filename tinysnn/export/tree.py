"""Writing the files of an export: nothing that a user wrote or changed is lost.

``.tinysnn-export.json`` in the folder holds the hashes of what was written. A file that is not in
it, or has another hash, belongs to the user.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

import msgspec

from tinysnn.errors import OptionError

MANIFEST = ".tinysnn-export.json"
_SHOWN = 5


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an export wrote."""

    format: str
    files: dict[str, str]
    """SHA-256 in hexadecimal by path."""


def write_tree(
    folder: Path, kind: str, files: Mapping[str, str | bytes], *, replace: bool = False
) -> list[Path]:
    """Make `files` (by path relative to `folder`) be there; nothing is written if one is refused.

    Raises
    ------
    OptionError: a file is the user's and `replace` is not set; the folder is an export of another
        format; or the manifest cannot be read.

    """
    contents = {name: _bytes(content) for name, content in files.items()}
    _check_places(folder, contents)
    before = _read_manifest(folder)
    if before.files and before.format != kind and not replace:
        raise OptionError(
            f"holds an export of format {before.format}",
            where=str(folder),
            fix="Choose another folder, or add --force.",
        )
    stale = [name for name in before.files if name not in contents]
    touched = [name for name in (*contents, *stale) if _is_users(folder, name, contents, before)]
    if touched and not replace:
        more = f" and {len(touched) - _SHOWN} more" if len(touched) > _SHOWN else ""
        raise OptionError(
            f"would lose what you wrote in {', '.join(sorted(touched)[:_SHOWN])}{more}",
            where=str(folder),
            fix="Choose another folder, or add --force to have these files replaced.",
        )
    for name, content in contents.items():
        _replace(folder / name, content)
    for name in stale:
        (folder / name).unlink(missing_ok=True)
    hashes = {name: _hash(content) for name, content in sorted(contents.items())}
    text = json.dumps({"format": kind, "files": hashes}, indent=1) + "\n"
    _replace(folder / MANIFEST, text.encode())
    return [folder / name for name in contents]


def _check_places(folder: Path, names: Iterable[str]) -> None:
    """Refuse a folder in which a file is where a folder goes, or a folder where a file goes."""
    for name in names:
        for path in [folder / name, *(folder / name).parents]:
            if path.is_dir() if path == folder / name else path.exists() and not path.is_dir():
                what = "a folder" if path.is_dir() else "no folder"
                raise OptionError(f"is {what}", where=str(path), fix="Choose another -o.")


def _bytes(content: str | bytes) -> bytes:
    return content.encode() if isinstance(content, str) else content


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _is_users(folder: Path, name: str, contents: Mapping[str, bytes], before: Manifest) -> bool:
    """Whether a file is there that neither an export wrote nor would be the same after this one."""
    path = folder / name
    if not path.is_file():
        return False
    found = path.read_bytes()
    return found != contents.get(name) and _hash(found) != before.files.get(name)


def _replace(path: Path, content: bytes) -> None:
    """Write a file unless it says so already; never half of it."""
    if path.is_file() and path.read_bytes() == content:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.new")
    partial.write_bytes(content)
    partial.replace(path)


def _read_manifest(folder: Path) -> Manifest:
    path = folder / MANIFEST
    if not path.is_file():
        return Manifest("", {})
    try:
        manifest = msgspec.json.decode(path.read_bytes(), type=Manifest)
    except (OSError, msgspec.MsgspecError) as error:
        raise OptionError(f"cannot be read ({error})", where=str(path), fix="Delete it.") from None
    for name in manifest.files:
        parts = PurePosixPath(name)
        if parts.is_absolute() or ".." in parts.parts or "\\" in name or ":" in name:
            raise OptionError(
                f"names '{name}', outside of the folder", where=str(path), fix="Delete it."
            )
    return manifest
