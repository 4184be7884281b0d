"""The weights of a layer as columns by output channel, for rows and kernels alike, and back."""

from __future__ import annotations

from math import prod

import numpy as np
import numpy.typing as npt

from tinysnn import forms
from tinysnn.errors import ModelError
from tinysnn.forms import KernelForm
from tinysnn.graph import Connection, Floats, Layer, SpatialConnection
from tinysnn.kernel_columns import from_columns, to_columns
from tinysnn.pack import PackedLayer, Source


def source_of(layer: Layer, connection: Connection | SpatialConnection, most: int) -> Source:
    """The pack's description of a connection; `most`: value of its largest event."""
    map_ = None
    if forms.has_kernels(layer):
        map_ = _form(layer, connection).map
    return Source(connection.source, connection.delay_ticks, connection.n_source, map_, most)


def columns_of(layer: Layer, connection: Connection | SpatialConnection) -> Floats:
    """A connection's weights [R, n], or [rows, channels] of a layer with kernels."""
    if not forms.has_kernels(layer):
        return connection.weight
    form = _form(layer, connection)
    shape = forms.map_shape(layer)
    columns: Floats = to_columns(form.map, form.weight, layer.n if shape is None else shape[0])
    return columns


def weight_columns(layer: PackedLayer) -> npt.NDArray[np.int8]:
    """A packed layer's weights [R, n], or [rows, channels] of a layer with kernels."""
    if not layer.spec.has_kernels:
        return layer.rows
    maps = [source.map for source in layer.spec.sources]
    return np.vstack(
        [
            to_columns(source, kernel, layer.spec.channels)
            for source, kernel in zip(maps, layer.kernels, strict=True)
            if source is not None
        ]
    )


def kernels_of(
    rows: npt.NDArray[np.int8], sources: tuple[Source, ...], channels: int
) -> tuple[npt.NDArray[np.int8], ...]:
    """The kernels of a layer from all its columns; none if it has rows."""
    found, first = [], 0
    for source in sources:
        if source.map is not None:
            end = first + prod(source.map.tensor_shape) // channels
            found.append(from_columns(source.map, rows[first:end], channels))
            first = end
    return tuple(found)


def by_channel(layer: Layer, channels: int) -> Floats | None:
    """The layer's thresholds [channels]: of a map, the largest of each channel."""
    threshold = layer.threshold
    if threshold is None or threshold.size == channels:
        return threshold
    return np.asarray(np.abs(threshold).reshape(-1, channels).max(axis=0))


def _form(layer: Layer, connection: Connection | SpatialConnection) -> KernelForm:
    found = forms.kernel_form(layer, connection)
    if found is None:  # forms.for_device has chosen
        raise ModelError("it has no map", where=f"layer {layer.name!r}")
    return found
