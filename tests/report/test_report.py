"""The report: what it says, that it needs no network, and how it looks in a browser."""

from __future__ import annotations

import importlib.util
import re
from dataclasses import replace
from html.parser import HTMLParser

import msgspec
import numpy as np
import pytest

from tests.evaluate.made import ByReference, clips_of, made
from tests.make_packs import make_layer, make_pack
from tests.report.browser import layout, picture, svgs
from tests.tools import require
from tinysnn.cli.main import run as command
from tinysnn.errors import StimulusError
from tinysnn.evaluate import pool
from tinysnn.evaluate.evaluate import EvaluateOptions, evaluate
from tinysnn.evaluate.result import Device, Example, Memory, load_evaluation
from tinysnn.pack import Source
from tinysnn.pack_file import save
from tinysnn.report.groups import HARNESS, KERNELS, MODEL, START, STATE, group_of
from tinysnn.report.recording import record, stimulus_of
from tinysnn.stimulus import Stimulus

MEMORY = Memory(
    4000, 900, 300, 65536, 20480,
    {".text": 4000, ".bss": 900},
    {"tsnn_made_l0_rows": ("flash", 1200), "tsnn_made_step": ("flash", 400),
     "tsnn_rows8_s0_dsp": ("flash", 800), "tsnn_wire_receive": ("flash", 600),
     "tsnn_made_state": ("ram", 300), "tsnn_rx_payload": ("ram", 512)},
)  # fmt: skip
DEVICE = Device("unicorn", "generic_m4", "cortex-m4", "gcc 12", 64_000_000, "instructions", MEMORY)
NASTY = '<img src="http://x.invalid/a.png">$\\frac{$&'


@pytest.fixture(autouse=True)
def drawing():
    here = importlib.util.find_spec("matplotlib") is not None
    require("matplotlib", here, "matplotlib is not installed")


@pytest.fixture
def files(tmp_path, monkeypatch):
    """Two packs and their evaluations; the second device lies about one clip."""
    clips = clips_of([0, 1, 2] * 8, [0, 1, 2] * 7 + [0, 0, 2])
    eye = np.eye(3, dtype=int) * 4
    other = make_pack(
        make_layer(eye, theta=3, bits=4),
        make_layer(eye, op="li", beta=65536, bits=4, sources=[Source(0, 0, 3)]),
        name="narrow", dt_s=0.01,
    )  # fmt: skip
    for pack, wrong in ((made(), ()), (other, ("clip 5",))):
        device = ByReference(pack, wrong=wrong)
        monkeypatch.setattr(pool.Target, "open", lambda *_, device=device: device)
        found = evaluate(pack, clips, EvaluateOptions(jobs=1), dataset=NASTY, split="testing")
        profile = {"tsnn_rows8_s0_dsp": 900, "tsnn_made_step": 300, "tsnn_wire_receive": 200}
        found = msgspec.structs.replace(found, device=DEVICE, profile=profile)
        save(pack, tmp_path / f"{pack.name}.tsnn")
        (tmp_path / f"{pack.name}.json").write_bytes(msgspec.json.encode(found))
    return tmp_path


def report(folder, *names):
    output = folder / "report.html"
    assert command(["report", *(str(folder / name) for name in names), "-o", str(output)]) == 0
    return output


class _Check(HTMLParser):
    """Collects what a browser would fetch and whether every element is closed."""

    VOID = ("meta", "img", "br", "link", "hr")

    def __init__(self):
        super().__init__()
        self.stack, self.fetched = [], []

    def handle_starttag(self, tag, attrs):
        self.fetched += [v for k, v in attrs if k in ("src", "href", "srcset", "action", "data")]
        if tag not in self.VOID:
            self.stack.append(tag)

    def handle_endtag(self, tag):
        assert self.stack.pop() == tag


def test_page_of_one_model(files):
    text = report(files, "made.tsnn", "made.json").read_text()
    check = _Check()
    check.feed(text)
    assert check.stack == []
    assert check.fetched
    assert all(value.startswith("data:image/svg+xml;base64,") for value in check.fetched)
    assert "default-src 'none'" in text
    assert "bit for bit" in text
    assert "95.8 % (79.8 to 99.3)" in text
    assert "First divergence" not in text
    assert len(text) < 400_000
    for title in ("Spikes", "Membranes", "Firing rates", "Memory map", "Instructions by function",
                  "Instructions by layer", "Confusion matrix", "How to reproduce"):  # fmt: skip
        assert f">{title}" in text, title
    assert "Accuracy by bits" not in text
    reference = record(made(), Stimulus(clips_of([0], [0]).stimuli[0].raster))
    spikes = reference.layers[0].spikes
    assert spikes is not None
    assert f"cell0: {spikes.sum()} spikes" in "".join(svgs(text))


def test_energy_is_estimated_where_the_board_allows_it(files):
    path = files / "made.json"
    assert "energy, an estimate" in report(files, "made.json").read_text()
    for board, says in (("stm32f4_discovery", "pJ"), ("no_such_board", "not known")):
        found = load_evaluation(path)
        device = msgspec.structs.replace(found.device, board=board)
        path.write_bytes(msgspec.json.encode(msgspec.structs.replace(found, device=device)))
        energy = report(files, "made.json").read_text().split("energy, an estimate")[1]
        assert says in energy[:400]


def test_names_are_text_and_never_markup(files):
    text = report(files, "made.tsnn", "made.json").read_text()
    assert '<img src="http' not in text
    assert "&lt;img src=" in text


def test_same_files_give_the_same_page(files):
    first = report(files, "made.tsnn", "made.json").read_bytes()
    assert report(files, "made.tsnn", "made.json").read_bytes() == first


def test_page_of_two_models_with_a_divergence(files):
    names = ("made.tsnn", "made.json", "narrow.tsnn", "narrow.json")
    text = report(files, *names).read_text()
    assert "1 of 48 clips differ from the reference" in text
    assert "First: clip 5 (clip 5), tick 3" in text
    assert "output expected" in text
    assert "Accuracy by bits" in text
    charts = "".join(svgs(text))
    assert "made, 8 bit" in charts
    assert "narrow, 4 bit" in charts
    assert re.search(r"tinysnn evaluate narrow\.tsnn --dataset .* --limit 24 --on unicorn", text)


def test_a_pack_alone_and_an_evaluation_alone(files):
    alone = report(files, "made.tsnn").read_text()
    assert "Not run on a device" in alone
    assert "tinysnn inspect made.tsnn" in alone
    evaluated = report(files, "made.json").read_text()
    assert "Confusion matrix" in evaluated
    assert ">Membranes" not in evaluated


def test_in_a_browser(files):
    from matplotlib.image import imread

    page = report(files, "made.tsnn", "made.json", "narrow.tsnn", "narrow.json")
    found = layout(page, 1100, files)
    assert found["loaded"] == []
    assert len(found["images"]) == len(svgs(page.read_text())) > 10
    for natural, width, height in found["images"]:
        assert natural > 300
        assert 300 < width <= 1100
        assert height > 60
    assert found["wide"] == 0
    assert layout(page, 500, files)["wide"] == 0  # a narrow window scrolls tables, not the page

    picture(page, files / "page.png", 1100, min(found["height"], 8000))
    image = imread(files / "page.png")[..., :3]
    red_banner = (np.abs(image - np.array([0xFB, 0xEA, 0xE9]) / 255) < 0.01).all(axis=-1)
    assert red_banner[:300].sum() > 20_000
    blue = (np.abs(image - np.array([0x2F, 0x66, 0x90]) / 255) < 0.02).all(axis=-1)
    assert blue.sum() > 3_000  # bars, spikes and cells of the matrix
    ink = (image < 0.8).all(axis=-1)
    blank = np.flatnonzero(~ink.any(axis=1))
    runs = np.split(blank, np.flatnonzero(np.diff(blank) > 1) + 1)
    assert max(len(run) for run in runs) < 250  # no chart is an empty field


def test_membranes_are_in_the_units_of_the_file():
    layer = make_layer([[3]], theta=40, beta=65536, frac_bits=2, reset="none")
    scaled = replace(layer, scale=np.array([0.5]))
    found = record(make_pack(scaled), Stimulus(np.ones((3, 1), np.int8))).layers[0]
    assert found.membranes[:, 0].tolist() == [1.5, 3.0, 4.5]  # 3 steps of 0.5 a tick
    assert found.threshold is not None
    assert found.threshold.tolist() == [5.0]


@pytest.mark.parametrize(
    "example",
    [
        Example(0, 4, [4], [0], [1]),
        Example(0, 4, [0], [3], [1]),
        Example(0, 4, [0], [0], [300]),
        Example(0, 4, [0, 1], [0], [1]),
        Example(0, 1 << 40, [0], [0], [1]),
        Example(0, 4, [-1], [0], [1]),
    ],
)
def test_hostile_examples(example):
    with pytest.raises(StimulusError):
        stimulus_of(example, 3)


def test_parts_of_an_image():
    names = {
        "tsnn_made_l1_rows": "tables of layer b",
        "tsnn_made_l1_tick": MODEL,
        "tsnn_made_step": MODEL,
        "tsnn_rows8_s0_dsp": KERNELS,
        "tsnn_wire_receive": HARNESS,
        "memset": START,
    }
    for name, group in names.items():
        assert group_of(name, "flash", "made", ("a", "b")) == group
    assert group_of("tsnn_made_state", "ram", "made", ("a", "b")) == STATE


def test_mistakes(files, capsys):
    for arguments, says in (
        ([files / "none.json"], "none.json"),
        ([files / "made.tsnn", files / "made.tsnn"], "same pack"),
        ([], "FILES"),
    ):
        assert command(["report", *map(str, arguments), "-o", str(files / "x.html")]) == 2
        assert says in capsys.readouterr().err
    assert command(["report", str(files / "made.json"), "-o", str(files / "made.json")]) == 2
    (files / "bad.json").write_text('{"format": 1}')
    assert command(["report", str(files / "bad.json"), "-o", str(files / "x.html")]) == 2
    assert not (files / "x.html").exists()
    assert command(["report", str(files / "made.tsnn"), "-o", str(files / "no" / "x.html")]) == 2
    assert "Traceback" not in capsys.readouterr().err
