"""Reads an HDF5 file into plain values, in a child process so that no damaged file can hang us."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from tinysnn.errors import TinysnnError

MAGIC = b"\x89HDF\r\n\x1a\n"
MAX_FILE_BYTES = 64 << 20
TIME_LIMIT_S = 30.0
_CHILD = """\
import json, sys
sys.path[:] = json.loads(sys.argv[1])
from tinysnn.load.hdf5_worker import main
main()
"""

Value: TypeAlias = "npt.NDArray[Any] | str"
Member: TypeAlias = "Group | Value"


@dataclass
class Group:
    """A group of the file: its members and attributes by name."""

    members: dict[str, Member] = field(default_factory=dict)
    attrs: dict[str, Any] = field(default_factory=dict)


def is_hdf5(path: Path) -> bool:
    """Whether the file begins with HDF5's signature."""
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


def read_bytes(path: Path, error: type[TinysnnError], *, limit: int = MAX_FILE_BYTES) -> bytes:
    """The content of a file of at most ``limit`` bytes; raises ``error`` otherwise."""
    try:
        if not path.is_file():
            raise error("no such file", where=str(path), fix="Check the path.")
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except (OSError, ValueError) as exc:
        raise error(f"cannot be read: {exc}", where=str(path), fix="Check the path.") from exc
    if len(data) > limit:
        raise error(f"larger than {limit >> 20} MiB", where=str(path), fix="Give a smaller file.")
    return data


def read_tree(path: Path, error: type[TinysnnError]) -> Group:
    """All groups, data sets and attributes of an HDF5 file.

    Arrays keep their dtype; strings become ``str``, string arrays object arrays of ``str``.

    Raises
    ------
    error
        The file is not HDF5, is damaged, too large, or uses a feature that is refused
        (``hdf5_worker`` says which).

    """
    data = read_bytes(path, error)
    if not data.startswith(MAGIC):
        raise error(
            "not an HDF5 file", where=str(path), fix="Export the network again (nir.write)."
        )
    answer = _ask_child(data)
    if "tree" in answer:
        return _group(answer["tree"])
    if "refused" in answer:
        name, what = answer["refused"]
        raise error(what, where=f"{path}: {name!r}", fix="Export the file again as plain HDF5.")
    reason = " ".join(str(answer["damaged"]).split())[:160]
    raise error(f"damaged HDF5 file ({reason})", where=str(path), fix="Copy or export it again.")


def _ask_child(data: bytes) -> dict[str, Any]:
    """What the child process says about the file; see ``hdf5_worker.main``."""
    import msgspec

    # -I: nothing of the current directory is imported but what this process would import
    command = [sys.executable, "-I", "-c", _CHILD, json.dumps([str(entry) for entry in sys.path])]
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    try:
        child = subprocess.run(
            command, input=data, capture_output=True, env=environment, timeout=TIME_LIMIT_S,
            check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return {"damaged": f"reading it did not end in {TIME_LIMIT_S:g} s"}
    except OSError as exc:
        return {"damaged": f"cannot start {sys.executable!r} to read it: {exc}"}
    if child.returncode != 0:
        last = child.stderr.decode("utf8", "replace").strip().splitlines()[-1:]
        return {"damaged": f"the reader ended with {child.returncode} {' '.join(last)}"}
    answer: dict[str, Any] = msgspec.msgpack.decode(child.stdout)
    return answer


def _group(tree: dict[str, Any]) -> Group:
    members = {name: _member(item) for name, item in tree["members"].items()}
    return Group(members, tree["attrs"])


def _member(item: Any) -> Member:
    if isinstance(item, str):
        return item
    if "members" in item:
        return _group(item)
    if "text" in item:
        text = np.empty(len(item["text"]), dtype=object)
        text[:] = item["text"]
        return text.reshape(item["shape"])
    array: npt.NDArray[Any] = np.frombuffer(item["bytes"], dtype=np.dtype(item["dtype"]))
    return array.reshape(item["shape"])
