"""What the templates of the audio front end see: its constants and tables."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinysnn.encode import block_fft, log_mel
from tinysnn.front_end import BANDS, LogMel
from tinysnn.views.codes import HELD_WORDS
from tinysnn.views.table import TableView, smallest_type


@dataclass(frozen=True)
class LogMelView:
    """The front end of one model."""

    prefix: str
    words: str
    tables: tuple[TableView, ...]
    lookahead: int
    decay: int
    quietest: int
    below: int
    step_bits: int
    half_step: int
    context: int
    inputs: int
    first_bin: int
    graded: bool
    code: str
    """Empty: graded events with their context."""
    code_template: str
    held_words: str
    step: int
    frame_ticks: int
    thresholds: int
    source: str = "bands"
    hop: int = log_mel.HOP
    window: int = log_mel.WINDOW
    half: int = log_mel.WINDOW // 2
    kept: int = log_mel.WINDOW - log_mel.HOP
    bands: int = BANDS
    power_bits: int = log_mel.POWER_BITS
    floor: int = log_mel.FLOOR
    max_shift: int = log_mel.MAX_SHIFT
    data_bits: int = log_mel.DATA_BITS
    mel_bits: int = log_mel.MEL_BITS
    rate_hz: int = log_mel.SAMPLE_RATE_HZ
    samples: int = log_mel.HOP
    template: str = "encode/log_mel.c.jinja"
    rotates: bool = False
    header_template: str = "encode/log_mel.h.jinja"


def view_log_mel(prefix: str, ear: LogMel, *, graded: bool) -> LogMelView:
    """View of the front end whose C names begin with `prefix`; `graded`: events have values."""
    how = ear.level_code
    slopes, hann = _slopes(), log_mel.hann()
    cos, sin = block_fft.twiddles(block_fft.SIZE)
    named: dict[str, tuple[npt.NDArray[np.int64], str]] = {
        "hann": (_pairs(hann[0::2], hann[1::2]), "window, Q0.15, two samples a word, [256]"),
        "reversed": (_reversed(), "where four pairs of samples go in the transform, [64]"),
        "turns": (_pairs(cos, sin), "cos and sin of 2 pi k / 512, Q0.15, low and high half, [256]"),
        "edges": (slopes.edges, "first bin behind the centre of each band, [33]"),
        "falling": (slopes.falling, "weight of a bin in the band before, Q0.7"),
        "log": (log_mel.log_table(), "256 log2(1 + (k + 1/2) / 256), [256]"),
        "shape": (np.array(ear.shape, np.int64), "mean shape of speech, 1/256 octave, [32]"),
    }
    return LogMelView(
        prefix=prefix,
        words=f"{BANDS} log-mel bands every {log_mel.HOP} samples",
        tables=tuple(
            TableView(smallest_type(values), f"{prefix}_{name}", tuple(values.tolist()), doc)
            for name, (values, doc) in named.items()
        ),
        lookahead=ear.lookahead_ticks,
        decay=ear.decay,
        quietest=ear.quietest,
        below=ear.below,
        step_bits=ear.step_bits,
        half_step=1 << (ear.step_bits - 1),
        context=ear.context_ticks,
        inputs=ear.n_in,
        first_bin=slopes.first_bin,
        graded=graded,
        code=how.code if how else "",
        code_template=f"encode/codes/{how.code}.c.jinja" if how else "",
        held_words=HELD_WORDS.get(how.code, "") if how else "",
        step=1 << ear.step_bits,
        frame_ticks=how.frame_ticks if how else 0,
        thresholds=how.thresholds if how else 0,
    )


@dataclass(frozen=True)
class _Slopes:
    first_bin: int
    edges: npt.NDArray[np.int64]
    falling: npt.NDArray[np.int64]


def _slopes() -> _Slopes:
    """The triangles by bin: every bin is on one rising and one falling side, 128 together.

    Behind the last centre bins only fall; before the first one they only rise, and what they lack
    of 128 is of a band that nobody asks for.
    """
    spans = log_mel.triangles()
    first, last = spans[0][0], spans[-1][1]
    behind = log_mel.centres()
    falling = np.zeros(last - first, np.int64)
    for (low, _, weights), centre in zip(spans, behind, strict=True):
        falling[low - first : centre - first] = (1 << log_mel.MEL_BITS) - weights[: centre - low]
    low, high, weights = spans[-1]
    falling[behind[-1] - first : high - first] = weights[behind[-1] - low :]
    return _Slopes(first, np.array([*behind, last], np.int64), falling)


def _reversed() -> npt.NDArray[np.int64]:
    """Words n, n + 64, n + 128 and n + 192 of the window go to four places from here on."""
    return np.array([4 * int(f"{n:06b}"[::-1], 2) for n in range(64)], np.int64)


def _pairs(low: npt.NDArray[np.int32], high: npt.NDArray[np.int32]) -> npt.NDArray[np.int64]:
    """Two 16-bit values a word. The cosine of 0 does not fit and is never multiplied with."""
    words = (low & 0xFFFF) | ((high.astype(np.int64) & 0xFFFF) << 16)
    return words.astype(np.int64)
