"""An Arduino library: the models, the server over any Stream, and two sketches.

Layout and fields: "Library specification" of the Arduino CLI, library format 1.5 (rev. 2.2).
"""

from __future__ import annotations

from pathlib import PurePosixPath

from tinysnn.export.ports import export_header, for_framework, server_files
from tinysnn.export.request import (
    PORTABLE_CORE,
    Request,
    fill,
    license_text,
    model_files,
    project_view,
)

ARCHITECTURES = {
    "cortex-m0": "stm32,nRF5",
    "cortex-m0plus": "samd,rp2040,mbed_rp2040,stm32",
    "cortex-m3": "*",
    "cortex-m4": "nrf52,mbed_nano,mbed_nicla,samd,renesas_uno,renesas_portenta,stm32,teensy,avr",
    "cortex-m7": "teensy,stm32,mbed_portenta,mbed_giga,avr",
    "cortex-m33": "stm32,rp2040,zephyr",
}
"""Arduino cores for boards with a processor; Teensy calls itself avr. A mismatch only warns. What
is generated for Cortex-M3 is plain C."""


SERVES_AS = "arduino"
"""What the server calls its board where none was named."""


def files(request: Request) -> dict[str, str]:
    """Every file of the library, by path."""
    plain = for_framework(request)
    view = project_view(plain, board_id=request.board.id if request.board else SERVES_AS)
    server = {f"src/{PurePosixPath(n).name}": text for n, text in server_files("arduino").items()}
    name = view.first.name
    return {
        **model_files(plain, "src/"),
        **server,
        "src/tsnn_export.h": export_header(view, f'"{view.board_id}"'),
        "library.properties": fill(
            "arduino/library.properties",
            view,
            architectures=ARCHITECTURES[view.core] if view.core != PORTABLE_CORE else "*",
        ),
        "keywords.txt": fill("arduino/keywords.txt", view),
        f"examples/{name}/{name}.ino": fill("arduino/serve.ino", view),
        f"examples/{name}_step/{name}_step.ino": fill("arduino/step.ino", view),
        "README.md": fill("arduino/README.md", view),
        "LICENSE": license_text(),
    }
