"""Rules compared on the 8x8 digits of scikit-learn, in the generated C on this machine.

python examples/learning/digits.py [RULE ...] [--order recorded] [--epochs N] [--wrong-labels]

RULE/N is the rule on N fixed random features, RULE,NAME=NUMBER has another parameter. With
--wrong-labels the training digits have each other's: what is then right on the test digits is
chance.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from classroom import classroom
from networks import network, random_rows, readout, sparse_rows, spiking

from tinysnn.cli.learn import arranged
from tinysnn.learn.layout import learned_bytes, learning_bytes
from tinysnn.learn.spec import Wish
from tinysnn.pack import Pack
from tinysnn.stimulus import Stimulus

TICKS = 16
TESTED = 360
HEADS = {
    "delta": {"fresh": 10, "buffer": 0, "score_shift": 6, "shift": 7},
    "few-shot": {"per_class": 8, "slowest": 5},
    "stdp": {"per_class": 20},
    "rstdp": {"per_class": 3},
}
HIDDEN = {"eprop": {"width": 128, "shift": 11}, "drtp": {"width": 128, "shift": 6}}


def clips(order: str, seed: int = 0) -> tuple[list[Stimulus], list[Stimulus]]:
    """Digits to learn and to be tested on; a pixel of value p spikes in p of 16 ticks.

    order: `recorded`: the last 360 of the set's own order are tested (other writers), `shuffled`:
    a random 360.
    """
    from sklearn.datasets import load_digits

    digits = load_digits()
    pixels = digits.data.astype(np.int64)
    phase = np.random.default_rng(7).integers(0, TICKS, pixels.shape[1])
    t = np.arange(TICKS + 1)[:, None]
    level = (pixels[:, None, :] * t + phase) // TICKS
    rasters = np.diff(level, axis=1).astype(np.int8)
    every = [
        Stimulus(r, f"digit {k}", int(c))
        for k, (r, c) in enumerate(zip(rasters, digits.target, strict=True))
    ]
    if order == "shuffled":
        every = [every[k] for k in np.random.default_rng(seed).permutation(len(every))]
    return every[:-TESTED], every[-TESTED:]


def pack_of(words: str) -> Pack:
    """The network that a rule is tried on: RULE or RULE/FEATURES, with ,NAME=NUMBER as for pack."""
    rule, *settings = words.split(",")
    name, _, features = rule.partition("/")
    chosen = {key: int(number) for key, _, number in (text.partition("=") for text in settings)}
    if name in HIDDEN:
        layers = [
            spiking("hidden", random_rows(64, 64, 16.0, 3), None, theta=256),
            readout("readout", 64, 10, 0),
        ]
        wishes = {"hidden": Wish(name, {**HIDDEN[name], **chosen})}
        return network("digits", layers, {**wishes, "readout": Wish("delta", HEADS["delta"])})
    wish = Wish(name, {"fresh": 10, **HEADS.get(name, {}), **chosen})
    if not features:
        return network("digits", [readout("readout", 64, 10, None)], {"readout": wish})
    rows = sparse_rows(64, int(features), 6, 3)
    layers = [
        spiking("features", rows, None, theta=40),
        readout("readout", int(features), 10, 0),
    ]
    return network("digits", layers, {"readout": wish})


def main() -> None:
    """Print a line for each rule and epoch."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rules", nargs="*", default=["delta"], metavar="RULE")
    parser.add_argument("--order", choices=("shuffled", "recorded"), default="shuffled")
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--wrong-labels", action="store_true")
    args = parser.parse_args()
    train, test = clips(args.order)
    train = arranged(train, order="recorded", wrong_labels=args.wrong_labels)
    for rule in args.rules:
        pack = pack_of(rule)
        with classroom(pack) as room:
            for epoch in range(args.epochs):
                began = time.perf_counter()
                room.teach(train)
                print(
                    f"{rule:10} {args.order:9} epoch {epoch + 1}: {room.accuracy(test):.3f}, "
                    f"{learned_bytes(pack)} bytes learned, {learning_bytes(pack)} for an example, "
                    f"{time.perf_counter() - began:.0f} s",
                    flush=True,
                )


if __name__ == "__main__":
    main()
