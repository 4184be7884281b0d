"""N-MNIST's binary files: five bytes an event (Orchard et al., 2015).

Byte 0 is x, byte 1 is y, bit 7 of byte 2 the polarity (1: brighter), the other 23 bits the time in
microseconds, high byte first. An event with y = 240 is no event: from it on, times are 2^13 larger.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tinysnn.errors import StimulusError
from tinysnn.events.stream import EventStream, check_size
from tinysnn.load.hdf5 import read_bytes

SENSOR = (34, 34, 2)
_OVERFLOW_Y, _OVERFLOW_US = 240, 1 << 13
MAX_FILE_BYTES = 64 << 20


def read_nmnist(path: Path) -> EventStream:
    """The events of one file; see `parse_nmnist`."""
    return parse_nmnist(read_bytes(path, StimulusError, limit=MAX_FILE_BYTES), str(path))


def parse_nmnist(data: bytes, where: str) -> EventStream:
    """The events of one file's bytes, times in microseconds; `where` is for messages.

    Raises
    ------
    StimulusError
        The length is no multiple of 5 bytes, or a place lies outside the 34 x 34 sensor.
    """
    if len(data) % 5:
        raise StimulusError(
            f"{len(data)} bytes, which is no multiple of 5: not N-MNIST's format, or cut off",
            where=where,
            fix="Copy the file again, or convert it to .npy, .npz or .csv.",
        )
    check_size(len(data) // 5, where)
    raw = np.frombuffer(data, np.uint8).reshape(-1, 5).astype(np.int64)
    overflow = raw[:, 1] == _OVERFLOW_Y
    time = (raw[:, 2] & 127) << 16 | raw[:, 3] << 8 | raw[:, 4]
    time = (time + np.cumsum(overflow) * _OVERFLOW_US)[~overflow]
    raw = raw[~overflow]
    outside = (raw[:, :2] >= SENSOR[0]).any(axis=1)
    if outside.any():
        first = int(np.argmax(outside))
        raise StimulusError(
            f"event {first} lies at x {raw[first, 0]}, y {raw[first, 1]}; the sensor has 34 x 34",
            where=where,
            fix="This is not an N-MNIST file, or it is damaged.",
        )
    return EventStream(
        x=raw[:, 0],
        y=raw[:, 1],
        p=raw[:, 2] >> 7,
        t=time,
        offset=np.array([0, time.size]),
        sensor=SENSOR,
        form="N-MNIST",
    )
