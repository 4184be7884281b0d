"""Stands in for Renode: reads the script, opens its port, and serves the device in Python.

The machine stands still but for the virtual time that RunFor on standard input gives it.
"""

import re
import select
import socket
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.wire.fake_device import FakeDevice

if "OLD" in Path(sys.argv[-1]).parent.name:
    print("\x1b[0mRenode, version 1.15.3.39241 (86bc5cc2-202409170826)", flush=True)
script = Path(sys.argv[-1]).read_text(encoding="utf-8")
folder = Path(sys.argv[-1]).parent.name
assert sys.argv[1:-1] == ["--disable-xwt", "--console", "--plain"]
assert "\nstart\n" not in script
if "FAIL" in folder:
    print("There was an error executing command 'connector'", flush=True)
    sys.stdin.read()
    sys.exit(1)
(port,) = map(int, re.findall(r'CreateServerSocketTerminal (\d+) "term" false', script))
(mips,) = map(int, re.findall(r"PerformanceInMips (\d+)", script))
device = FakeDevice()
executed = 0
with socket.create_server(("127.0.0.1", port)) as server:
    connection, _ = server.accept()
    with connection:
        for line in sys.stdin:
            command = line.strip()
            print(f"\x1b[33;1m(tinysnn) \x1b[0m{command}\r", flush=True)
            if command == "sysbus.cpu ExecutedInstructions":
                print(f"\r0x{executed:016X}\r\n\r", flush=True)
            elif match := re.fullmatch(r'emulation RunFor "([\d.]+)"', command):
                executed += round(float(match[1]) * mips * 1e6)
                if "HANG" in folder:
                    print("12:00:00.0000 [ERROR] cpu: CPU abort [PC=0x0].", flush=True)
                    continue
                while select.select([connection], [], [], 0.002)[0]:
                    device.write(connection.recv(4096))
                connection.sendall(device.read(0))
            elif command == "quit":
                break
            else:
                print(f"There was an error executing command '{command}'", flush=True)
