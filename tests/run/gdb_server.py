"""A GDB server with a device that has flash: what OpenOCD and pyOCD do, in a thread."""

from __future__ import annotations

import socket
import threading

FLASH, BLOCK, BLOCKS = 0x0800_0000, 256, 16
MAP = (
    '<?xml version="1.0"?><!DOCTYPE memory-map PUBLIC "+//IDN gnu.org//DTD GDB Memory Map V1.0//EN"'
    ' "http://sourceware.org/gdb/gdb-memory-map.dtd"><memory-map>'
    f'<memory type="flash" start="{FLASH:#x}" length="{BLOCK * BLOCKS:#x}">'
    f'<property name="blocksize">{BLOCK:#x}</property></memory>'
    '<memory type="ram" start="0x20000000" length="0x1000"/></memory-map>'
)


class FlashServer:
    """Flash can only be programmed where it was erased; written bytes can be spoilt."""

    def __init__(self, *, memory_map=MAP, spoil=None, damage=0, packet_bytes=0x100):
        self.memory = dict.fromkeys(range(FLASH, FLASH + BLOCK * BLOCKS), 0x55)
        self.memory_map, self.spoil, self.damage = memory_map, spoil, damage
        self.packet_bytes = packet_bytes
        self.log = []
        self._pending = {}
        self._server = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.close()
        self._thread.join(10)

    @property
    def address(self):
        return f"127.0.0.1:{self._server.getsockname()[1]}"

    def _serve(self):
        try:
            self._sock, _ = self._server.accept()
        except OSError:
            return
        with self._sock:
            file = self._sock.makefile("rb")
            while (byte := file.read(1)) not in (b"", None):
                if byte != b"$":
                    continue
                body = bytearray()
                while (byte := file.read(1)) != b"#":
                    body += byte
                assert int(file.read(2), 16) == sum(body) & 0xFF
                assert len(body) <= self.packet_bytes
                self._sock.sendall(b"+")
                if bytes(body) == b"c":
                    self.log.append("continue")
                    continue
                for answer in self._answers(bytes(body)):
                    self._reply(answer)
                    while file.read(1) == b"-":
                        self._reply(answer)

    def _reply(self, answer):
        wrong = self.damage > 0
        self.damage -= 1
        self._sock.sendall(b"$" + answer + b"#%02x" % ((sum(answer) + wrong) & 0xFF))

    def _answers(self, body):
        name = body.split(b":")[0].split(b",")[0].decode("latin-1")
        if name == "qSupported":
            more = ";qXfer:memory-map:read+" if self.memory_map else ""
            return [f"PacketSize={self.packet_bytes:x}{more}".encode()]
        if name == "?":
            return [b"T05thread:01;"]
        if name == "qXfer":
            at, size = (int(part, 16) for part in body.split(b":")[4].split(b","))
            rest = self.memory_map[at:].encode()
            return [(b"m" if len(rest) > size else b"l") + rest[:size]]
        if name == "qRcmd":
            self.log.append(bytes.fromhex(body.split(b",")[1].decode()).decode())
            return [b"O" + b"halted\n".hex().encode(), b"OK"]
        return [self._memory(name, body)]

    def _memory(self, name, body):
        if name.startswith("m"):
            at, count = (int(part, 16) for part in body[1:].split(b","))
            return bytes(self.memory.get(at + k, 0) for k in range(count)).hex().encode()
        if name.startswith("M"):
            head, data = body[1:].split(b":")
            at = int(head.split(b",")[0], 16)
            self.memory |= {at + k: byte for k, byte in enumerate(bytes.fromhex(data.decode()))}
            return b"OK"
        if name == "vFlashErase":
            at, count = (int(part, 16) for part in body.split(b":")[1].split(b","))
            if at % BLOCK or count % BLOCK or not FLASH <= at <= at + count <= FLASH + 16 * BLOCK:
                return b"E01"
            self.log.append(f"erase {at - FLASH:#x} {count:#x}")
            self.memory |= dict.fromkeys(range(at, at + count), 0xFF)
            return b"OK"
        if name == "vFlashWrite":
            return self._program(body)
        if name == "vFlashDone":
            self.memory |= self._pending
            self.log.append("done")
            return b"OK"
        return b""

    def _program(self, body):
        _, digits, data = body.split(b":", 2)
        at, escaped = int(digits, 16), False
        for byte in data:
            if byte == 0x7D and not escaped:
                escaped = True
                continue
            if self.memory.get(at) != 0xFF:
                return b"E.memtype"
            self._pending[at] = (byte ^ 0x20 if escaped else byte) ^ (at == self.spoil)
            at, escaped = at + 1, False
        return b"OK"
