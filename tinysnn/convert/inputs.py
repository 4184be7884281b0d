"""Inputs that a network is converted with: a .npz with `x` and, if known, `labels`."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tinysnn.convert.ann import Ann, Floats
from tinysnn.errors import StimulusError

MAX_BYTES = 256 << 20


@dataclass(frozen=True, eq=False)
class Inputs:
    """Inputs in the layout and units of `Ann`."""

    x: Floats
    """``[B, n_in]``, real, maps flattened channels first."""
    raw: npt.NDArray[Any]
    """``[B, ...]`` as in the file, for the interpreter of the original."""
    labels: npt.NDArray[np.int64] | None
    """``[B]``"""


def read_inputs(path: Path, ann: Ann, limit: int | None = None) -> Inputs:
    """Read inputs.

    Parameters
    ----------
    path: ``.npz`` with ``x``: ``[B, height, width, channels]`` or ``[B, n]``, floats in real units
        or int8/uint8 as the model's own quantised input; and optional ``labels``, ``[B]``.
    ann: the network that they are for.
    limit: at most so many; None: all.

    Raises
    ------
    StimulusError: the file cannot be read, or does not fit.

    """
    where = str(path)
    x, labels = _arrays(path)
    if x.ndim < 2 or not len(x) or x[0].size != ann.n_in:
        raise StimulusError(
            f"x has the shape {list(x.shape)}, [B, {ann.n_in}] is needed", where=where
        )
    if labels is not None:
        if labels.shape != (len(x),) or labels.dtype.kind not in "iu":
            raise StimulusError("labels are not one whole number for each x", where=where)
        if labels.min() < 0 or labels.max() >= ann.n_out:
            raise StimulusError(f"labels beyond the model's {ann.n_out} outputs", where=where)
        labels = labels.astype(np.int64)[:limit]
    raw = x[:limit]
    return Inputs(_channels_first(_real(raw, ann, where), ann), raw, labels)


def _arrays(path: Path) -> tuple[npt.NDArray[Any], npt.NDArray[Any] | None]:
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(info.file_size for info in archive.infolist()) > MAX_BYTES:
                raise StimulusError(f"holds more than {MAX_BYTES >> 20} MB", where=str(path))
        with np.load(path, allow_pickle=False) as file:
            if "x" not in file:
                raise StimulusError("holds no array 'x'", where=str(path))
            return file["x"], file.get("labels")
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile) as error:
        raise StimulusError(f"cannot be read as .npz ({error})", where=str(path)) from error


def _real(raw: npt.NDArray[Any], ann: Ann, where: str) -> Floats:
    if raw.dtype.kind == "f":
        if not np.isfinite(raw).all():
            raise StimulusError("x holds values that are no numbers", where=where)
        return raw.astype(np.float64)
    if raw.dtype in (np.int8, np.uint8) and ann.input is not None:
        return (raw.astype(np.float64) - ann.input.zero_point) * ann.input.scale
    raise StimulusError(
        f"x is of type {raw.dtype}", where=where, fix="Give floats, or the model's own int8."
    )


def _channels_first(x: Floats, ann: Ann) -> Floats:
    """``[B, n_in]`` from the layout of the file, channels last."""
    if len(ann.in_shape) == 3:
        channels, height, width = ann.in_shape
        x = x.reshape(-1, height, width, channels).transpose(0, 3, 1, 2)
    return np.ascontiguousarray(x.reshape(len(x), -1))
