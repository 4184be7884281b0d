"""`check` and `pack`: what a person gets to see, and what is refused."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from tests.cli.conftest import OPTIONS, write_nir, write_options
from tinysnn.pack_file import load


def test_check_shows_every_layer(cli, model):
    outcome = cli("check", model)
    assert outcome.code == 0
    for word in ("lif0", "lif1", "0.875", "subtract, same-tick", "note: lif0"):
        assert word in outcome.out


def test_check_json_on_standard_output_is_only_json(cli, model):
    result = json.loads(cli("check", model, "--json", "-").out)
    assert [layer["layer"] for layer in result["layers"]] == ["lif0", "lif1"]
    assert result["n_in"] == 12


@pytest.mark.parametrize("option", sorted(OPTIONS))
def test_a_missing_option_is_named(refused, model, tmp_path, option):
    options = write_options(tmp_path / "options.toml", **{option: None})
    outcome = refused(2, "check", model, "--options", options, says=["the file cannot say"])
    assert option in outcome.err
    assert "lif0" in outcome.err


def test_a_flag_takes_the_place_of_the_file(cli, model):
    out = cli("check", model, "--reset", "zero", "--compare", "gt").out
    assert "zero, same-tick" in out
    assert "> 1" in out


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["--decay", "sometimes"], "sometimes"),
        (["--dt", "-1"], "dt_s"),
        (["--dt", "nan"], "dt_s"),
        (["--gain", "much"], "gain"),
        (["--options", "nowhere.toml"], "nowhere.toml"),
    ],
)
def test_bad_options(refused, model, flags, says):
    refused(2, "check", model, *flags, says=[says])


def test_a_file_that_is_not_there(refused, tmp_path):
    refused(2, "check", tmp_path / "none.nir", says=["none.nir", "no such file"])


@pytest.mark.parametrize("length", [0, 7, 100, -20])
def test_a_truncated_file(refused, model, tmp_path, length):
    data = model.read_bytes()
    cut = tmp_path / "cut.nir"
    cut.write_bytes(data[:length])
    target = tmp_path / "cut.tsnn"
    refused(2, "pack", cut, "-o", target, says=["cut.nir"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cut.nir"]


def write_conv(path, n_out=2):
    """One convolution of 8 x 8 pixels, and a readout without memory."""
    import nir

    nodes = {
        "input": nir.Input(np.array([1, 8, 8])),
        "my_conv": nir.Conv2d((8, 8), np.ones((n_out, 1, 3, 3)), 1, 0, 1, 1, np.zeros(n_out)),
        "output": nir.Output(np.array([n_out, 6, 6])),
    }
    nir.write(path, nir.NIRGraph(nodes, [("input", "my_conv"), ("my_conv", "output")]))
    return path


def test_an_unsupported_node_is_named(refused, tmp_path):
    import h5py

    path = write_conv(tmp_path / "conv.nir")
    with h5py.File(path, "r+") as file:
        del file["node/nodes/my_conv/type"]
        file["node/nodes/my_conv/type"] = "Conv3d"
    outcome = refused(2, "check", path, says=["'my_conv' (Conv3d)"])
    assert [line.split()[-1] for line in outcome.out.splitlines() if "Conv3d" in line] == [
        "unsupported"
    ]


def test_a_small_convolution_is_checked_and_packed_as_a_matrix(cli, tmp_path):
    path = write_conv(tmp_path / "conv.nir")
    assert cli("check", path).code == 0
    assert cli("pack", path, "-o", tmp_path / "conv.tsnn").code == 0


def test_check_shows_what_a_layer_is_fed_by(cli, tmp_path):
    import nir

    ones = np.ones((2, 3, 3))
    nodes = {
        "input": nir.Input(np.array([2, 6, 6])),
        "more": nir.Input(np.array([2, 3, 3])),
        "delay": nir.Delay(2e-4 * ones),
        "pool": nir.SumPool2d(np.array([2, 2]), np.array([2, 2]), np.array([0, 0])),
        "lif": nir.IF(r=ones, v_threshold=ones),
        "output": nir.Output(np.array([2, 3, 3])),
    }
    edges = [("input", "pool"), ("pool", "lif"), ("more", "delay"), ("delay", "lif")]
    path = tmp_path / "net.nir"
    nir.write(path, nir.NIRGraph(nodes, [*edges, ("lif", "output")], type_check=False))
    outcome = cli("check", path, "--from", "norse", "--dt", "1e-4")
    assert outcome.code == 0, outcome
    for words in ("90 input [2, 6, 6], more [2, 3, 3]", "2 x 2 sums", "2 ticks before"):
        assert words in outcome.out


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_no_numbers(refused, tmp_path, value):
    weight = np.full((3, 4), 0.5)
    weight[1, 2] = value
    path = write_nir(tmp_path / "bad.nir", [weight])
    refused(2, "check", path, says=["fc0"])


def test_a_decay_outside_0_and_1(refused, model):
    refused(2, "check", model, "--dt", "1", says=["lif0"])


def test_pack_reports_and_is_the_same_every_time(cli, model, tmp_path):
    first, second = tmp_path / "a.tsnn", tmp_path / "b.tsnn"
    outcome = cli("pack", model, "-o", first)
    assert outcome.code == 0
    assert "Written to" in outcome.out
    assert cli("pack", model, "-o", second).code == 0
    assert first.read_bytes() == second.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.tsnn", "b.tsnn"]


def test_pack_with_calibration_reports_rates(cli, model, spikes, tmp_path):
    report = tmp_path / "report.json"
    target = tmp_path / "a.tsnn"
    outcome = cli("pack", model, "-o", target, "--calibrate", spikes, "--json", report)
    assert outcome.code == 0, outcome.err
    result = json.loads(report.read_text())
    assert result["calibration"] == "1 clips, 40 ticks"
    for layer in result["layers"]:
        assert layer["report"]["rate_float"] == pytest.approx(
            layer["report"]["rate_packed"], abs=0.05
        )


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["--bits", "3"], "'3'"),
        (["--layer-bits", "lif0"], "LAYER=VALUE"),
        (["--layer-bits", "lif0=5"], "lif0=5"),
        (["--layer-bits", "nobody=4"], "nobody"),
        (["--allow-silent", "nobody"], "nobody"),
        (["--name", "9 lives"], "9 lives"),
        (["--name", "while"], "while"),
        (["--calibrate", "none.npz"], "none.npz"),
    ],
)
def test_pack_refuses(refused, model, tmp_path, flags, says):
    refused(2, "pack", model, "-o", tmp_path / "x.tsnn", *flags, says=[says])
    assert not list(tmp_path.iterdir())


def test_pack_into_a_folder_that_is_not_there(refused, model, tmp_path):
    refused(2, "pack", model, "-o", tmp_path / "no" / "x.tsnn", says=["x.tsnn"])


@pytest.mark.parametrize("target", ["/", "."])
def test_pack_onto_a_folder(refused, model, target):
    refused(2, "pack", model, "-o", target, says=["is a folder"])


def test_a_failed_pack_leaves_the_old_one(refused, packed, model, tmp_path):
    old = shutil.copy(packed, tmp_path / "x.tsnn")
    before = old.read_bytes()
    refused(2, "pack", model, "-o", old, "--layer-bits", "nobody=4")
    assert old.read_bytes() == before


def test_calibration_of_another_width(refused, model, tmp_path):
    np.savez(tmp_path / "wide.npz", raster=np.zeros((5, 13), np.uint8))
    target = tmp_path / "x.tsnn"
    outcome = refused(2, "pack", model, "-o", target, "--calibrate", tmp_path / "wide.npz")
    assert "12" in outcome.err
    assert "13" in outcome.err
    assert not target.exists()


def test_check_says_of_every_node_how_well_it_is_served(cli, model):
    result = json.loads(cli("check", model, "--json", "-").out)
    assert {node["node"]: node["verdict"] for node in result["nodes"]} == {
        "input": "faithful", "fc0": "faithful", "lif0": "faithful", "fc1": "faithful",
        "lif1": "faithful", "output": "faithful",
    }  # fmt: skip


def write_two_outputs(path):
    """Two layers with an Output each; the first feeds the second."""
    import nir

    rng = np.random.default_rng(4)
    weights = [rng.normal(0.25, 0.4, shape) for shape in ((6, 12), (3, 6))]
    graph = nir.read(write_nir(path, weights))
    graph.nodes["early"] = nir.Output(np.array([6]))
    graph.edges.append(("lif0", "early"))
    nir.write(path, graph)
    write_options(path.with_suffix(".toml"))
    return path


def test_what_cannot_be_packed_is_named_by_check_and_pack(refused, tmp_path):
    path = write_two_outputs(tmp_path / "two.nir")
    given = ["--node", "lif1:reset=none", "--node", "lif1:readout=membrane"]
    outcome = refused(2, "check", path, *given, says=["'lif1'"])
    assert [line.split()[0] for line in outcome.out.splitlines() if "unsupported" in line] == [
        "lif1"
    ]
    target = tmp_path / "x.tsnn"
    refused(2, "pack", path, "-o", target, *given, says=["'lif1'", "one of several Outputs"])
    assert not target.exists()


@pytest.mark.host
@pytest.mark.parametrize("bits", ["8", "1"])
def test_several_outputs_end_to_end(cli, spikes, tmp_path, bits):
    """The device fires on all Outputs what the float network (here with exact weights) fires."""
    from tinysnn.float_sim import simulate
    from tinysnn.load import load_network
    from tinysnn.load.stimuli import load_stimuli
    from tinysnn.lower import lower
    from tinysnn.options import load_options

    path = write_two_outputs(tmp_path / "two.nir")
    checked = json.loads(cli("check", path, "--json", "-").out)
    assert "Output 'early': outputs 0 to 5" in checked["notes"]
    assert "Output 'output': outputs 6 to 8" in checked["notes"]
    pack = tmp_path / "two.tsnn"
    packed = cli("pack", path, "-o", pack, "--bits", bits, "--allow-silent", "lif1", "--json", "-")
    assert packed.code == 0, packed
    assert json.loads(packed.out)["n_out"] == 9
    ran = cli("run", pack, "--on", "host", "--input", spikes, "--trace", "--json", "-")
    assert ran.code == 0, ran
    if bits == "8":
        graph = lower(load_network(path), load_options(path.with_suffix(".toml")))
        (clip,) = load_stimuli(spikes, n_in=12, graded=False)
        wanted = simulate(graph, clip.raster).output.sum(axis=0)
        found = np.array(json.loads(ran.out)["output_spikes"])
        assert wanted.sum() > 20
        assert np.abs(wanted - found).sum() <= 2  # 8-bit weights are rounded


def test_neurons_that_nir_has_no_field_for(cli, refused, model, tmp_path):
    """A bound, a refractory period and an adaptive threshold, by options per node."""
    flags = ["lif0:refractory=2", "lif0:adapt-decay=0.9", "lif0:adapt-step=0.5", "lif1:v-min=-1"]
    given = [word for flag in flags for word in ("--node", flag)]
    nodes = json.loads(cli("check", model, *given, "--json", "-").out)["nodes"]
    assert {node["verdict"] for node in nodes} == {"faithful"}
    assert cli("pack", model, "-o", tmp_path / "x.tsnn", *given).code == 0
    first, second = load(tmp_path / "x.tsnn").layers
    assert (first.refractory.tolist(), first.rho.tolist()) == ([2], [58982])
    assert (second.v_min < 0).all()
    refused(2, "check", model, "--node", "lif0:adapt-decay=0.9", says=["lif0", "adapt_step"])
    refused(2, "check", model, "--node", "lif0:refractory=-1", says=["lif0", "0 to 32767"])
    refused(2, "check", model, "--node", "lif0:refractory=soon", says=["refractory"])


@pytest.mark.parametrize("flag", ["lif1", "lif1:reset", ":reset=zero", "lif1:reset=", "=", ""])
def test_node_options_of_a_wrong_form(refused, model, flag):
    refused(2, "check", model, "--node", flag, says=["--node"])


def test_from_answers_what_a_framework_always_does(cli, refused, tmp_path):
    path = write_nir(tmp_path / "plain.nir", [np.ones((3, 4))])
    refused(2, "check", path, "--from", "snntorch", says=["reset_mechanism", "default"])
    outcome = cli("check", path, "--from", "snntorch", "--reset", "subtract")
    assert outcome.code == 0
    assert "(compare=gt)" in outcome.out
    assert "subtract, next-tick" in outcome.out
    refused(2, "check", path, "--from", "brian", says=["no profile 'brian'", "snntorch"])
