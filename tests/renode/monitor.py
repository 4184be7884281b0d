"""The part of Renode's monitor language that generated files use, and what must hold there.

Rules are those that were found out with Renode 1.16.1: names have the prefix `sysbus.`, the UART is
connected before the machine runs, its socket is raw, a counter beside the core runs at its rate.
With an image behind it (`Machine` of the unicorn runner) the commands do what Renode would do.
"""

from __future__ import annotations

import re
from pathlib import Path

UARTS = {
    # Read out of the platform files of Renode 1.16.1.
    "platforms/boards/stm32f4_discovery.repl": "usart1 usart2 usart3 uart4 uart5",
    "platforms/cpus/stm32f4.repl": "usart1 usart2 usart3 uart4 uart5",
    "platforms/cpus/stm32f103.repl": "usart1 usart2 usart3 usart4 usart5",
    "platforms/cpus/stm32g0.repl": "usart1 usart2 usart3 usart4 usart5 usart6",
    "platforms/cpus/stm32l071.repl": "usart1 usart2 usart4 usart5 lpuart1",
    "platforms/cpus/stm32h743.repl": "usart1 usart2 usart3 usart6 uart4 uart5 uart7 uart8 lpuart1",
    "platforms/cpus/nxp-k6xf.repl": "uart0",
    "platforms/cpus/nrf52840.repl": "uart0 uart1",
    "platforms/boards/arduino_nano_33_ble.repl": "uart0 uart1",
}
CPU_TYPES = ("cortex-m0", "cortex-m3", "cortex-m4", "cortex-m7", "cortex-m33")
PATH = r"(?:@(?:[^\s\\]|\\ )+|\$ORIGIN/[\w.]+)"
PLATFORM_STRING = r'"dwt: Miscellaneous\.DWT @ sysbus 0xE0001000 \{ frequency: (?P<dwt>\d+) \}"'
COMMANDS = {
    "create": r'mach create "\w+"',
    "platform": rf"machine LoadPlatformDescription (?P<path>{PATH})",
    "dwt": rf"machine LoadPlatformDescriptionFromString {PLATFORM_STRING}",
    "mips": r"sysbus\.cpu PerformanceInMips (?P<mips>[1-9]\d*)",
    "free": r"emulation SetAdvanceImmediately true",
    "quantum": r'emulation SetGlobalQuantum "0\.\d+"',
    "socket": r'emulation CreateServerSocketTerminal (?P<port>\d+) "term" false',
    "connect": r"connector Connect sysbus\.(?P<uart>\w+) term",
    "elf": rf"sysbus LoadELF (?P<elf>{PATH})",
    "vectors": r"sysbus\.cpu VectorTableOffset 0x[0-9A-F]{8}",
    "start": r"start",
    "byte": r"sysbus\.(?P<uart>\w+) WriteChar 0x(?P<byte>[0-9A-F]{2})",
    "file": rf"sysbus\.(?P<uart>\w+) CreateFileBackend (?P<file>{PATH}) true",
    "run": r'emulation RunFor "(?P<seconds>\d+\.\d+)"',
    "count": r"sysbus\.cpu ExecutedInstructions",
}
NEEDS = {
    "platform": "create",
    "mips": "platform",
    "connect": "socket",
    "vectors": "elf",
    "start": "connect",
    "file": "platform",
    "run": "vectors",
}
"""What must have come before a command."""


class MonitorError(AssertionError):
    """A command that Renode would refuse, or that does not do what it should."""


class Monitor:
    """Carries out commands one by one."""

    def __init__(self, open_machine=None):
        self._open_machine = open_machine
        self.reset()

    def reset(self):
        self.seen = set()
        self.facts = {}
        self.uarts = ""
        self.machine = None
        self.executed = 0
        self._waiting = bytearray()
        self._answers = None

    def script(self, path):
        for line in Path(path).read_text(encoding="utf-8").splitlines():
            if line.strip() and not line.startswith("#"):
                self.command(line, Path(path).parent)

    def command(self, line, origin=Path()):
        for name, pattern in COMMANDS.items():
            if match := re.fullmatch(pattern, line):
                if NEEDS.get(name, name) not in self.seen | {name}:
                    raise MonitorError(f"{NEEDS[name]!r} must come before: {line}")
                self.seen.add(name)
                found = {key: value for key, value in match.groupdict().items() if value}
                self.facts |= found
                return getattr(self, f"_{name}", lambda **_: "")(**found, origin=origin) or ""
        raise MonitorError(f"no command of the monitor: {line}")

    def _platform(self, path, origin):
        if path.startswith("@platforms/"):
            self.uarts = UARTS[path[1:]]
        else:
            text = local(path, origin).read_text(encoding="utf-8")
            self.uarts = " ".join(check_platform(text))

    def _dwt(self, dwt, origin):
        self.facts["dwt"] = dwt

    def _mips(self, mips, origin):
        if "dwt" in self.facts and int(self.facts["dwt"]) != int(mips) * 1_000_000:
            raise MonitorError("the counter beside the core does not count instructions")

    def _connect(self, uart, origin):
        if uart not in self.uarts.split():
            raise MonitorError(f"the platform has no {uart}")

    def _elf(self, elf, origin):
        if self._open_machine is not None:
            self.machine = self._open_machine(local(elf, origin))

    def _byte(self, uart, byte, origin):
        self._connect(uart, origin)
        self._waiting.append(int(byte, 16))

    def _file(self, uart, file, origin):
        self._connect(uart, origin)
        self._answers = local(file, origin)
        if self._answers.exists():
            raise MonitorError("Renode writes to new files only")
        self._answers.touch()

    def _run(self, seconds, origin):
        self.executed += round(float(seconds) * int(self.facts["mips"]) * 1e6)
        if self.machine is not None:
            self.machine.write(bytes(self._waiting))
            self._waiting.clear()
            with self._answers.open("ab") as file:
                file.write(self.machine.read(0))

    def _count(self, origin):
        return f"0x{self.executed:016X}\n"


def local(word, origin):
    """The file that a path of the monitor's language means."""
    if word.startswith("$ORIGIN/"):
        return origin / word.removeprefix("$ORIGIN/")
    return Path(word.removeprefix("@").replace("\\ ", " "))


ENTRY = r"(?P<name>\w+): (?P<type>[\w.]+) @ sysbus(?: (?P<at>0x[0-9A-F]{8}))?"


def check_platform(text):
    """Names of the UARTs of a platform file, which must be one that Renode takes."""
    uarts, types, open_entry = [], [], False
    for line in text.splitlines():
        if not line or line.startswith("//"):
            open_entry = False
        elif match := re.fullmatch(ENTRY, line):
            open_entry = True
            types.append(match["type"])
            uarts += [match["name"]] * match["type"].startswith("UART.")
        elif not open_entry or not re.fullmatch(
            r'    (?:\w+: (?:0x[0-9A-F]+|\d+|"[\w+-]+"|nvic)|IRQ -> cpu@0|-> nvic@\d+)', line
        ):
            raise MonitorError(f"no line of a platform file: {line!r}")
        if (cpu := re.fullmatch(r'    cpuType: "(.*)"', line)) and cpu[1] not in CPU_TYPES:
            raise MonitorError(f"Renode has no {cpu[1]}, or runs it wrongly")
    wanted = ["IRQControllers.NVIC", "CPU.CortexM", *["Memory.MappedMemory"] * 2]
    if types[:4] != wanted or not uarts:
        raise MonitorError(f"the platform lacks something: {types}")
    return uarts
