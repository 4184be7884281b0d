"""Requests of the serial protocol for some clips, and the answers that the reference gives."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tinysnn import wire
from tinysnn.reference import run as run_reference
from tinysnn.run.base import expected_model
from tinysnn.session_checks import check_raster

if TYPE_CHECKING:
    from tinysnn.pack import Pack
    from tinysnn.stimulus import Stimulus
    from tinysnn.trace import Trace

_TICK_HEAD = 8
"""Bytes of hash and count before each tick's output."""


def vectors(
    pack: Pack, stimuli: Sequence[Stimulus], *, board: str, max_payload: int
) -> dict[str, Any]:
    """Exchanges of one session: HELLO, then for each clip RESET and its ticks.

    Parameters
    ----------
    board: id that the firmware says.
    max_payload: longest payload of a frame that the firmware takes and sends, in bytes.

    Returns
    -------
    A value for JSON; `templates/renode/TinysnnVectors.py` reads it. Numbers of sequence and the
    nonce are fixed, so that every run has the same bytes.

    Raises
    ------
    StimulusError: a clip does not fit the pack.

    """
    parts = [_hello(pack, board)]
    for number, stimulus in enumerate(stimuli):
        check_raster(stimulus, expected_model(pack))
        parts += _clip(pack, stimulus, number, max_payload)
    exchanges = []
    for seq, (kind, body, what, answer) in enumerate(parts, 1):
        frame = wire.encode_frame(kind, seq & 0xFFFF, body)
        exchanges.append(
            {"what": what, "seq": seq & 0xFFFF, "request": frame.hex(), "answer": answer}
        )
    return {"format": 1, "model": pack.name, "digest": pack.digest, "exchanges": exchanges}


_Exchange = tuple[wire.Type, bytes, str, dict[str, Any]]


def _hello(pack: Pack, board: str) -> _Exchange:
    expected = expected_model(pack)
    flags = expected.graded_input * wire.FLAG_GRADED_INPUT
    flags |= expected.value_output * wire.FLAG_VALUE_OUTPUT
    answer = {
        "type": wire.answer_type(wire.Type.HELLO),
        "wire": wire.WIRE_VERSION,
        "flags": flags,
        "n_in": expected.n_in,
        "n_out": expected.n_out,
        "state_bytes": expected.state_bytes,
        "digest": expected.digest.hex(),
        "name": expected.name,
        "board": board,
    }
    return wire.Type.HELLO, wire.hello_body(0, 1), "HELLO", answer


def _clip(pack: Pack, stimulus: Stimulus, number: int, max_payload: int) -> Iterator[_Exchange]:
    trace = run_reference(pack, stimulus)
    name = f"clip {number}" + (f" ({stimulus.name})" if stimulus.name else "")
    hashed = int(trace.hashes[0]).to_bytes(4, "little")
    answer = {"type": wire.answer_type(wire.Type.RESET), "body": (b"\0" + hashed).hex()}
    yield wire.Type.RESET, wire.reset_body(wire.POISON), f"RESET, {name}", answer
    ticks = [wire.encode_tick(row, graded=pack.graded_input) for row in stimulus.raster]
    for first, last in _batches(pack, [len(tick) for tick in ticks], max_payload):
        expected = [_expected_tick(pack, trace, tick) for tick in range(first, last)]
        answer = {"type": wire.answer_type(wire.Type.TICKS), "first": first, "ticks": expected}
        what = f"{name}, ticks {first} to {last - 1}"
        yield wire.Type.TICKS, wire.ticks_body(ticks[first:last]), what, answer


def _batches(pack: Pack, sizes: Sequence[int], max_payload: int) -> Iterator[tuple[int, int]]:
    """Ranges of ticks whose request and worst-case answer both fit a frame."""
    fires = pack.output_layer.spec.fires
    worst = _TICK_HEAD + (2 + 2 * pack.n_out if fires else 4 * pack.n_out)
    room = max_payload - wire.OVERHEAD - 1
    most = max(min(room // worst, wire.MAX_BATCH), 1)
    first = used = 0
    for tick, size in enumerate(sizes):
        if tick > first and (tick - first >= most or used + size > room):
            yield first, tick
            first, used = tick, 0
        used += size
    if first < len(sizes):
        yield first, len(sizes)


def _expected_tick(pack: Pack, trace: Trace, tick: int) -> dict[str, Any]:
    output = trace.output[tick]
    if pack.output_layer.spec.fires:
        active = np.flatnonzero(output)
        data = len(active).to_bytes(2, "little") + active.astype("<u2").tobytes()
    else:
        data = output.astype("<i4").tobytes()
    return {"hash": int(trace.hashes[tick + 1]), "output": data.hex()}
