"""Raw samples in, state and output out: the generated front end against the one in numpy."""

from __future__ import annotations

import msgspec
import numpy as np
import numpy.typing as npt
import pytest

from tests.make_packs import make_layer, make_pack
from tests.tools import need
from tinysnn.decision import Decision
from tinysnn.deploy import deployed, pick_board
from tinysnn.encode import log_mel
from tinysnn.front_end import LogMel
from tinysnn.pack import Pack
from tinysnn.stimulus import Stimulus
from tinysnn.verify import verify

EAR = LogMel(
    lookahead_ticks=3, context_ticks=2, decay=40, step_bits=4, shape=(-9,) * 16 + (30,) * 16
)
_CODED = msgspec.structs.replace(EAR, context_ticks=1)
CODED = {
    "delta": msgspec.structs.replace(_CODED, code="delta", step_bits=7),
    "rate": msgspec.structs.replace(_CODED, code="rate", step_bits=11),
    "latency": msgspec.structs.replace(_CODED, code="latency", step_bits=9, frame_ticks=4),
    "population": msgspec.structs.replace(_CODED, code="population", step_bits=9, thresholds=5),
}
DECISION = Decision(
    smooth=1, shift=-2, rest_ticks=1, thresholds=(30, 40), labels=("soft", 'loud "?"')
)
TICKS = 12


def listener(ear: LogMel = EAR, *, graded: bool = True) -> Pack:
    """Every input adds to two membranes with weights of its own."""
    rows = np.random.default_rng(5).integers(-64, 64, (ear.n_in, 2))
    layer = make_layer(rows, op="li", graded=graded, beta=20000, state_bits=32)
    return make_pack(layer, name="listener", graded=graded, front_end=ear, decision=DECISION)


def sounds() -> dict[str, npt.NDArray[np.int16]]:
    """Whatever is hard for 16 bits: both ends, silence, the smallest steps, a jump of level."""
    rng = np.random.default_rng(4)
    n = np.arange(TICKS * log_mel.HOP)
    noise = rng.integers(-32768, 32768, n.size)
    return {
        name: np.asarray(wave, np.int16)
        for name, wave in {
            "noise": noise,
            "square": np.where(n // 50 % 2, 32767, -32768),
            "nyquist": np.where(n % 2, 32767, -32768),
            "constant": np.full(n.size, -32768),
            "silence": np.zeros(n.size),
            "one": n % 2,
            "jump": np.where(n < n.size // 2, noise >> 12, noise),
        }.items()
    }


def clips(ear: LogMel = EAR, *, graded: bool = True) -> list[Stimulus]:
    found = {name: log_mel.events(log_mel.levels(wave), ear) for name, wave in sounds().items()}
    return [
        Stimulus(events if graded else np.minimum(events, 1), name, None, sounds()[name])
        for name, events in found.items()
    ]


@pytest.mark.parametrize(
    ("runner", "board"),
    [
        ("host", None),
        ("unicorn", "generic_m4"),
        ("unicorn", "generic_m0plus"),
        ("qemu", "netduinoplus2"),
        ("qemu", "microbit"),
    ],
)
def test_devices_hear_what_numpy_hears(runner, board):
    need({"host": "cc"}.get(runner, runner))
    pack = listener()
    with deployed([pack], runner=runner, board=pick_board(runner, board)) as device:
        report = verify(pack, device, clips(), keep_states=True)
        counts = device.run(clips()[0]).front_counts

    assert report.mismatches == 0, report.first_divergence
    if runner != "host":
        assert counts is not None
        assert counts.size == TICKS - EAR.lookahead_ticks


def test_a_wrong_front_end_is_noticed():
    """The comparison is not blind: other events than the device's are a difference."""
    need("cc")
    pack = listener()
    noise = clips()[0]
    raster = noise.raster.copy()
    raster[5, 3] ^= 1
    with deployed([pack], runner="host", board=None) as device:
        report = verify(pack, device, [Stimulus(raster, samples=noise.samples)])

    assert report.first_divergence is not None
    assert report.first_divergence.divergence.tick == 5


@pytest.mark.parametrize("graded", [False, True], ids=["spikes", "values"])
@pytest.mark.parametrize("code", CODED)
def test_every_code_of_the_levels(code, graded):
    need("cc")
    ear = CODED[code]
    pack, given = listener(ear, graded=graded), clips(ear, graded=graded)
    with deployed([pack], runner="host", board=None) as device:
        report = verify(pack, device, given, keep_states=True)

    assert sum(np.count_nonzero(stimulus.raster) for stimulus in given) > 100
    assert report.mismatches == 0, report.first_divergence


@pytest.mark.parametrize(
    ("code", "board"), [("delta", "generic_m0plus"), ("latency", "generic_m4")]
)
def test_codes_on_emulated_cores(code, board):
    need("unicorn")
    pack, given = listener(CODED[code], graded=False), clips(CODED[code], graded=False)
    with deployed([pack], runner="unicorn", board=pick_board("unicorn", board)) as device:
        report = verify(pack, device, given)

    assert report.mismatches == 0, report.first_divergence


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"code": "delta"}, "context_ticks is 1"),
        ({"code": "latency", "context_ticks": 1}, "frame_ticks"),
        ({"code": "rate", "context_ticks": 1, "thresholds": 3}, "thresholds"),
        ({"frame_ticks": 3}, "frame_ticks"),
        ({"code": "graded"}, "code"),
    ],
)
def test_codes_that_make_no_sense_are_refused(fields, words):
    with pytest.raises(msgspec.ValidationError, match=words):
        msgspec.convert(fields, LogMel)
