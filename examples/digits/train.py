"""Two int8 classifiers of scikit-learn's digits as .tflite: one dense, one with convolutions.

    python examples/digits/train.py --output build/digits

Writes dense.tflite, conv.tflite, training.npz and testing.npz. Needs scikit-learn and PyTorch.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn
from write_tflite import Op, write

SEED = 20261121
TRAINING = 1200
"""The first so many digits; the set's later writers are testing."""


def main() -> None:
    """Train both, and write what `tinysnn convert` needs."""
    torch.set_num_threads(1)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=Path("build/digits"))
    parser.add_argument("--epochs", type=int, default=50)
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    digits = load_digits()
    x = (digits.images / 16.0).astype(np.float32)[..., None]
    labels = digits.target.astype(np.int64)
    training, testing = slice(0, TRAINING), slice(TRAINING, None)
    for name, part in (("training", training), ("testing", testing)):
        np.savez_compressed(options.output / f"{name}.npz", x=x[part], labels=labels[part])
    for name, make in (("dense", dense), ("conv", conv)):
        torch.manual_seed(SEED)
        network = make()
        fit(network, x[training], labels[training], options.epochs)
        accuracy = score(network, x[testing], labels[testing])
        print(f"{name}: {100 * accuracy:.2f} % of {len(labels) - TRAINING} digits, float")
        write(options.output / f"{name}.tflite", operators(network), x[training].astype(float))


def dense() -> nn.Sequential:
    """64-48-32-10."""
    return nn.Sequential(
        nn.Flatten(), nn.Linear(64, 48), nn.ReLU(), nn.Linear(48, 32), nn.ReLU(), nn.Linear(32, 10)
    )


def conv() -> nn.Sequential:
    """3 x 3 convolution, depthwise and pointwise convolution, a mean pool, one dense layer."""
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(),
        nn.AvgPool2d(2),
        nn.Conv2d(16, 16, 3, padding=1, groups=16), nn.ReLU(),
        nn.Conv2d(16, 24, 1), nn.ReLU(),
        nn.AvgPool2d(2),
        nn.Flatten(), nn.Linear(96, 10),
    )  # fmt: skip


def fit(network: nn.Sequential, x: np.ndarray, labels: np.ndarray, epochs: int) -> None:
    """Train with Adam and noise on the images."""
    images = torch.tensor(x).permute(0, 3, 1, 2)
    targets = torch.tensor(labels)
    optimiser = torch.optim.AdamW(network.parameters(), 3e-3, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, epochs)
    for _ in range(epochs):
        for batch in torch.randperm(len(images)).split(32):
            noisy = images[batch] + 0.1 * torch.randn_like(images[batch])
            loss = nn.functional.cross_entropy(network(noisy), targets[batch], label_smoothing=0.05)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        schedule.step()


def score(network: nn.Sequential, x: np.ndarray, labels: np.ndarray) -> float:
    """Part of the digits that are found."""
    with torch.no_grad():
        found = network(torch.tensor(x).permute(0, 3, 1, 2)).argmax(dim=1).numpy()
    return float((found == labels).mean())


def operators(network: nn.Sequential) -> list[Op]:
    """The network as operators of .tflite, channels last."""
    found: list[Op] = []
    shape: tuple[int, ...] = (1, 8, 8)
    for layer in network:
        if isinstance(layer, nn.ReLU):
            found[-1] = Op(found[-1].kind, found[-1].weight, found[-1].bias, relu=True)
        elif isinstance(layer, nn.AvgPool2d):
            found.append(Op("pool", window=2))
            shape = (shape[0], shape[1] // 2, shape[2] // 2)
        elif isinstance(layer, nn.Conv2d):
            weight, bias = (p.detach().numpy().astype(float) for p in (layer.weight, layer.bias))
            deep = layer.groups > 1
            order = (1, 2, 3, 0) if deep else (0, 2, 3, 1)
            found.append(Op("depthwise" if deep else "conv", weight.transpose(order), bias))
            shape = (len(bias), *shape[1:])
        elif isinstance(layer, nn.Linear):
            weight, bias = (p.detach().numpy().astype(float) for p in (layer.weight, layer.bias))
            if len(shape) == 3:  # channels last in the file
                weight = weight.reshape(-1, *shape).transpose(0, 2, 3, 1).reshape(len(bias), -1)
            found.append(Op("dense", weight, bias))
            shape = (len(bias),)
    return found


if __name__ == "__main__":
    main()
