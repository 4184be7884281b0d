"""What learning costs on a Cortex-M4: instructions that unicorn counts, bytes of memory.

python examples/learning/costs.py [RULE ...]

The networks are those of digits.py, as they are after 100 digits; then 30 digits are run twice, to
be learned from and not: what it takes longer is learning. A synapse is a weight of a layer that
learns.
"""

from __future__ import annotations

import argparse

import numpy as np
from classroom import Room
from digits import clips, pack_of

from tinysnn.deploy import deployed, pick_board
from tinysnn.learn.layout import learned_bytes, learning_bytes
from tinysnn.learn.wired import WiredPupil

RULES = ("delta", "few-shot", "sdsp", "sdsp-1bit/256", "stdp", "rstdp", "drtp", "eprop")
BEFORE, COUNTED = 100, 30


def instructions(rule: str) -> tuple[float, float]:
    """Per example: of learning in its ticks, and of END."""
    pack = pack_of(rule)
    train, _ = clips("shuffled")
    counted = train[BEFORE : BEFORE + COUNTED]
    with deployed([pack], runner="unicorn", board=pick_board("unicorn", "generic_m4")) as device:
        pupil = device.pupil()
        assert isinstance(pupil, WiredPupil)
        room = Room(pack, pupil)
        room.teach(train[:BEFORE])
        learned = pupil.learned()
        pupil.tick_counts.clear()
        ends = room.teach(counted)
        taught = sum(pupil.tick_counts)
        pupil.teach(learned)
        pupil.tick_counts.clear()
        room.answers(counted)
        return (taught - sum(pupil.tick_counts)) / COUNTED, float(np.mean(ends))


def main() -> None:
    """Print a line for each rule."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rules", nargs="*", default=RULES, metavar="RULE")
    for rule in parser.parse_args().rules:
        pack = pack_of(rule)
        synapses = sum(layer.rows.size for layer in pack.layers if layer.spec.learn is not None)
        ticks, end = instructions(rule)
        room = learned_bytes(pack) + learning_bytes(pack)
        print(
            f"{rule:14} {synapses:6} synapses, {room / synapses:5.2f} bytes each; an example takes "
            f"{ticks:9.0f} in its ticks and {end:9.0f} at its end: "
            f"{(ticks + end) / synapses:6.1f} per synapse",
            flush=True,
        )


if __name__ == "__main__":
    main()
