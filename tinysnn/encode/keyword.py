"""One second of audio to graded input events of the keyword network: 50 ticks of 20 ms.

The streaming front end (`log_mel`) with the constants of the keyword network.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from tinysnn import front_end
from tinysnn.encode import log_mel
from tinysnn.errors import StimulusError
from tinysnn.front_end import LogMel
from tinysnn.stimulus import Stimulus

SAMPLE_RATE_HZ = log_mel.SAMPLE_RATE_HZ
CLIP_SAMPLES = 16_000
TICKS = 50
BANDS = front_end.BANDS
TICK_S = 0.02
INPUT_SCALE = 1 / 32
"""Real value of one step of an event, as the network was trained: 127 steps are about 4."""

EAR = LogMel(
    quietest=1664,
    shape=(
        *(-610, -279, -171, -71, 206, 385, 491, 499, 431, 345, 247, 193, 138, 125, 99, 52),
        *(-13, -1, 114, 229, 251, 227, 214, 183, 79, -86, -246, -407, -587, -656, -646, -735),
    ),
)
"""`shape`: mean level over the training clips wherever a word is heard."""
INPUTS = BANDS * EAR.context_ticks


def encode_clip(samples: npt.NDArray[Any]) -> npt.NDArray[np.int8]:
    """Encode one clip, with silence before and after it.

    Parameters
    ----------
    samples: int16 ``[16000]``, one second at 16 kHz, mono.

    Returns
    -------
    int8 ``[50, 128]`` (tick, band now, one, two, three ticks ago), values 0..127; 0 is no event.

    Raises
    ------
    StimulusError: another shape or dtype.
    """
    if samples.shape != (CLIP_SAMPLES,) or samples.dtype != np.int16:
        raise StimulusError(
            f"a clip must be int16 [{CLIP_SAMPLES}], this is {samples.dtype} {list(samples.shape)}",
            fix="Give one second of mono audio at 16 kHz.",
        )
    return log_mel.events(log_mel.levels(_with_silence(samples)), EAR)


def heard(samples: npt.NDArray[Any], name: str = "", label: int | None = None) -> Stimulus:
    """A clip as raw samples for a device with a front end, with the events it is to make of them.

    Parameters and errors as `encode_clip`.
    """
    return Stimulus(encode_clip(samples), name, label, _with_silence(samples))


def _with_silence(samples: npt.NDArray[Any]) -> npt.NDArray[np.int16]:
    """The clip and what has to follow until its last events come out."""
    after = np.zeros(EAR.lookahead_ticks * log_mel.HOP, np.int16)
    return np.concatenate((samples, after))
