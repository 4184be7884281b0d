"""Makes emlearn's C for the common workload. Run by the peers' Python: needs no tinysnn.

    python emlearn_generate.py WORKLOAD.npz PERCENT OUT_DIR

emlearn has no spiking layers: this is a dense ReLU network of the same shape and weights, in
float; its other inference methods do not build (docs/benchmarks.md). Prints where its headers are.
"""

from __future__ import annotations

import os
import sys
import warnings
from pathlib import Path

import emlearn
import numpy as np
from sklearn.neural_network import MLPClassifier

CLASSES = 12


def main() -> None:
    """Write net.h."""
    workload, percent, out_dir = sys.argv[1:]
    with np.load(workload) as file:
        weights = [file[f"W{percent}_{k}"].T.astype(np.float64) for k in (1, 2, 3)]
    hidden = tuple(weight.shape[1] for weight in weights[:-1])
    model = MLPClassifier(hidden_layer_sizes=hidden, activation="relu", max_iter=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it does not converge in one round, and need not
        model.fit(np.eye(CLASSES, weights[0].shape[0]), np.arange(CLASSES))
    model.coefs_ = weights
    model.intercepts_ = [np.zeros(weight.shape[1]) for weight in weights]
    os.chdir(out_dir)  # it compiles in a folder `tmp` of where it runs
    emlearn.convert(model, method="loadable").save(file=str(Path("net.h")), name="net")
    print(emlearn.includedir)


main()
