"""Finds Renode on this machine."""

from __future__ import annotations

import os
import re
import shlex
import shutil

from tinysnn.errors import ToolMissing

FIRST_GOOD = (1, 16)
"""First release that sets the GE flags of SSUB16 and SADD16 by the sign, as the architecture says;
those before set them on overflow, so that SEL picks wrongly."""
NEEDS_GE = ("cortex-m4", "cortex-m7", "cortex-m33")
"""Cores whose kernels use these instructions."""


def check_release(said: str, core: str) -> None:
    """Refuse a release that is known to compute wrongly on a core.

    Parameters
    ----------
    said: what Renode wrote at its start; a text without its version is let through.

    Raises
    ------
    ToolMissing: the release is too old for the core.

    """
    match = re.search(r"Renode,? (?:version |v)(\d+)\.(\d+)", said)
    if match is None or core not in NEEDS_GE or (int(match[1]), int(match[2])) >= FIRST_GOOD:
        return
    raise ToolMissing(
        f"Renode {match[1]}.{match[2]} computes the packed instructions of a {core} wrongly",
        fix="Get 1.16 or newer from renode.io; cortex-m0 and cortex-m3 boards run on this one.",
    )


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
