"""Spyx: exported networks do in the float reference what they do there, a tick later per layer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.frameworks.same import TICKS, lowered, need_framework, stimuli, written
from tinysnn.float_sim import simulate

pytestmark = pytest.mark.filterwarnings("ignore")  # of the framework's own code


@pytest.fixture(autouse=True)
def framework() -> None:
    need_framework("spyx")


def check(layers: list[Any], n_in: int, n_out: int, path: Any, late: int, **options: Any) -> None:
    """Spyx emits a spike in the tick after the one in which the membrane passed the threshold."""
    import jax.numpy as jnp
    import spyx.nn as snn
    from spyx.nir import to_nir

    net = snn.Sequential(*layers)
    graph = lowered(
        written(to_nir(net, {"input": np.array([n_in])}, {"output": np.array([n_out])}), path),
        "spyx",
        **options,
    )
    total = 0
    for name, raster in stimuli((n_in,), 2).items():
        state, theirs = net.initial_state(1), []
        for tick in raster:
            out, state = net(jnp.asarray(tick, jnp.float32)[None], state)
            theirs.append(np.asarray(out)[0])
        ours = simulate(graph, raster).output
        wrong = np.argwhere(np.stack(theirs)[late:] != ours[: TICKS - late])
        assert wrong.size == 0, f"{name}: {len(wrong)} differ, first {wrong[0]}"
        total += int(ours.sum())
    assert total >= 20


def linear(n_in: int, n: int) -> Any:
    """Weights on a grid: Spyx computes in float32."""
    import jax.numpy as jnp
    from flax import nnx

    layer = nnx.Linear(n_in, n, rngs=nnx.Rngs(0))
    weight = np.random.default_rng(n).integers(-16, 33, (n_in, n)) / 64.0
    layer.kernel[...] = jnp.asarray(weight, jnp.float32)
    return layer


def test_lif(tmp_path):
    import spyx.nn as snn
    from flax import nnx

    lif = snn.LIF((8,), beta=0.75, threshold=1.0, rngs=nnx.Rngs(0))
    check([linear(12, 8), lif], 12, 8, tmp_path / "x.nir", late=1)


def test_two_layers(tmp_path):
    import spyx.nn as snn
    from flax import nnx

    layers = [
        linear(12, 8), snn.LIF((8,), beta=0.875, threshold=1.0, rngs=nnx.Rngs(0)),
        linear(8, 5), snn.LIF((5,), beta=0.5, threshold=0.5, rngs=nnx.Rngs(0)),
    ]  # fmt: skip
    check(layers, 12, 5, tmp_path / "x.nir", late=2)


@pytest.mark.parametrize("kind", ["IF", "LIF", "CuBaLIF", "RIF", "RLIF", "RCuBaLIF"])
def test_every_neuron(tmp_path, kind):
    """Spyx 1.0.0 writes the input of the recurrent ones into their recurrent weights."""
    import jax.numpy as jnp
    import spyx.nn as snn
    from flax import nnx

    values: dict[str, Any] = {"threshold": 1.0}
    if "LIF" in kind:
        values["beta"] = 0.75
    if "CuBa" in kind:
        values["alpha"] = 0.5
    if kind != "IF":
        values["rngs"] = nnx.Rngs(0)
    cells = getattr(snn, kind)((8,), **values)
    if kind.startswith("R"):
        loop = np.random.default_rng(3).integers(-16, 17, (8, 8)) / 64.0
        cells.recurrent_w[...] = jnp.asarray(loop, jnp.float32)
    check([linear(12, 8), cells], 12, 8, tmp_path / "x.nir", late=1)


def test_reset_free_neuron_is_membrane_and_threshold(tmp_path):
    """Spyx writes it as LI and Threshold; it fires at once, unlike its other neurons."""
    import jax.numpy as jnp
    import spyx.nn as snn
    from flax import nnx
    from spyx.nir import to_nir

    n_in, n = 12, 8
    net = snn.Sequential(
        linear(n_in, n), snn.PSU_LIF((n,), beta=0.75, threshold=2.0, rngs=nnx.Rngs(0))
    )
    exported = to_nir(net, {"input": np.array([n_in])}, {"output": np.array([n])})
    graph = lowered(written(exported, tmp_path / "x.nir"), "spyx")
    for raster in stimuli((n_in,), 2).values():
        theirs = np.asarray(snn.run(net, jnp.asarray(raster, jnp.float32)[:, None])[0])
        assert (theirs.reshape(TICKS, n) == simulate(graph, raster).output).all()
