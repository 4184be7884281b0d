"""The view of a pack's front end, whichever it has."""

from __future__ import annotations

from tinysnn.front_end import LogMel
from tinysnn.pack import Pack
from tinysnn.views.log_mel import LogMelView, view_log_mel
from tinysnn.views.vibration import VibrationView, view_vibration

FrontEndView = LogMelView | VibrationView


def view_front_end(prefix: str, pack: Pack) -> FrontEndView | None:
    """The front end of a pack, with C names that begin with `prefix`; None if it has none."""
    ear = pack.front_end
    if ear is None:
        return None
    if isinstance(ear, LogMel):
        return view_log_mel(prefix, ear, graded=pack.graded_input)
    return view_vibration(prefix, ear, graded=pack.graded_input)
