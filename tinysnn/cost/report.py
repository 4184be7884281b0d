"""Likely ticks, made up from the averages that a pack's report states of its calibration data."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tinysnn.cost.activity import USUAL_SIZE, Activity, LayerActivity, SourceActivity, sparse_words
from tinysnn.cost.rows import binomial
from tinysnn.pack import Pack, PackedLayer

Floats = npt.NDArray[np.float64]
RARE = 1e-7
"""Weight below which a tick is left out."""
SEARCH_STEPS = 40


def of_report(pack: Pack) -> Activity | None:
    """Ticks with as many events and spikes as on the calibration data; None if it says nothing.

    Rows are taken to be active independently of each other, and ticks of the ticks before.
    """
    reports = [layer.spec.report for layer in pack.layers]
    if any(report.events_per_tick is None for report in reports):
        return None
    layers = tuple(_likely(pack, k) for k in range(len(pack.layers)))
    last = layers[pack.meta.output]
    output = _source(last.fired, pack.n_out)
    return Activity(layers, output, f"averages of the calibration data ({pack.meta.calibration})")


def _likely(pack: Pack, k: int) -> LayerActivity:
    layer = pack.layers[k]
    spec, report = layer.spec, layer.spec.report
    events, chances = _events(spec.n_rows, report.events_per_tick or 0.0, report.quiet_ticks)
    fired = (report.rate_packed or 0.0) * layer.n
    skipped = chances[0] * (1 - _stays_hot(layer, fired)) * spec.may_skip
    # Four kinds of ticks: computed after a computed one, computed after skipped ones, skipped.
    silent = np.zeros_like(events)
    kinds = [
        (events, (chances - skipped * (events == 0)) * (1 - skipped), 1.0, 0.0),
        (events, (chances - skipped * (events == 0)) * skipped, 1.0, _run_length(skipped)),
        (silent, skipped * (events == 0), 0.0, 0.0),
    ]
    count, weight = (np.concatenate([kind[i] for kind in kinds]) for i in (0, 1))
    ran, idle = (np.repeat([kind[i] for kind in kinds], events.size) for i in (2, 3))
    kept = weight > RARE
    count, weight, ran, idle = (values[kept] for values in (count, weight, ran, idle))
    spikes = ran * fired / max(1 - skipped, RARE)
    pairs = -(-layer.n // 2) * (1 - (1 - spikes / layer.n) ** 2)
    sources = _sources(pack, layer, count)
    rows = sparse_words(layer).mean(axis=-1)[..., None] * count
    sizes = count * (USUAL_SIZE if pack.graded_input else 1)
    return LayerActivity(
        weight / weight.sum(), sources, ran, idle, spikes, pairs, spikes, rows, sizes
    )


def _events(n_rows: int, mean: float, quiet: float | None) -> tuple[Floats, Floats]:
    """Numbers of events of a tick and their chances, with the mean and the share of 0 as stated."""
    counts = np.arange(n_rows + 1, dtype=np.float64)
    chances = binomial(n_rows, mean / n_rows)
    if quiet is None or mean == 0:
        return counts, chances
    low, high = 0.0, 1.0
    for _ in range(
        SEARCH_STEPS
    ):  # ticks with events have at least one: their mean is mean / (1 - quiet)
        middle = (low + high) / 2
        found = binomial(n_rows, middle)
        busy = n_rows * middle / max(1 - found[0], 1e-12)
        low, high = (middle, high) if busy * (1 - quiet) < mean else (low, middle)
    found = binomial(n_rows, high)
    found[0] = 0.0
    chances = found / found.sum() * (1 - quiet)
    chances[0] = quiet
    return counts, chances


def _stays_hot(layer: PackedLayer, fired: float) -> float:
    """Chance that a layer is computed in a tick without events (SPEC.md 1.3)."""
    spec = layer.spec
    if spec.has_current:
        return float(bool(layer.wide("alpha").any()))
    if not spec.fires:
        beta = layer.wide("beta")
        return float(bool((beta > 0).any()) and not bool((beta == 65536).all()))
    if spec.reset == "zero" and spec.reset_timing == "same-tick":
        return 0.0
    return float(1 - np.exp(-fired))


def _run_length(skipped: float) -> float:
    """Mean number of skipped ticks in a row, at least 1."""
    return max(1.0, round(1 / max(1 - skipped, RARE)))


def _sources(pack: Pack, layer: PackedLayer, events: Floats) -> tuple[SourceActivity, ...]:
    """The events shared out to the sources: layers by their rates, the rest is the input."""
    rates = [
        None if s.layer is None else (pack.layers[s.layer].spec.report.rate_packed or 0.0) * s.n
        for s in layer.spec.sources
    ]
    known = sum(rate for rate in rates if rate is not None)
    mean = layer.spec.report.events_per_tick or 0.0
    means = [max(mean - known, 0.0) if rate is None else rate for rate in rates]
    whole = sum(means) or 1.0
    return tuple(
        _source(events * (part / whole if sum(means) else 0.0), source.n)
        for part, source in zip(means, layer.spec.sources, strict=True)
    )


def _source(events: Floats, n: int) -> SourceActivity:
    """Events of `n` units, at random places."""
    silent = 1 - np.minimum(events / n, 1.0)
    words = -(-n // 32)
    in_word = n / words
    busy, half = (words * (1 - silent**size) for size in (in_word, in_word / 2))
    return SourceActivity(events, busy, half, half)
