"""Graph to pack: every layer onto its grid, by rounding or fitted to calibration clips."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import msgspec

from tinysnn import budget
from tinysnn.calibrate import activity
from tinysnn.compensate import fitted_layers, nearest_layers
from tinysnn.decision_units import decided
from tinysnn.errors import ModelError
from tinysnn.float_sim import layer_rates
from tinysnn.footprint import flash_bytes
from tinysnn.forms import for_device
from tinysnn.graph import Graph, require_packable
from tinysnn.names import model_name
from tinysnn.outputs import with_one_output
from tinysnn.pack import PACK_FORMAT, Bits, Pack, PackedLayer, PackMeta
from tinysnn.pack_options import WIDTHS, PackOptions, check_options
from tinysnn.seal import sealed
from tinysnn.split_delays import refuse_one_bit, split_layers, with_source_delays
from tinysnn.stimulus import Stimulus
from tinysnn.teacher import Teacher, check_clips, loss, teach
from tinysnn.thresholds import working_pack

__all__ = ["PackOptions", "quantise", "quantise_within"]

Progress = Callable[[int, int], None]


def quantise(
    graph: Graph,
    options: PackOptions | None = None,
    calibration: Sequence[Stimulus] | None = None,
    *,
    progress: Progress | None = None,
) -> Pack:
    """Quantise and pack a network.

    Parameters
    ----------
    graph: the discretised float network.
    options: choices; the defaults give 8-bit weights.
    calibration: clips that narrow weights and thresholds are fitted to, and on which firing rates
        before and after are compared; None: neither is done.
    progress: called with steps done and steps in all.

    Raises
    ------
    ModelError: if a layer cannot be represented, or quantisation silences it.
    OptionError: if an option names no layer, asks for what cannot be proven, or needs calibration
        clips or a larger budget.
    StimulusError: if a calibration clip does not fit the network.

    """
    options = options or PackOptions()
    if options.bits == "auto":
        return quantise_within(graph, options, calibration, progress=progress)[0]
    uniform: Bits = options.bits
    graph, options = _ready(graph, options)
    clips = list(calibration or ())
    check_options(options, graph, calibrated=bool(clips))
    check_clips(graph, clips)
    widths = [options.layer_bits.get(layer.name, uniform) for layer in graph.layers]
    refuse_one_bit(graph, widths)
    graph = with_source_delays(graph)
    if clips and any(options.compensates(bits) for bits in widths):
        steps = _Steps(progress, len(widths))
        layers = fitted_layers(teach(graph, clips), widths, options, done=steps)
    else:
        layers = nearest_layers(graph, widths, options)
    return _finished(graph, options, layers, clips)


def quantise_within(
    graph: Graph,
    options: PackOptions,
    calibration: Sequence[Stimulus] | None,
    *,
    progress: Progress | None = None,
) -> tuple[Pack, budget.Choice]:
    """As `quantise` with automatic bits; returns what was tried beside the pack."""
    graph, options = _ready(graph, options)
    clips = list(calibration or ())
    check_options(options, graph, calibrated=bool(clips))
    check_clips(graph, clips)
    refuse_one_bit(graph, [options.layer_bits.get(layer.name, 8) for layer in graph.layers])
    whole, graph = graph, with_source_delays(graph)
    wanted = _search(teach(graph, clips), options, split_layers(whole), progress)
    choice = budget.search(wanted)
    return _finished(graph, options, choice.layers, clips), choice


def _ready(graph: Graph, options: PackOptions) -> tuple[Graph, PackOptions]:
    """The graph as a pack can hold it; a layer that repeats several Outputs keeps exact weights."""
    require_packable(graph)
    single = with_one_output(graph)
    if single is not graph:
        exact: dict[str, Bits] = {single.layers[-1].name: 8}
        options = msgspec.structs.replace(options, layer_bits=exact | options.layer_bits)
    return for_device(single, options.convolution), options


class _Steps:
    """Counts what is done, for a progress bar."""

    def __init__(self, progress: Progress | None, total: int) -> None:
        self.progress = progress
        self.done = 0
        self.total = total

    def __call__(self) -> None:
        self.done += 1
        if self.progress is not None:
            self.progress(self.done, max(self.total, self.done))


def _search(
    teacher: Teacher, options: PackOptions, split: frozenset[str], progress: Progress | None
) -> budget.Search:
    """What to search; layers that are split by delay have no weights of one bit."""
    quick = msgspec.structs.replace(options, tune_thresholds=False)
    fixed, wide = options.layer_bits, tuple(bits for bits in WIDTHS if bits > 1)
    steps = _Steps(progress, 0)
    wanted = budget.Search(
        allowed=tuple(
            (fixed[layer.name],) if layer.name in fixed else wide if layer.name in split else WIDTHS
            for layer in teacher.graph.layers
        ),
        budget=options.budget_flash or 0,
        make=lambda widths: fitted_layers(teacher, widths, options),
        sketch=lambda widths: fitted_layers(teacher, widths, quick),
        weigh=partial(
            flash_bytes,
            front_end=teacher.graph.front_end,
            graded_input=teacher.graph.input_scale is not None,
        ),
        judge=lambda layers: loss(teacher, working_pack(teacher, layers)),
        done=steps,
    )
    steps.total = wanted.n_steps
    return wanted


def _finished(
    graph: Graph, options: PackOptions, layers: tuple[PackedLayer, ...], clips: list[Stimulus]
) -> Pack:
    pack = sealed(_meta(graph, options, layers, ""), layers)
    return _with_rates(graph, pack, options, clips) if clips else pack


def _meta(
    graph: Graph, options: PackOptions, layers: tuple[PackedLayer, ...], calibration: str
) -> PackMeta:
    return PackMeta(
        format=PACK_FORMAT,
        name=options.name or model_name(graph.name),
        digest="",
        n_in=graph.n_in,
        input_shape=graph.input_shape,
        input_scale=graph.input_scale,
        output=graph.output,
        dt_s=graph.dt_s,
        layers=tuple(layer.spec for layer in layers),
        calibration=calibration,
        notes=graph.notes,
        front_end=graph.front_end or msgspec.UNSET,
        decision=decided(graph.decision, layers[graph.output]) or msgspec.UNSET,
    )


def _with_rates(
    graph: Graph, pack: Pack, options: PackOptions, calibration: list[Stimulus]
) -> Pack:
    before = layer_rates(graph, calibration)
    seen = activity(pack, calibration)
    layers = []
    for k, (layer, was) in enumerate(zip(pack.layers, before, strict=True)):
        now = seen.rates[k]
        if was and not now and layer.name not in options.allow_silent:
            raise ModelError(
                f"quantisation silences it: {was:.4f} spikes per neuron and tick before, 0 after",
                where=f"layer {layer.name!r}",
                fix=f"Use more bits, or waive this with --allow-silent {layer.name}",
            )
        report = msgspec.structs.replace(
            layer.spec.report,
            rate_float=was,
            rate_packed=now,
            saturated=seen.saturated[k],
            events_per_tick=seen.events_per_tick[k],
            quiet_ticks=seen.quiet_ticks[k],
        )
        layers.append(replace(layer, spec=msgspec.structs.replace(layer.spec, report=report)))
    words = f"{len(calibration)} clips, {seen.ticks} ticks"
    return sealed(_meta(graph, options, tuple(layers), words), tuple(layers))
