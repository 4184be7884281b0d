"""The host runner: the same generated C as a shared library in this process, no wire."""

from __future__ import annotations

import ctypes
import os
import platform
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tinysnn.errors import DeviceError
from tinysnn.learn.calls import Answer, Call
from tinysnn.learn.learner import Status
from tinysnn.run.base import Listener, RunnerInfo, expected_model
from tinysnn.run.host_types import Input, Learn, Output, Slot
from tinysnn.session_checks import Expected, check_raster
from tinysnn.stimulus import Stimulus
from tinysnn.trace import Trace

if TYPE_CHECKING:
    from tinysnn.learn.lesson import Pupil
    from tinysnn.pack import Pack

_POISON = 0xA5


class HostModel:
    """One model of a shared library that `build_host` made."""

    def __init__(self, library: Path, expected: Expected, slot: int) -> None:
        """Load the library.

        Raises
        ------
        DeviceError: it cannot be loaded, or holds another model.

        """
        try:
            self._library = ctypes.CDLL(str(library))
            count = ctypes.c_uint32.in_dll(self._library, "tsnn_slot_count").value
            slots = (Slot * count).in_dll(self._library, "tsnn_slots")
            self._crc = self._library.tsnn_crc32
        except (OSError, ValueError, AttributeError) as error:
            raise DeviceError(
                f"cannot load the library ({error})", where=str(library), fix="Build it again."
            ) from None
        self._crc.restype = ctypes.c_uint32
        self._crc.argtypes = (ctypes.c_uint32, ctypes.c_void_p, ctypes.c_size_t)
        self._expected = expected
        if slot >= count or bytes(slots[slot].model.contents.digest[:32]) != expected.digest:
            raise DeviceError(
                f"slot {slot} does not hold {expected.name!r}",
                where=str(library),
                fix="Build it again.",
            )
        self._model = slots[slot].model.contents
        self._state = slots[slot].state
        self._learn: Learn | None = self._model.learn.contents if self._model.learn else None
        if self._learn is not None:
            self._check(self._learn.init(self._state), "learn_init")
        self._ear = slots[slot].ear

    def run(self, stimulus: Stimulus, *, keep_states: bool) -> Trace:
        """Poison and reset the model, then run one clip.

        Raises
        ------
        StimulusError: the raster does not fit.
        DeviceError: the model refused its input.

        """
        check_raster(stimulus, self._expected)
        self.reset()
        hashes, states, outputs, decisions = [self._hash(0)], [self._bytes()], [], []
        for row in self._rows(stimulus):
            outputs.append(self._step(row))
            decisions.append(self.decision())
            hashes.append(self._hash(hashes[-1]))
            if keep_states:
                states.append(self._bytes())
        kept = np.frombuffer(b"".join(states), np.uint8).reshape(len(states), -1)
        return Trace(
            output=np.array(outputs, np.int32).reshape(-1, self._expected.n_out),
            hashes=np.array(hashes, np.uint32),
            states=kept if keep_states else None,
            decisions=np.array(decisions, np.int32) if self._expected.decides else None,
        )

    def _rows(self, stimulus: Stimulus) -> Iterator[npt.NDArray[np.int8]]:
        """Input of every tick: what the front end makes of the samples, if it has any to hear."""
        if stimulus.samples is None or not self._expected.hop:
            yield from stimulus.raster
            return
        yield from (row for row in self._taken(stimulus.samples) if row is not None)

    def _taken(self, samples: npt.NDArray[np.int16]) -> Iterator[npt.NDArray[np.int8] | None]:
        """What the front end makes of every tick of samples; None while it has nothing to give."""
        front_end, hop = self._model.front_end.contents, self._expected.hop
        index = np.zeros(self._expected.n_in, np.uint16)
        value = np.ones(self._expected.n_in, np.int8)  # stays so where events are spikes
        count = ctypes.c_uint32()
        for at in range(0, samples.size - hop + 1, hop):
            taken = np.ascontiguousarray(samples[at : at + hop])
            where = (taken.ctypes.data, index.ctypes.data, value.ctypes.data)
            row = None
            if front_end.push(self._ear, *where, ctypes.byref(count)):
                row = np.zeros(self._expected.n_in, np.int8)
                row[index[: count.value]] = value[: count.value]
            yield row

    def hear(self, samples: npt.NDArray[np.int16]) -> list[tuple[int, int] | None]:
        """Go on from the present state with raw samples; see `tinysnn.run.base.Listener`."""
        found: list[tuple[int, int] | None] = []
        for row in self._taken(samples):
            if row is not None:
                self._step(row)
            found.append(None if row is None else self.decision())
        return found

    def reset(self) -> None:
        """Poison and reset the model and its front end; what it has learned stays."""
        ctypes.memset(self._state, _POISON, self._model.struct_bytes)
        self._check(self._model.init(self._state), "init")
        if self._expected.hop:
            front_end = self._model.front_end.contents
            ctypes.memset(self._ear, _POISON, front_end.struct_bytes)
            front_end.init(self._ear)

    def ticks(self, stimulus: Stimulus) -> npt.NDArray[np.int32]:
        """Run a clip from the present state on; [T, n_out].

        Raises
        ------
        StimulusError: the raster does not fit.

        """
        check_raster(stimulus, self._expected)
        outputs = [self._step(row) for row in self._rows(stimulus)]
        return np.array(outputs, np.int32).reshape(-1, self._expected.n_out)

    def call(self, call: Call, value: int = 0) -> Answer:
        """Call the learner.

        Raises
        ------
        DeviceError: the model learns nothing.

        """
        learn, found = self._learner(), ctypes.c_uint32(0)
        plain = {Call.INIT: learn.init, Call.BEGIN: learn.begin, Call.END: learn.end}
        plain[Call.ADOPT] = learn.check
        if call in plain:
            status = plain[call](self._state)
        elif call is Call.ADD_CLASS:
            status = learn.add_class(self._state, ctypes.addressof(found))
        elif call in (Call.LABEL, Call.REWARD):
            status = (learn.label if call is Call.LABEL else learn.reward)(self._state, value)
        else:
            status = int(Status.FLASH)
        own = self._crc(0, self._state + learn.offset, learn.bytes)
        return Answer(int(status), found.value, 0, int(own))

    def learned(self) -> bytes:
        """What is learned, byte by byte."""
        learn = self._learner()
        return ctypes.string_at(self._state + learn.offset, learn.bytes)

    def teach(self, learned: bytes) -> Answer:
        """Put `learned` in the place of what was learned; forget all if it is no such thing."""
        learn = self._learner()
        if len(learned) != learn.bytes:
            return Answer(int(Status.ARG), 0, 0, 0)
        ctypes.memmove(self._state + learn.offset, learned, len(learned))
        answer = self.call(Call.ADOPT)
        if answer.status != Status.OK:
            self.call(Call.INIT)
        return answer

    def _learner(self) -> Learn:
        if self._learn is None:
            raise DeviceError(
                f"{self._expected.name!r} learns nothing",
                where="host",
                fix="Pack it with --learn LAYER=RULE.",
            )
        return self._learn

    def _step(self, row: npt.NDArray[np.int8]) -> npt.NDArray[np.int32]:
        index = np.flatnonzero(row).astype(np.uint16)
        value = row[index].astype(np.int8)
        spikes = np.zeros(self._expected.n_out, np.uint16)
        values = np.zeros(self._expected.n_out, np.int32)
        graded = value.ctypes.data if self._expected.graded_input else None
        given = Input(index.ctypes.data, graded, index.size)
        out = Output(spikes.ctypes.data, values.ctypes.data, 0)
        self._check(self._model.step(self._state, given, out), "step")
        if self._expected.value_output:
            return values
        if out.count > spikes.size or np.any(spikes[: out.count] >= spikes.size):
            raise DeviceError("the model wrote outputs that it does not have", where="host")
        values[spikes[: out.count]] = 1
        return values

    def decision(self) -> tuple[int, int]:
        """What the last tick decided: class (-1: none) and margin; -1, 0 of other models."""
        if not self._expected.decides:
            return -1, 0
        lies = (ctypes.c_int32 * 2).from_address(self._state + self._model.decision_at)
        return int(lies[0]), int(lies[1])

    def _hash(self, before: int) -> int:
        return int(self._crc(before, self._state, self._model.state_bytes))

    def _bytes(self) -> bytes:
        return ctypes.string_at(self._state, self._model.state_bytes)

    def _check(self, status: int, what: str) -> None:
        if status != 0:
            raise DeviceError(
                f"the model's {what} failed with status {status}",
                where="host",
                fix="Generate and build the model again.",
            )


class HostRunner:
    """Packs compiled with this machine's compiler. Counts nothing."""

    def __init__(self, packs: Sequence[Pack], slot: int, work_dir: Path | None) -> None:
        from tinysnn.build_host import build_host

        self._temporary = None if work_dir else tempfile.mkdtemp(prefix="tinysnn-host-")
        try:
            folder = work_dir or Path(str(self._temporary))
            library = _own_copy(build_host(packs, folder))
            try:
                self._model = HostModel(library, expected_model(packs[slot]), slot)
            finally:
                with suppress(OSError):  # some systems keep the file of a loaded library
                    library.unlink()
        except BaseException:
            self.close()
            raise

    @property
    def info(self) -> RunnerInfo:
        """See `Runner`."""
        from tinysnn.build_host import find_cc

        return RunnerInfo("host", "host", platform.machine(), Path(find_cc()).name, 0, None)

    def run(self, stimulus: Stimulus, keep_states: bool = False) -> Trace:  # noqa: FBT001, FBT002
        """See `Runner`."""
        return self._model.run(stimulus, keep_states=keep_states)

    def pupil(self) -> Pupil:
        """See `Runner`."""
        return self._model

    def listener(self) -> Listener:
        """See `Runner`."""
        return self._model

    def close(self) -> None:
        """See `Runner`."""
        if self._temporary:
            shutil.rmtree(self._temporary, ignore_errors=True)

    def __enter__(self) -> HostRunner:  # noqa: PYI034 (see Runner)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _own_copy(library: Path) -> Path:
    """Copy the library under a name of its own, to be loaded and then deleted.

    A library that is loaded twice from one path is loaded once: a rebuilt one would be the old
    one, and two runners would share one state.
    """
    handle, name = tempfile.mkstemp(prefix="tinysnn-", suffix=library.suffix, dir=library.parent)
    os.close(handle)
    return Path(shutil.copyfile(library, name))
