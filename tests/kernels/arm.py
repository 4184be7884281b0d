"""Generated models on an emulated core without firmware: many in one file, called one by one.

Memory is watched closely: events and outputs end at the end of mapped memory, membranes and the
work area likewise; registers that a function must keep hold known values.
"""

from __future__ import annotations

import re
import struct
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.bare import CPUS
from tests.kernels.harness import CompileError, Job, RunError
from tests.make_packs import Corner
from tests.tools import need
from tinysnn.boards import Core
from tinysnn.compare import Divergence, compare
from tinysnn.emit import render
from tinysnn.image import ElfView
from tinysnn.pack import Pack
from tinysnn.paths import firmware_dir
from tinysnn.reference import run
from tinysnn.stimulus import Stimulus
from tinysnn.trace import Trace
from tinysnn.views.row_options import AUTO, RowOptions

FLASH, FLASH_BYTES = 0x0800_0000, 1 << 23
RETURN = 0x1000_0000
STATE, INDEX, VALUE, OUT_INDEX, OUT_VALUE = (0x2000_0000 + (k << 20) for k in range(5))
ROOM = 1 << 19
"""Mapped from each of these addresses; what lies there ends where the mapped memory ends."""
CALL = 0x3000_0000
"""The structs of a call."""
STACK = 0x4000_0000
STACK_BYTES = 1 << 14
POISON = 0xA5
_KERNELS = r"tsnn_.*_(dsp|v6m)$"
KEPT = {f"R{k}": 0xC0DE_0000 + k for k in range(4, 12)}
WALL_LIMIT_US = 5_000_000
_MODEL = struct.Struct("<IIHHIIIII")
_LINK = """SECTIONS { .text 0x08000000 : { KEEP(*(.text*)) *(.rodata*) }
    .data 0x20800000 : { *(.data*) *(.bss*) } }"""


def kernel_texts(texts: Mapping[str, str]) -> dict[str, str]:
    """The assembly functions of generated files, by symbol; one symbol has one text."""
    found: dict[str, str] = {}
    for name, text in texts.items():
        if name.endswith(".S"):
            for rest in text.split("    .section .text.")[1:]:
                symbol = rest[: rest.index(",")]
                part = rest[: rest.index(f"    .size   {symbol}")]
                assert found.setdefault(symbol, part) == part, f"two kernels are called {symbol}"
    return found


def one_unit(texts: Mapping[str, str]) -> dict[str, str]:
    """All C in one file and all kernels, each once, in another: quick to compile."""
    models = [name for name in texts if name.endswith(".c") and name != "tsnn_image.c"]
    one = {name: text for name, text in texts.items() if name.endswith(".h")}
    one["all.c"] = "\n".join(texts[name] for name in models)
    kernels = kernel_texts(texts)
    head = "    .syntax unified\n    .thumb\n"
    ends = (
        f"    .section .text.{k}{part[len(k) :]}    .size   {k}, . - {k}\n"
        for k, part in kernels.items()
    )
    one["kernels.S"] = head + "".join(ends)
    return one


def compile_for(core: str, texts: Mapping[str, str], folder: Path, optimise: str = "-O1") -> Path:
    """Compile the files of `one_unit` to an ELF file with nothing but models in it."""
    need("gcc-arm")
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (folder / name).write_text(text)
    (folder / "all.ld").write_text(_LINK)
    firmware = firmware_dir()
    elf = folder / "all.elf"
    sources = [folder / "all.c", folder / "kernels.S", firmware / "src" / "tsnn_mem.c"]
    flags = [f"-mcpu={core}", "-mthumb", optimise, "-std=c11", f"-I{folder}"]
    link = ["-nostartfiles", "-nostdlib", f"-Wl,-T,{folder / 'all.ld'}", "-Wl,-e,0x08000001"]
    includes = [f"-I{firmware / 'include'}", f"-I{firmware / 'src'}"]
    inputs = [*map(str, sources), "-lgcc", "-o", str(elf)]
    done = subprocess.run(
        ["arm-none-eabi-gcc", *flags, *includes, *link, *inputs],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise CompileError(done.stderr[-3000:])
    return elf


class Arm:
    """A core with an ELF file in its flash."""

    def __init__(self, elf: Path, core: Core) -> None:
        need("unicorn")
        unicorn, arm_const = import_module("unicorn"), import_module("unicorn.arm_const")
        self._registers = {
            name: getattr(arm_const, f"UC_ARM_REG_{name}")
            for name in ("R0", "R1", "R2", "SP", "LR", "PC", *KEPT)
        }
        self._error, self._hook_block = unicorn.UcError, unicorn.UC_HOOK_BLOCK
        self._uc = uc = unicorn.Uc(unicorn.UC_ARCH_ARM, unicorn.UC_MODE_THUMB)
        uc.ctl_set_cpu_model(getattr(arm_const, f"UC_CPU_ARM_CORTEX_{CPUS[core]}"))
        self._elf = ElfView(elf)
        uc.mem_map(FLASH, FLASH_BYTES, unicorn.UC_PROT_READ | unicorn.UC_PROT_EXEC)
        for base in (STATE, INDEX, VALUE, OUT_INDEX, OUT_VALUE):
            uc.mem_map(base, ROOM)
        for base, size in ((RETURN, 4096), (CALL, 4096), (STACK, STACK_BYTES)):
            uc.mem_map(base, size)
        address, size = self._elf.sections[".text"]
        uc.mem_write(address, self._elf.read(address, size))
        uc.mem_write(RETURN, b"\xfe\xe7")
        self.ran: set[int] = set()
        """Addresses in code that has run."""
        uc.hook_add(unicorn.UC_HOOK_EDGE_GENERATED, self._on_new_block)
        self._before: dict[int, dict[str, int]] = {}
        self._returns: set[int] = set()
        self._spoilt = ""
        for name, symbol in self._elf.symbols.items():
            if re.match(_KERNELS, name):
                at = symbol.address & ~1
                uc.hook_add(unicorn.UC_HOOK_BLOCK, self._on_kernel, name, at, at)

    def _on_kernel(self, uc: Any, address: int, _size: int, name: str) -> None:
        """Watch a kernel's return: what a function must keep is as it was."""
        back = uc.reg_read(self._registers["LR"]) & ~1
        if back not in self._returns:
            self._returns.add(back)
            uc.hook_add(self._hook_block, self._on_return, name, back, back)
        self._before[back] = {key: uc.reg_read(self._registers[key]) for key in (*KEPT, "SP")}

    def _on_return(self, uc: Any, address: int, _size: int, name: str) -> None:
        for key, value in self._before.pop(address, {}).items():
            if uc.reg_read(self._registers[key]) != value and not self._spoilt:
                self._spoilt = f"{name} does not keep {key}"

    def _on_new_block(self, _uc: object, block: Any, _before: object, _data: object) -> None:
        self.ran.update(range(block.pc, block.pc + block.size, 2))

    def patch(self, address: int, code: bytes) -> None:
        """Put other instructions where these are."""
        self._uc.mem_write(address, code)

    def call(self, function: int, *arguments: int) -> None:
        """Call a function that answers 0; RunError if it does anything else."""
        uc, registers = self._uc, self._registers
        known = {**KEPT, "SP": STACK + STACK_BYTES, "LR": RETURN | 1}
        given = dict(zip(("R0", "R1", "R2"), arguments, strict=False))
        for name, value in {**known, **given}.items():
            uc.reg_write(registers[name], value)
        try:
            uc.emu_start(function | 1, RETURN, timeout=WALL_LIMIT_US)
        except self._error as error:
            raise RunError(f"at 0x{uc.reg_read(registers['PC']):08x}: {error}") from error
        del known["LR"]
        wanted = {**known, "PC": RETURN, "R0": 0}
        got = {name: uc.reg_read(registers[name]) for name in wanted}
        if got != wanted:
            raise RunError(f"registers after the call: {got}")
        if self._spoilt:
            raise RunError(self._spoilt)

    def run(self, pack: Pack, job: Job) -> Trace:
        """Run a clip from init, or from its start state."""
        at = self._elf.symbol(f"tsnn_{pack.name}_model").address
        fields = _MODEL.unpack(self._elf.read(at, _MODEL.size))
        struct_bytes, state_bytes, init, step = fields[5:9]
        state = STATE + ROOM - struct_bytes
        poison = bytes([POISON]) * ROOM
        self._uc.mem_write(STATE, poison)
        self.call(init, state)
        if job.start is not None:
            self._uc.mem_write(state, job.start)
        states, outputs = [self._uc.mem_read(state, state_bytes)], []
        for row in job.raster:
            self._uc.mem_write(state + state_bytes, poison[: struct_bytes - state_bytes])
            outputs.append(self._tick(pack, step, state, row))
            states.append(self._uc.mem_read(state, state_bytes))
        if bytes(self._uc.mem_read(STATE, state - STATE)) != poison[: state - STATE]:
            raise RunError("wrote below the state")
        return _trace(pack, states, outputs)

    def _tick(self, pack: Pack, step: int, state: int, row: Any) -> np.ndarray:
        uc = self._uc
        index = np.flatnonzero(row).astype("<u2")
        at = self._at_end(INDEX, index.tobytes())
        value = self._at_end(VALUE, row[index].astype(np.int8).tobytes())
        fires = not pack.output_layer.spec.gives_values
        out_index = OUT_INDEX + ROOM - 2 * pack.n_out * fires
        out_value = OUT_VALUE + ROOM - 4 * pack.n_out * (not fires)
        uc.mem_write(CALL, struct.pack("<6I", at, value, index.size, out_index, out_value, 77))
        self.call(step, state, CALL, CALL + 12)
        count = int.from_bytes(uc.mem_read(CALL + 20, 4), "little")
        if not fires:
            return np.frombuffer(uc.mem_read(out_value, 4 * pack.n_out), "<i4")
        if count > pack.n_out:
            raise RunError(f"{count} output spikes")
        spikes = np.frombuffer(uc.mem_read(out_index, 2 * count), "<u2")
        if spikes.size and (spikes.max() >= pack.n_out or (np.diff(spikes.astype(int)) <= 0).any()):
            raise RunError(f"output spikes {spikes}")
        output = np.zeros(pack.n_out, np.int32)
        output[spikes] = 1
        return output

    def _at_end(self, base: int, data: bytes) -> int:
        address = base + ROOM - len(data)
        if data:
            self._uc.mem_write(address, data)
        return address


def _trace(pack: Pack, states: Sequence[bytes], outputs: Sequence[Any]) -> Trace:
    import zlib

    hashes, running = [], 0
    for state in states:
        running = zlib.crc32(state, running)
        hashes.append(running)
    return Trace(
        output=np.array(outputs, np.int32).reshape(-1, pack.n_out),
        hashes=np.array(hashes, np.uint32),
        states=np.frombuffer(b"".join(states), np.uint8).reshape(len(states), -1),
    )


def wanted_of(scene: Corner) -> Trace:
    """What the reference does with a scene, states included."""
    return run(scene.pack, Stimulus(scene.raster), keep_states=True)


def differences(
    arm: Arm, scenes: Sequence[Corner], wanted: Sequence[Trace]
) -> Iterator[tuple[str, Divergence | RunError]]:
    """Models that do not do what the reference does, and where."""
    for scene, want in zip(scenes, wanted, strict=True):
        try:
            got = arm.run(scene.pack, Job(0, scene.raster))
        except RunError as error:
            yield scene.pack.name, error
            continue
        divergence = compare(scene.pack, want, got)
        if divergence is not None:
            yield scene.pack.name, divergence


def assert_exact(
    scenes: Sequence[Corner], core: Core, folder: Path, options: RowOptions = AUTO
) -> dict[str, tuple[int, int]]:
    """Compile scenes into one file, run each, compare all state every tick.

    Returns how many instructions of each kernel have run, and how many it has.
    """
    texts = render([scene.pack for scene in scenes], core=core, options=options)
    elf = compile_for(core, one_unit(texts), folder)
    arm = Arm(elf, core)
    wrong = dict(differences(arm, scenes, [wanted_of(scene) for scene in scenes]))
    listed = "\n".join(f"{name}: {what}" for name, what in wrong.items())
    assert not wrong, f"{core}: {len(wrong)} of {len(scenes)} models differ:\n{listed}"
    ran: dict[str, list[bool]] = {name: [] for name in kernel_texts(texts)}
    for name, address in instructions(elf):
        if name in ran:
            ran[name].append(address in arm.ran)
    return {name: (sum(each), len(each)) for name, each in ran.items()}


def instructions(elf: Path) -> Iterator[tuple[str, int]]:
    """Function and address of every instruction but those that fill gaps."""
    command = ["arm-none-eabi-objdump", "-d", "--no-show-raw-insn", str(elf)]
    listing = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    name = ""
    for line in listing.splitlines():
        head = re.match(r"[0-9a-f]+ <(\w+)>:", line)
        code = re.match(r" *([0-9a-f]+):\t(?!\.|nop|movs\tr0, r0)", line)
        if head:
            name = head[1]
        elif code:
            yield name, int(code[1], 16)
