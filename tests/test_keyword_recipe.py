"""The keyword recipe from made-up features to a pack: rounded weights stay as they are."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.tools import need
from tinysnn.data.labels import KEYWORDS, SPLITS
from tinysnn.load import load_network
from tinysnn.lower import lower
from tinysnn.options import load_options
from tinysnn.paths import models_dir
from tinysnn.quantise import PackOptions, quantise

RECIPE = Path(__file__).parents[1] / "examples" / "keyword"
SHAPE = {"channels": 3, "hidden": [10], "delays": [[0, 2]]}


def run(script: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", RECIPE / script, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def features(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two clips of each class, as noise: enough to take steps with."""
    rng = np.random.default_rng(0)
    n = 2 * len(KEYWORDS)
    logs = rng.integers(-1800, 3000, (2, n, 50, 32)).astype(np.int16)
    path = tmp_path_factory.mktemp("recipe") / "features.npz"
    arrays: dict[str, Any] = {f"labels_{split}": np.arange(n) // 2 for split in SPLITS}
    arrays |= {"training": logs, "validation": logs[0], "testing": logs[1], "noise": logs[0, :4]}
    arrays["teacher"] = rng.dirichlet(np.ones(len(KEYWORDS)), (2, n)).astype(np.float32)
    np.savez(path, **arrays)
    return path


@pytest.fixture(scope="module")
def free(features: Path) -> Path:
    """A network whose weights are not rounded."""
    need("torch")
    path = features.with_name("free.pt")
    recipe = json.dumps({"epochs": 1, "batch": 8, "shape": SHAPE})
    done = run("train.py", "--features", features, "--out", path, "--recipe", recipe)
    assert done.returncode == 0, done.stderr
    return path


@pytest.mark.slow
def test_weights_trained_on_a_grid_are_packed_without_loss(
    features: Path, free: Path, tmp_path: Path
) -> None:
    rounded, exported = tmp_path / "2bit.pt", tmp_path / "2bit.nir"
    recipe = '{"epochs": 2, "batch": 8}'
    then = ("--bits", "2", "--start", free, "--recipe", recipe)
    second = run("train.py", "--features", features, "--out", rounded, *then)
    assert second.returncode == 0, second.stderr
    assert run("export.py", rounded, "--out", exported).returncode == 0

    options = load_options(models_dir() / "keyword" / "keyword.toml")
    graph = lower(load_network(exported), options)
    pack = quantise(graph, PackOptions(bits=2, layer_bits={"hidden1": 8, "readout": 8}))
    hidden = pack.layers[1]
    assert hidden.rows.shape == (3 * 7 * 2, 10)
    assert hidden.spec.report.weight_snr_db is None
    assert len(np.unique(hidden.rows)) > 2


@pytest.mark.slow
def test_a_start_of_another_shape_is_refused(features: Path, free: Path, tmp_path: Path) -> None:
    other = ("--start", free, "--recipe", '{"shape": {"channels": 4}}')
    refused = run("train.py", "--features", features, "--out", tmp_path / "no.pt", *other)
    assert refused.returncode == 2
    assert "another shape" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert not (tmp_path / "no.pt").exists()
    refused = run("export.py", features, "--out", tmp_path / "no.nir")
    assert refused.returncode == 2
    assert "no network of train.py" in refused.stderr
    assert "Traceback" not in refused.stderr
