"""The NIR paper's N-MNIST network, packed: the generated C is right as often as the network."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tools import need, need_arm_compiler
from tinysnn.deploy import deployed, pick_board
from tinysnn.events.options import event_options
from tinysnn.load import load_network
from tinysnn.load.stimuli import input_of
from tinysnn.lower import lower
from tinysnn.options import LowerOptions
from tinysnn.pack import Pack
from tinysnn.pack_options import PackOptions
from tinysnn.quantise import quantise
from tinysnn.stimulus import Stimulus
from tinysnn.verify import predict, verify

FLOAT_RIGHT = 97
"""Of the 100 testing samples; tests/test_float_sim.py counts them."""
EVENTS = event_options(
    ["tick_us=1000", "n_ticks=300", "t0=zero", "address=x=34,y=34,p=2", "clips=700:800"]
)

pytestmark = [pytest.mark.data, pytest.mark.slow]


@pytest.fixture(scope="module", params=[8, 4])
def packed(request: pytest.FixtureRequest, recordings: Path) -> Pack:
    network = load_network(recordings / "nir" / "graphs" / "cnn_sinabs__89e0a618.nir")
    graph = lower(network, LowerOptions(profile="sinabs", spikes="one"))
    return quantise(graph, PackOptions(bits=request.param), None)


@pytest.fixture(scope="module")
def samples(packed: Pack, recordings: Path) -> list[Stimulus]:
    return input_of(packed, recordings / "events" / "nmnist" / "nmnist_small.npz", EVENTS).stimuli


@pytest.mark.host
def test_generated_c_is_right_as_often(packed: Pack, samples: list[Stimulus]) -> None:
    """Within one of the float network at 8 bits, two at 4: weights rounded to nearest, no clips."""
    need("cc")
    with deployed([packed], runner="host", board=None) as runner:
        right = sum(predict(runner.run(clip, False).output) == clip.label for clip in samples)
    print(f"{right} of {len(samples)} right")
    assert len(samples) == 100
    assert right >= FLOAT_RIGHT - (1 if packed.layers[0].spec.bits == 8 else 2)


@pytest.mark.emu
def test_emulated_core_does_it_bit_for_bit(packed: Pack, samples: list[Stimulus]) -> None:
    """Ten samples on a Cortex-M4 at 8 bits, on a Cortex-M7 at 4."""
    need("qemu")
    need_arm_compiler()
    board = {8: "mps2_an386", 4: "mps2_an500"}[packed.layers[0].spec.bits]
    with deployed([packed], runner="qemu", board=pick_board("qemu", board)) as runner:
        report = verify(packed, runner, samples[::10])
    assert (report.clips, report.mismatches) == (10, 0), report.first_divergence
    print(f"{board}: {report.counts_per_tick:,.0f} {report.info.count_kind} per tick")
