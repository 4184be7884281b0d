"""Stands in for Renode: reads the script, opens its port, and serves the device in Python."""

import re
import socket
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.wire.fake_device import FakeDevice

script = Path(sys.argv[-1]).read_text(encoding="utf-8")
assert sys.argv[1:-1] == ["--disable-xwt", "--console", "--plain"]
if "FAIL" in Path(sys.argv[-1]).parent.name:
    print("There was an error executing command 'connector'", flush=True)
    sys.stdin.read()
    sys.exit(1)
(port,) = map(int, re.findall(r'CreateServerSocketTerminal (\d+) "term" false', script))
device = FakeDevice()
with socket.create_server(("127.0.0.1", port)) as server:
    connection, _ = server.accept()
    with connection:
        while data := connection.recv(4096):
            device.write(data)
            connection.sendall(device.read(0))
