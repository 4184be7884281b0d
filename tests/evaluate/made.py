"""A device that is the reference, and a network of three classes with clips for it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tests.make_packs import make_layer, make_pack
from tinysnn.data.labelled import LabelledClips
from tinysnn.errors import DeviceError
from tinysnn.pack import Source
from tinysnn.reference import run as run_reference
from tinysnn.run.base import RunnerInfo
from tinysnn.stimulus import Stimulus


class ByReference:
    """A device that is the reference; lies about one output of the clips in `wrong`."""

    def __init__(self, pack, wrong=(), dies_at=None):
        self.pack, self.wrong, self.left = pack, wrong, dies_at
        self.info = RunnerInfo("fake", "none", "none", "none", 0, "instructions")

    def run(self, stimulus, keep_states=False):
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                raise DeviceError("the cable is out")
        trace = run_reference(self.pack, stimulus, keep_states=keep_states)
        counts = np.full(stimulus.n_ticks, 10, np.uint32)
        output = trace.output.copy()
        if stimulus.name in self.wrong:
            output[3, 1] += 1
        return replace(trace, output=output, counts=counts)

    def close(self):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


def made():
    """Three classes: each input drives the output of its number, one layer in between."""
    eye = np.eye(3, dtype=int) * 4
    hidden = make_layer(eye, theta=4)
    out = make_layer(eye, op="li", beta=65536, sources=[Source(0, 0, 3)])
    return make_pack(hidden, out, dt_s=0.01)


def clips_of(labels, predictions, n_ticks=6):
    """Clips that the pack of `made` takes for `predictions`."""
    stimuli = []
    for k, (label, seen) in enumerate(zip(labels, predictions, strict=True)):
        raster = np.zeros((n_ticks, 3), np.int8)
        raster[1:, seen] = 1
        stimuli.append(Stimulus(raster, f"clip {k}", label))
    return LabelledClips(tuple(stimuli), ("a", "b", "c"), "made")
