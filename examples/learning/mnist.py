"""Rules under the constraints of chips, on 10,000 digits of MNIST (see handwriting.py for them).

python examples/learning/mnist.py FOLDER [odin spoon] [--epochs N]

odin: SDSP on 4 bits, 10 neurons, 16x16 pixels. spoon: one hidden layer that learns by DRTP, 8 bits,
and a readout. 8,000 digits are learned, 2,000 tested; all in 16 ticks.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from classroom import classroom
from handwriting import clips
from networks import network, random_rows, readout, spiking

from tinysnn.learn.layout import learned_bytes, learning_bytes
from tinysnn.learn.spec import Wish
from tinysnn.pack import Pack

SIDE, HIDDEN = 16, 128
ODIN = {
    "fresh": 10, "theta": 360, "middle": 288, "floor": 811, "teacher": 172, "chance": 42,
    "settle": 12, "excite": 97, "up_low": 3, "up_high": 8, "down_low": 2, "down_high": 17,
}  # fmt: skip
DRTP = {"width": 256, "shift": 8}
DELTA = {"fresh": 10, "buffer": 0, "score_shift": 7, "shift": 9}


def pack_of(chip: str) -> Pack:
    """The network of a chip's demonstration."""
    if chip == "odin":
        layers = [readout("readout", SIDE * SIDE, 10, None)]
        return network("odin", layers, {"readout": Wish("sdsp", ODIN)})
    layers = [
        spiking("hidden", random_rows(SIDE * SIDE, HIDDEN, 12.0, 3), None, theta=256),
        readout("readout", HIDDEN, 10, 0),
    ]
    return network("spoon", layers, {"hidden": Wish("drtp", DRTP), "readout": Wish("delta", DELTA)})


def main() -> None:
    """Print a line for each chip and epoch."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("chips", nargs="*", default=["odin", "spoon"], metavar="CHIP")
    parser.add_argument("--epochs", type=int, default=4)
    args = parser.parse_args()
    train, test = clips(args.folder, SIDE)
    for chip in args.chips:
        pack = pack_of(chip)
        with classroom(pack) as room:
            for epoch in range(args.epochs):
                room.teach(train)
                print(
                    f"{chip} epoch {epoch + 1}: {room.accuracy(test):.4f}, {learned_bytes(pack)} "
                    f"bytes learned, {learning_bytes(pack)} for an example",
                    flush=True,
                )


if __name__ == "__main__":
    main()
