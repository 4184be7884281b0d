"""The front end for accelerometers: numpy against the generated C, and against what it is to do."""

from __future__ import annotations

import hashlib

import msgspec
import numpy as np
import numpy.typing as npt
import pytest

from tests.make_packs import make_layer, make_pack
from tests.tools import need
from tinysnn.deploy import deployed, pick_board
from tinysnn.encode import codes, vibration
from tinysnn.encode.rotation import magnitudes, rotation
from tinysnn.errors import OptionError, StimulusError
from tinysnn.front_end import Rotation, Vibration
from tinysnn.pack import Pack
from tinysnn.stimulus import Stimulus
from tinysnn.verify import verify

RATE_HZ = 200
BANDS = tuple(rotation(hz, 6, RATE_HZ) for hz in (5, 12, 20, 33, 47, 70, 94))
FAN = Vibration(axes=3, hop=20, dc_shift=5, bands=BANDS, relative="signal", floor=40)
ENVELOPE = Vibration(
    hop=48,
    dc_shift=0,
    source="envelope",
    carriers=(rotation(2500, 900, 12_000), rotation(800, 400, 12_000)),
    decimate=8,
    envelope_dc_shift=6,
    bands=tuple(rotation(hz, 12, 1500, gain=2) for hz in (107, 141, 162)),
    relative="all",
    shape=(9, -30, 0, 100, 0, -8000),
)
EARS = {
    "graded": FAN,
    "envelope": ENVELOPE,
    "delta": msgspec.structs.replace(FAN, code="delta", step_bits=6, relative="all"),
    "rate": msgspec.structs.replace(FAN, code="rate", step_bits=9),
    "latency": msgspec.structs.replace(FAN, code="latency", step_bits=5, frame_ticks=4),
    "population": msgspec.structs.replace(FAN, code="population", step_bits=7, thresholds=5),
    "raw": Vibration(axes=2, hop=30, dc_shift=3, source="raw", code="delta", step_bits=9),
    "full step": Vibration(
        hop=7,
        dc_shift=15,
        bands=(Rotation(32766, 0, 8, 0), Rotation(-23169, -23169, 2, 9)),
        code="delta",
        step_bits=0,
    ),
}
TICKS = 9
SHA256 = "8e2e9e1bb7a7abf799fce3a758df6ebdd2fee61070dc1ca6a1ba84a0a69146da"


def feeler(ear: Vibration, *, graded: bool) -> Pack:
    """Every input adds to one of two membranes with a weight of its own."""
    rows = (np.arange(2 * ear.n_in) * 37 % 255 - 127).reshape(-1, 2)
    layer = make_layer(rows, op="li", graded=graded, beta=60000, state_bits=32)
    return make_pack(layer, name="feeler", graded=graded, front_end=ear)


def motions(ear: Vibration) -> dict[str, npt.NDArray[np.int16]]:
    """Whatever is hard for 16 bits: both ends, silence, the smallest steps, jumps of the mean."""
    rng = np.random.default_rng(4)
    n = np.arange(TICKS * ear.samples_per_tick)
    noise = rng.integers(-32768, 32768, n.size)
    return {
        name: np.asarray(wave, np.int16)
        for name, wave in {
            "noise": noise,
            "square": np.where(n // 50 % 2, 32767, -32768),
            "nyquist": np.where(n // ear.axes % 2, 32767, -32768),
            "constant": np.full(n.size, -32768),
            "silence": np.zeros(n.size),
            "one": n % 2,
            "step": np.where(n < n.size // 2, 30000, -31000),
            "soft": noise >> 9,
        }.items()
    }


def clips(ear: Vibration, *, graded: bool = True) -> list[Stimulus]:
    motion = motions(ear).items()
    return [vibration.felt(wave, ear, name, graded=graded) for name, wave in motion]


@pytest.mark.parametrize("name", [*EARS, "full step with values"])
def test_the_library_feels_what_numpy_feels(name):
    need("cc")
    ear = EARS[name.partition(" with")[0]]
    graded = ear.needs_values or name.endswith("values")
    pack, felt = feeler(ear, graded=graded), clips(ear, graded=graded)
    with deployed([pack], runner="host", board=None) as device:
        report = verify(pack, device, felt, keep_states=True)

    assert sum(np.count_nonzero(stimulus.raster) for stimulus in felt) > 20
    assert report.mismatches == 0, report.first_divergence


@pytest.mark.parametrize(
    ("runner", "board", "name"),
    [
        ("unicorn", "generic_m4", "envelope"),
        pytest.param("unicorn", "generic_m0plus", "envelope", marks=pytest.mark.slow),
        pytest.param("qemu", "microbit", "graded", marks=pytest.mark.slow),
    ],
)
def test_devices_feel_what_numpy_feels(runner, board, name):
    need(runner)
    ear = EARS[name]
    pack, felt = feeler(ear, graded=ear.needs_values), clips(ear, graded=ear.needs_values)
    with deployed([pack], runner=runner, board=pick_board(runner, board)) as device:
        report = verify(pack, device, felt, keep_states=True)
        counts = device.run(felt[0]).front_counts

    assert report.mismatches == 0, report.first_divergence
    assert counts is not None
    assert counts.size == TICKS


def test_a_wrong_front_end_is_noticed():
    """The comparison is not blind: other events than the device's are a difference."""
    need("cc")
    pack, noise = feeler(FAN, graded=True), clips(FAN)[0]
    raster = noise.raster.copy()
    raster[5, 3] ^= 1
    with deployed([pack], runner="host", board=None) as device:
        report = verify(pack, device, [Stimulus(raster, samples=noise.samples)])

    assert report.first_divergence is not None
    assert report.first_divergence.divergence.tick == 5


def test_these_bytes_on_every_machine():
    """Events of a triangle wave that rises in pitch, through the codes and both kinds of bands."""
    n = np.arange(60 * 48, dtype=np.int64)
    wave = (np.abs(((n * n >> 4) & 8191) - 4096) - 2048).astype(np.int16)
    every = b"".join(
        vibration.encode(wave[: n.size // k * k], ear).tobytes()
        for ear in EARS.values()
        for k in [ear.samples_per_tick]
    )

    assert hashlib.sha256(every).hexdigest() == SHA256


def test_a_rotation_passes_its_band():
    """On its frequency about the amplitude that enters; 3 dB less at the edges; little far off."""
    n = np.arange(1000)
    found = []
    for hz in (40, 37, 43, 80):
        tone = np.rint(4000 * np.sin(2 * np.pi * hz * n / RATE_HZ)).astype(np.int16)
        band = rotation(40, 6, RATE_HZ)
        found.append(magnitudes(tone, (band,), 100)[5:].mean() / 100)

    scale = 2 * (1 - np.hypot(band.cos, band.sin) / 32768) * 2.0 ** (band.down - band.up)
    middle, low, high, far = np.array(found) / 4000 * scale
    assert 0.9 < middle < 1.1
    assert np.array((low, high)) / middle == pytest.approx(np.sqrt(0.5), abs=0.06)
    assert far < middle / 8


def test_gain_and_mean_make_no_difference():
    """Relative levels of a machine do not change with its loudness or the sensor's tilt."""
    rng = np.random.default_rng(2)
    motion = rng.normal(0, 900, (60 * FAN.hop, 3))
    tilted = (2 * motion + (300, -2000, 5000)).astype(np.int16)
    soft, loud = (
        vibration.encode(m.ravel(), FAN).astype(int) for m in (motion.astype(np.int16), tilted)
    )

    assert np.abs(soft).mean() > 2
    assert np.abs(soft[10:] - loud[10:]).mean() < 0.3


def test_codes_say_what_the_levels_are():
    """Four ticks of two channels, by hand."""
    level = np.array([[0, 96], [70, 40], [70, 300], [-5, 31]], np.int32)
    step = {"step_bits": 5, "relative": "none"}

    def of(code, **more):
        ear = msgspec.structs.replace(FAN, code=code, **step, **more)
        return codes.events(level, ear.level_code).tolist()

    assert of("graded") == [[0, 3], [2, 1], [2, 9], [0, 1]]
    assert of("delta") == [[0, 0, 0, 0], [2, 0, 0, 1], [0, 0, 7, 0], [0, 2, 0, 8]]
    assert of("rate") == [[0, 1], [1, 1], [1, 1], [0, 0]]
    assert of("latency", frame_ticks=4) == [[0, 0], [0, 1], [0, 0], [0, 0]]
    assert of("population", thresholds=3) == [
        [0, 0, 0, 1, 1, 1],
        [1, 1, 0, 1, 0, 0],
        [1, 1, 0, 1, 1, 1],
        [0, 0, 0, 0, 0, 0],
    ]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"hop": 1000}, "samples in a tick"),
        ({"bands": ()}, "bands, unless"),
        ({"source": "envelope"}, "carriers"),
        ({"decimate": 2}, "`decimate`"),
        ({"source": "raw", "bands": ()}, "code delta"),
        ({"shape": (1, 2)}, "one shape"),
        ({"bands": BANDS * 9, "carriers": BANDS[:2], "source": "envelope"}, "channels"),
        ({"bands": ((32767, 5000, 0, 0),)}, "radius"),
        ({"axes": 4}, "axes"),
    ],
)
def test_what_makes_no_sense_is_refused(fields, words):
    plain = msgspec.to_builtins(FAN)
    with pytest.raises(msgspec.ValidationError, match=words):
        msgspec.convert({**plain, **fields}, Vibration)


@pytest.mark.parametrize("band", [(0, 5), (100, 5), (40, 0), (40, 0.001), (float("nan"), 5)])
def test_impossible_bands_are_refused(band):
    with pytest.raises(OptionError, match="no band"):
        rotation(*band, RATE_HZ)


@pytest.mark.parametrize("samples", [np.zeros(59, np.int16), np.zeros(60)])
def test_other_shapes_and_types_are_refused(samples):
    with pytest.raises(StimulusError, match="int16"):
        vibration.encode(samples, FAN)
