"""What the MLCommons Tiny keyword model says about clips: targets for distillation.

The model is `kws_ref_model_float32.tflite` of MLCommons Tiny (a DS-CNN trained on some 85,000
clips); its features are those of its training script: 49 frames of 40 ms, 10 MFCC.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tinysnn.data.labels import KEYWORDS

MODEL = Path("tflite/mlcommons_tiny/kws/kws_ref_model_float32.tflite")
_LABELS = [
    "down",
    "go",
    "left",
    "no",
    "off",
    "on",
    "right",
    "stop",
    "up",
    "yes",
    "_silence_",
    "_unknown_",
]
_FRAME, _HOP, _FFT, _BANDS, _COEFFICIENTS = 640, 320, 1024, 40, 10
_LOW_HZ, _HIGH_HZ, _RATE_HZ = 20.0, 4000.0, 16_000
Floats = npt.NDArray[np.float32]


class Teacher:
    """The model, one clip at a time."""

    def __init__(self, data_dir: Path) -> None:
        from ai_edge_litert.interpreter import Interpreter

        self.model = Interpreter(str(data_dir / MODEL), num_threads=1)
        self.model.allocate_tensors()
        self.entry: dict[str, Any] = self.model.get_input_details()[0]
        self.exit: dict[str, Any] = self.model.get_output_details()[0]
        self.order = [_LABELS.index(word) for word in KEYWORDS]

    def posteriors(self, clips: npt.NDArray[np.int16]) -> Floats:
        """Probabilities ``[n, 12]`` in the order of KEYWORDS, of int16 ``[n, 16000]``."""
        return np.stack([self._posterior(clip) for clip in clips])

    def _posterior(self, clip: npt.NDArray[np.int16]) -> Floats:
        self.model.set_tensor(self.entry["index"], spectrum(clip).reshape(self.entry["shape"]))
        self.model.invoke()
        out: Floats = self.model.get_tensor(self.exit["index"])[0][self.order]
        return out


def spectrum(clip: npt.NDArray[np.int16]) -> Floats:
    """What the model takes of a clip: 49 frames of ten cepstral coefficients."""
    samples = clip / max(float(clip.max()), 1e-6)
    frames = np.lib.stride_tricks.sliding_window_view(samples, _FRAME)[::_HOP][:49]
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(_FRAME) / _FRAME)
    magnitude = np.abs(np.fft.rfft(frames * window, _FFT))
    logs = np.log(magnitude @ _filter_bank() + 1e-6)
    k = np.arange(_BANDS)
    angle = np.pi * np.outer(k + 0.5, np.arange(_COEFFICIENTS)) / _BANDS
    return np.asarray(logs @ (2 * np.cos(angle) / np.sqrt(2 * _BANDS)), np.float32)


def _filter_bank() -> npt.NDArray[np.float64]:
    low, high = (1127 * np.log1p(f / 700) for f in (_LOW_HZ, _HIGH_HZ))
    edges = np.linspace(low, high, _BANDS + 2)
    mel = 1127 * np.log1p(np.arange(_FFT // 2 + 1) * _RATE_HZ / _FFT / 700)
    up = (mel[:, None] - edges[:-2]) / (edges[1:-1] - edges[:-2])
    down = (edges[2:] - mel[:, None]) / (edges[2:] - edges[1:-1])
    bank: npt.NDArray[np.float64] = np.maximum(0, np.minimum(up, down))
    bank[0] = 0
    return bank
