from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import nir
import numpy as np
import pytest

from tinysnn.errors import StimulusError
from tinysnn.load import clips
from tinysnn.load.stimuli import load_stimuli

RASTER = np.random.default_rng(1).integers(0, 2, size=(3, 7, 5)).astype(np.uint8)


def save(tmp_path: Path, **arrays: Any) -> Path:
    path = tmp_path / "clips.npz"
    np.savez(path, **arrays)
    return path


def load(path: Path | str, n_in: int = 5, *, graded: bool = False, **more: Any):
    return load_stimuli(path, n_in=n_in, graded=graded, **more)


def refused(
    path: Path | str, *words: str, n_in: int = 5, graded: bool = False, **more: Any
) -> None:
    with pytest.raises(StimulusError) as caught:
        load(path, n_in, graded=graded, **more)
    text = str(caught.value)
    for word in ("clips", *words):
        assert word in text
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int8, np.int64, np.float32])
def test_raster_of_several_clips(tmp_path: Path, dtype: type) -> None:
    labels = np.array([4, 0, 2])
    path = save(
        tmp_path, raster=RASTER.astype(dtype), labels=labels, names=np.array(["a", "b", "c"])
    )
    stimuli = load(path)
    assert [s.name for s in stimuli] == ["a", "b", "c"]
    assert [s.label for s in stimuli] == [4, 0, 2]
    for stimulus, clip in zip(stimuli, RASTER, strict=True):
        assert stimulus.raster.dtype == np.int8
        assert stimulus.n_ticks == 7
        np.testing.assert_array_equal(stimulus.raster, clip)


def test_one_clip(tmp_path: Path) -> None:
    (stimulus,) = load(save(tmp_path, raster=RASTER[0]))
    assert (stimulus.name, stimulus.label) == ("clips", None)


def test_key_in_the_path_or_apart(tmp_path: Path) -> None:
    path = save(tmp_path, in5=RASTER[0], in20=RASTER[1])
    np.testing.assert_array_equal(load(f"{path}:in20")[0].raster, RASTER[1])
    np.testing.assert_array_equal(load(path, key="in5")[0].raster, RASTER[0])
    assert load(f"{path}:in5")[0].name == "clips:in5"
    refused(path, "in5", "in20", "FILE:NAME")
    refused(f"{path}:in7", "in7", "in5")


def test_file_whose_name_has_a_colon(tmp_path: Path) -> None:
    path = tmp_path / "clips:in5"
    with path.open("wb") as file:
        np.savez(file, raster=RASTER[0])
    assert len(load(path)) == 1


def test_the_only_array_is_the_raster(tmp_path: Path) -> None:
    assert len(load(save(tmp_path, spikes=RASTER))) == 3


def test_graded_values(tmp_path: Path) -> None:
    raster = np.array([[-128, 0, 127, 1, -1]])
    path = save(tmp_path, raster=raster)
    np.testing.assert_array_equal(load(path, graded=True)[0].raster, raster)
    refused(path, "-128 to 127", "0 or 1")


@pytest.mark.parametrize(
    ("raster", "words"),
    [
        (np.zeros((7, 4), bool), ("4 inputs wide", "5 inputs")),
        (np.zeros((2, 7, 6), bool), ("6 inputs wide", "5 inputs")),
        (np.zeros(5, bool), ("shape [5]",)),
        (np.zeros((1, 1, 7, 5), bool), ("shape [1, 1, 7, 5]",)),
        (np.zeros((0, 5), bool), ("shape [0, 5]",)),
        (np.full((7, 5), 2), ("2 to 2", "0 or 1")),
        (np.full((7, 5), -1), ("-1 to -1",)),
        (np.full((7, 5), 0.5), ("whole",)),
        (np.full((7, 5), np.nan), ("whole",)),
        (np.full((7, 5), np.inf), ("inf",)),
        (np.full((7, 5), 1j), ("complex",)),
        (np.full((7, 5), "x"), ("<U1",)),
    ],
)
def test_wrong_raster(tmp_path: Path, raster: np.ndarray, words: tuple[str, ...]) -> None:
    refused(save(tmp_path, raster=raster), *words)


def test_graded_values_outside_int8(tmp_path: Path) -> None:
    refused(save(tmp_path, raster=np.full((7, 5), 128)), "128 to 128", "int8", graded=True)
    refused(save(tmp_path, raster=np.full((7, 5), -129.0)), "-129.0", graded=True)


@pytest.mark.parametrize(
    ("name", "value"),
    [("labels", np.zeros(2, int)), ("names", np.array(["a"])), ("labels", np.zeros(3))],
)
def test_wrong_labels_or_names(tmp_path: Path, name: str, value: np.ndarray) -> None:
    refused(save(tmp_path, raster=RASTER, **{name: value}), name)


def test_too_many_values(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clips, "MAX_VALUES", RASTER.size - 1)
    refused(save(tmp_path, raster=RASTER), str(RASTER.size))


def test_pickles_are_not_executed(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (tmp_path / "executed",))

    path = tmp_path / "clips.npz"
    np.savez(path, raster=np.array([Trap()], dtype=object), allow_pickle=True)
    refused(path, "pickle")
    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"hello", bytes(1000)])
def test_not_an_npz(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "clips.npz"
    path.write_bytes(data)
    refused(path, "not a .npz")


def test_missing_file(tmp_path: Path) -> None:
    refused(tmp_path / "clips.npz", "no such file")
    refused(tmp_path / "clips.npz:in5", "no such file")


def test_damaged_npz_never_escapes_as_another_error(tmp_path: Path) -> None:
    data = save(tmp_path, raster=RASTER, labels=np.arange(3)).read_bytes()
    path = tmp_path / "clips.npz"
    random = np.random.default_rng(11)
    refusals = 0
    for k in range(400):
        bad = bytearray(data[: k * len(data) // 100] if k < 100 else data)
        for place in random.integers(0, max(1, len(bad)), size=4 if k >= 100 else 0):
            bad[place] = random.integers(0, 256)
        path.write_bytes(bad)
        try:
            load(path)
        except StimulusError:
            refusals += 1
    assert refusals > 150


EVENTS: dict[str, Any] = {
    "t": np.array([0, 0, 3, 1]),
    "index": np.array([1, 4, 0, 2]),
    "clip": np.array([0, 0, 0, 1]),
    "n_ticks": np.array([5, 2]),
}


def test_event_list(tmp_path: Path) -> None:
    first, second = load(save(tmp_path, **EVENTS, labels=np.array([7, 8])))
    assert first.raster.shape == (5, 5)
    assert second.raster.shape == (2, 5)
    assert np.argwhere(first.raster).tolist() == [[0, 1], [0, 4], [3, 0]]
    assert np.argwhere(second.raster).tolist() == [[1, 2]]
    assert (first.label, second.label) == (7, 8)


def test_event_list_with_values(tmp_path: Path) -> None:
    arrays = {**EVENTS, "value": np.array([3, -4, 127, -128])}
    path = save(tmp_path, **arrays)
    first, second = load(path, graded=True)
    assert first.raster[0].tolist() == [0, 3, 0, 0, -4]
    assert second.raster[1, 2] == -128
    refused(path, "-128 to 127")


def test_event_list_of_one_clip_without_events(tmp_path: Path) -> None:
    none = np.zeros(0, int)
    (stimulus,) = load(save(tmp_path, t=none, index=none, n_ticks=np.array(4)))
    assert stimulus.raster.shape == (4, 5)
    assert not stimulus.raster.any()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"t": np.array([3, 0, 3, 1])}, ("order",)),
        ({"clip": np.array([1, 0, 0, 1])}, ("order",)),
        ({"t": np.array([0, 0, 5, 1])}, ("event 2", "tick 5", "0 to 4")),
        ({"t": np.array([-1, 0, 3, 1])}, ("tick -1",)),
        ({"index": np.array([1, 5, 0, 2])}, ("event 1", "index 5", "0 to 4")),
        ({"index": np.array([1, 4, -1, 2])}, ("index -1",)),
        ({"clip": np.array([0, 0, 0, 2])}, ("clip 2", "0 to 1")),
        ({"index": np.array([1, 1, 0, 2])}, ("1 events share",)),
        ({"index": np.array([1, 4, 0])}, ("shapes",)),
        ({"t": np.array([0.0, 0, 3, 1])}, ("t of type float64",)),
        ({"t": np.array([0, 0, 3, 2**62])}, ("32 bits",)),
        ({"n_ticks": np.array([5, 0])}, ("without ticks",)),
        ({"n_ticks": np.array([5, 1 << 30])}, ("fewer clips",)),
    ],
)
def test_wrong_event_list(tmp_path: Path, change: dict[str, Any], words: tuple[str, ...]) -> None:
    refused(save(tmp_path, **{**EVENTS, **change}), *words)


def test_event_list_without_n_ticks(tmp_path: Path) -> None:
    arrays = {key: value for key, value in EVENTS.items() if key != "n_ticks"}
    refused(save(tmp_path, **arrays), "n_ticks")


DT = 1e-4


def container(tmp_path: Path, **nodes: dict[str, Any]) -> Path:
    path = tmp_path / "clips.h5"
    data = {name: nir.NIRNodeData(observables) for name, observables in nodes.items()}
    nir.write_data(path, nir.NIRGraphData(data))
    return path


def gridded(data: Any = None) -> nir.TimeGriddedData:
    return nir.TimeGriddedData(RASTER.astype(bool) if data is None else data, DT)


def test_nir_gridded_data(tmp_path: Path) -> None:
    path = container(tmp_path, input={"spikes": gridded()}, lif={"v": gridded()})
    for stimuli in (load(path), load(path, dt_s=DT), load(f"{path}:input"), load(f"{path}:lif/v")):
        assert len(stimuli) == 3
        np.testing.assert_array_equal(np.stack([s.raster for s in stimuli]), RASTER)


def test_nir_events_are_what_the_grid_says(tmp_path: Path) -> None:
    events = gridded().to_event(n_events=40)
    stimuli = load(container(tmp_path, input={"spikes": events}), dt_s=DT)
    np.testing.assert_array_equal(np.stack([s.raster for s in stimuli]), RASTER)


def test_nir_valued_events(tmp_path: Path) -> None:
    index, time = np.array([[2, -1]]), np.array([[3e-4, np.inf]])
    events = nir.ValuedEventData(idx=index, time=time, n_neurons=5, t_max=7e-4,
                                 value=np.array([[-9.0, np.nan]]))  # fmt: skip
    path = container(tmp_path, input={"x": events})
    (stimulus,) = load(path, graded=True, dt_s=DT)
    assert np.argwhere(stimulus.raster).tolist() == [[3, 2]]
    assert stimulus.raster[3, 2] == -9


def test_nir_refusals(tmp_path: Path) -> None:
    grid = container(tmp_path, input={"spikes": gridded()})
    refused(grid, "5 inputs wide", "6 inputs", n_in=6)
    refused(grid, "0.0001", "0.001", dt_s=1e-3)
    refused(f"{grid}:ghost", "ghost", "input/spikes")
    refused(container(tmp_path, a={"s": gridded()}, b={"s": gridded()}), "a/s, b/s")
    refused(container(tmp_path, a={"v": gridded(RASTER * 0.3)}), "whole")
    events = container(tmp_path, input={"spikes": gridded().to_event(40)})
    refused(events, "dt_s")
    refused(events, "5 inputs wide", n_in=4, dt_s=DT)
    refused(events, "share", dt_s=3.5e-4)
    refused(events, "without ticks", dt_s=1e-3)


def test_hdf5_that_is_no_nir_data(tmp_path: Path) -> None:
    path = tmp_path / "clips.h5"
    with h5py.File(path, "w") as file:
        file["x"] = 1
    refused(path, "not NIR data")


@pytest.mark.parametrize("change", ["no data", "text", "no dt", "bad dt", "rank", "type"])
def test_damaged_nir_data(tmp_path: Path, change: str) -> None:
    path = container(tmp_path, input={"spikes": gridded()})
    with h5py.File(path, "a") as file:
        group = file["nodes/input/observables/spikes"]
        if change in ("no data", "text", "rank"):
            del group["data"]
        if change == "text":
            group["data"] = "spikes"
        elif change == "rank":
            group["data"] = np.zeros((7, 5))
        elif change == "no dt":
            del group.attrs["dt"]
        elif change == "bad dt":
            group.attrs["dt"] = -1.0
        elif change == "type":
            group.attrs["__type__"] = "Pickle"
    refused(path)
