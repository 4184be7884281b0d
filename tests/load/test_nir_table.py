"""The table of docs/nir.md: what becomes of the 24 recorded graphs, as `check` finds it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tinysnn.errors import ModelError
from tinysnn.float_sim import simulate
from tinysnn.load import load_network
from tinysnn.lower import lower
from tinysnn.lower.verdicts import verdicts
from tinysnn.network import Network
from tinysnn.options import LowerOptions

PAGE = Path(__file__).parents[2] / "docs" / "nir.md"
Graphs = dict[Path, Network | ModelError]
BEGIN, END = "<!-- recorded graphs: begin -->\n", "<!-- recorded graphs: end -->\n"
OPTIONS = LowerOptions(profile="nir", dt_s=1e-4, decay="exact")


@pytest.fixture(scope="module")
def graphs(recordings: Path) -> Graphs:
    """Every recorded graph, or why it is refused."""
    paths = sorted((recordings / "nir" / "graphs").glob("*.nir"))
    assert len(paths) == 24
    return {path: loaded(path) for path in paths}


def loaded(path: Path) -> Network | ModelError:
    try:
        return load_network(path)
    except ModelError as error:
        return error


def row(path: Path, network: Network | ModelError) -> str:
    """A line of the table."""
    if isinstance(network, ModelError):
        error = network
        place = error.where.removeprefix(str(path)).removeprefix(": ")
        return f"| {path.stem} | refused | {place + ': ' if place else ''}{error.what} |"
    found = {item.verdict for item in verdicts(network, lower(network, OPTIONS), OPTIONS)}
    assert found == {"faithful"}
    mended = [note.replace("mended: ", "") for note in network.notes if "mended: " in note]
    return f"| {path.stem} | {'mended' if mended else 'runs'} | {'; '.join(mended)} |"


@pytest.mark.data
def test_table_of_the_page(graphs: Graphs, request: pytest.FixtureRequest) -> None:
    lines = ["| file | | what was assumed, or why it is refused |", "|---|---|---|"]
    table = "\n".join([*lines, *(row(*item) for item in graphs.items())]) + "\n"
    text = PAGE.read_text()
    head, rest = text.split(BEGIN)
    old, tail = rest.split(END)
    if request.config.getoption("--update-golden"):
        PAGE.write_text(head + BEGIN + table + END + tail)
    else:
        assert old == table


ALL_OPTIONS: dict[str, Any] = {
    "dt_s": 1e-4, "decay": "euler", "reset": "zero", "reset_timing": "same-tick", "compare": "gt",
    "gain": "dt", "synapse_gain": "dt",
}  # fmt: skip
REFUSED = {
    "braille__c381ba29": "[63], but node 'lif1' takes [16]",
    "braille__ed8f57e7": "'fc2' gives shape [7], but node 'lif2' takes [38]",
    "braille__f4edd0a1": "'lif1', which does not exist",
}
MENDED = {
    "braille__a7c67c3a", "braille_noDelay_bias_zero_subgraph__24057376",
    "braille_subtract_subgraph__aee771e1", "braille_v2__c777885b",
    "braille_subgraph__77b4a802", "braille_zero_subgraph__c5db44fe", "scnn_mnist__669fbfad",
    "scnn_mnist__e5ac8325", "scnn_mnist_batches__9122dac0",
}  # fmt: skip


@pytest.mark.data
def test_every_recorded_graph_runs_or_is_refused(graphs: Graphs) -> None:
    for path, network in graphs.items():
        assert isinstance(network, ModelError) == (path.stem in REFUSED), path.stem
        if isinstance(network, ModelError):
            assert REFUSED[path.stem] in str(network)
            assert path.name in str(network)
            continue
        assert any("mended" in note for note in network.notes) == (path.stem in MENDED)
        # the taus of the first Braille files are in other units
        options = ALL_OPTIONS | ({"dt_s": 1.0} if path.stem == "braille__a7c67c3a" else {})
        graph = lower(network, LowerOptions(**options))
        raster = np.random.default_rng(1).integers(0, 2, size=(20, graph.n_in))
        output = simulate(graph, raster).output
        assert np.isfinite(output).all()
        loops = [c for layer in graph.layers for c in layer.connections if c.delay_ticks]
        assert len(loops) == path.stem.startswith("braille")
