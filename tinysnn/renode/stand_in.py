"""The board that Renode runs in place of one that it has no model of: the same core, no more."""

from __future__ import annotations

import msgspec

from tinysnn.boards import Board, list_boards
from tinysnn.errors import BoardError

NO_MODEL = {
    "cortex-m55": "Renode's Cortex-M55 lacks parts of the vector extension that its kernels use; "
    "run it on QEMU: --on qemu --board mps3_an547."
}
"""Cores that Renode runs wrongly, and what to do instead."""


def renode_board(board: Board) -> Board:
    """The board itself if Renode models it, else the generic board of its core.

    The generic board has the memories' sizes of the real one, so that an image that does not fit
    is refused all the same. What it computes is the same: the kernels depend on the core alone.

    Raises
    ------
    BoardError: Renode cannot run this core.

    """
    if board.core in NO_MODEL:
        raise BoardError(
            f"Renode cannot run a {board.core}", where=board.id, fix=NO_MODEL[board.core]
        )
    if board.renode is not None:
        return board
    for generic in list_boards():
        is_generic = generic.renode is not None and generic.renode.platform == "generic"
        if is_generic and generic.core == board.core:
            return msgspec.structs.replace(
                generic, flash_bytes=board.flash_bytes, ram_bytes=board.ram_bytes
            )
    raise BoardError(
        f"neither this board nor a generic {board.core} is known to Renode",
        where=board.id,
        fix="Add a board file with [renode] platform 'generic' and a pl011 UART.",
    )
