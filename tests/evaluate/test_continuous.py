"""Listening without end: what is found, what is a false alarm, and where sound comes from."""

from __future__ import annotations

import json
import sys
import wave
from pathlib import Path
from types import SimpleNamespace

import msgspec
import numpy as np
import pytest

from tests.encode.test_front_end import clips, listener
from tests.tools import need
from tinysnn.cli import main
from tinysnn.data.scene import GAP_S, Scene, lay, noise_alone
from tinysnn.deploy import deployed, pick_board
from tinysnn.encode.log_mel import HOP
from tinysnn.errors import DeviceError, PackError, ToolMissing
from tinysnn.evaluate.continuous import Tally, tally, with_threshold
from tinysnn.listen import Heard, in_chunks, listen
from tinysnn.microphone import microphone
from tinysnn.pack_file import save
from tinysnn.reference import run
from tinysnn.seal import sealed


def word(time_s: float, number: int) -> Heard:
    return Heard(time_s, 0, "", number, 0, 1.0)


def test_every_decision_is_counted_once():
    scene = Scene(
        np.zeros(16_000 * 30, np.int16), np.array([2.0, 6.0, 10.0, 14.0]), np.array([1, 2, 9, 1])
    )
    said = [word(1.5, 1), word(3.0, 1), word(3.5, 1), word(7.0, 1), word(11.0, 2), word(20.0, 2)]

    got = tally(said, scene, silent=[9])

    assert got == Tally(
        30.0, words=3, found=1, wrong=1, others=1, on_others=1, elsewhere=3, delay_s=1.0
    )
    assert got.false_alarms + got.found == len(said)
    assert (got + got).per_hour == got.per_hour == pytest.approx(5 * 120)


def test_clips_lie_where_the_scene_says_at_the_stated_ratio():
    rng = np.random.default_rng(3)
    tone = np.rint(900 * np.sin(np.arange(16_000))).astype(np.int16)
    noise = rng.integers(-50, 50, 8_000).astype(np.int16)

    scene = lay(np.stack([tone, tone // 9]), np.array([4, 7]), noise, 20.0, rng)

    assert sorted(scene.labels.tolist()) == [4, 7]
    assert np.all(np.diff(scene.starts_s) >= 1 + GAP_S[0])
    quiet = scene.samples[: int(scene.starts_s[0] * 16_000)].astype(float)
    for start in (scene.starts_s * 16_000).astype(int):
        loud = scene.samples[start : start + 16_000].astype(float)
        assert 10 * np.log10(loud.var() / quiet.var()) == pytest.approx(20, abs=0.5)
    assert noise_alone([noise], 30, rng).seconds == 30


@pytest.mark.parametrize(("runner", "board"), [("host", None), ("unicorn", "generic_m0plus")])
def test_sound_in_pieces_is_heard_as_the_reference_hears_the_whole(runner, board):
    need("cc" if runner == "host" else runner)
    pack, clip = listener(), clips()[-1]
    decisions = run(pack, clip).decisions
    assert decisions is not None
    assert clip.samples is not None
    late = clip.samples.size // HOP - len(decisions)
    wanted = [(t + late, *d) for t, d in enumerate(decisions.tolist()) if d[0] >= 0]

    with deployed([pack], runner=runner, board=pick_board(runner, board)) as device:
        for _ in range(2):  # and again from a reset
            pieces = np.split(clip.samples, [100, 101, 1300, 3200])
            found = list(listen(pack, device.listener(), pieces))
            assert [(h.tick, h.number, h.margin) for h in found] == wanted != []
    assert all(h.confidence >= 1 for h in found)
    assert sum(piece.size for piece in in_chunks(clip.samples)) == clip.samples.size


def test_thresholds_decide_who_is_reported():
    pack = with_threshold(listener(), 1000.0)
    decisions = run(pack, clips()[-1]).decisions
    assert decisions is not None
    assert (decisions[:, 0] == -1).all()


def test_a_pack_that_decides_nothing_is_refused():
    pack = listener()
    silent = sealed(msgspec.structs.replace(pack.meta, decision=msgspec.UNSET), pack.layers)
    with pytest.raises(PackError, match="decisions"):
        next(listen(silent, None, []))


def test_a_file_is_listened_to(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    need("cc")
    samples = clips()[-1].samples
    assert samples is not None
    with wave.open(str(tmp_path / "noise.wav"), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(samples.astype("<i2").tobytes())
    save(listener(), tmp_path / "listener.tsnn")
    arguments = ["listen", str(tmp_path / "listener.tsnn"), "--on", "host"]

    assert main.run([*arguments, "--wav", str(tmp_path / "noise.wav"), "--json", "-"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert lines
    assert all(line["confidence"] >= 1 for line in lines)

    (tmp_path / "text.wav").write_text("RIFF and nothing else")
    assert main.run([*arguments, "--wav", str(tmp_path / "text.wav")]) == 2
    assert main.run(arguments) == 2
    live = ["--microphone", "--on", "serial", "--board", "nucleo_f446re"]
    assert main.run([*arguments[:2], *live]) == 2
    assert "115200 baud carry 29% of" in capsys.readouterr().err
    assert "Traceback" not in capsys.readouterr().err


class Stream:
    """A microphone of the package's kind: a ramp, and once a loss."""

    def __init__(self, **options: object) -> None:
        assert (options["samplerate"], options["channels"]) == (16_000, 1)
        self.reads = 0

    def __enter__(self) -> Stream:  # noqa: PYI034 (typing.Self needs Python 3.11)
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def read(self, n: int) -> tuple[bytes, bool]:
        self.reads += 1
        return np.arange(n, dtype="<i2").tobytes(), self.reads == 2


def test_a_microphone_gives_so_many_seconds(monkeypatch: pytest.MonkeyPatch):
    package = SimpleNamespace(RawInputStream=Stream, PortAudioError=OSError)
    monkeypatch.setitem(sys.modules, "sounddevice", package)
    lost: list[int] = []

    sound = list(microphone(None, 0.25, lambda: lost.append(1)))

    assert [chunk.size for chunk in sound] == [1600, 1600, 800]
    assert lost == [1]


def test_a_missing_microphone_is_said_in_words(monkeypatch: pytest.MonkeyPatch):
    def refuse(**_: object) -> None:
        raise ValueError("no input device matching 'x'")

    package = SimpleNamespace(RawInputStream=refuse, PortAudioError=OSError)
    monkeypatch.setitem(sys.modules, "sounddevice", package)
    with pytest.raises(DeviceError, match="no input device"):
        next(microphone("x"))
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(ToolMissing, match="sounddevice"):
        next(microphone())
