"""Finds Renode on this machine."""

from __future__ import annotations

import os
import shlex
import shutil

from tinysnn.errors import ToolMissing


def find_renode() -> list[str]:
    """Command of Renode: `RENODE` (a path, or a command line), else `renode` on PATH.

    Raises
    ------
    ToolMissing: neither is there.

    """
    named = shlex.split(os.environ.get("RENODE", ""))
    found = shutil.which(named[0] if named else "renode")
    if found is None:
        what = f"RENODE names {named[0]!r}, which is not a program" if named else "no `renode` here"
        raise ToolMissing(
            what, fix="Get it from renode.io (it is in no registry) and put it on PATH or in RENODE"
        )
    return [found, *named[1:]]
