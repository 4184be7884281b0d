"""What the templates of codes say of them, whichever front end they stand in."""

from __future__ import annotations

HELD_WORDS = {
    "delta": "what was last said of each channel",
    "rate": "what each channel has added up",
    "latency": "tick of the frame in which each channel spikes",
}
"""What is kept of each channel from tick to tick, where anything is."""
CODE_WORDS = {
    "graded": "the level of each channel",
    "delta": "steps up (even inputs) and down (odd inputs) since the last event",
    "rate": "spikes as often as the level is high",
    "latency": "one spike in a frame, the earlier the higher the level",
    "population": "a spike for each threshold that the level has reached",
}
"""What events mean."""
