"""Train the keyword network: surrogate gradients, one CPU core, seeds recorded.

    python examples/keyword/features.py --data FOLDER --out build/keyword_features.npz
    python examples/keyword/train.py --features build/keyword_features.npz --out build/keyword.pt

The epoch with the best accuracy on the validation split is kept. The testing split is for
`evaluate.py`, once a recipe is chosen.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from augment import STEPS_PER_OCTAVE, Strength, augment, events, mixed
from features import Features, load
from network import KeywordNetwork, Shape, as_tuples
from network_file import Trained, read, write
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from tinysnn.data.labels import KEYWORDS
from tinysnn.errors import ModelError
from tinysnn.pack import Bits

LOGIT_SCALE = 10.0 / 50
"""Turns the sum over 50 ticks into logits of a size that trains well; argmax is the same."""
SILENCE = KEYWORDS.index("_silence_")


@dataclass(frozen=True)
class Recipe:
    """All that decides the result, besides the data."""

    shape: Shape = field(default_factory=Shape)
    strength: Strength = field(default_factory=Strength)
    epochs: int = 100
    batch: int = 128
    learning_rate: float = 4e-3
    weight_decay: float = 1e-2
    label_smoothing: float = 0.05
    distilled: float = 0.5
    """Part of the target that is what the teacher says."""
    teacher_power: float = 0.6
    """Its probabilities are raised to this power: softer than it says them."""
    teacher_trust: float = 0.3
    """Weight of the teacher where its class is wrong."""
    mix_probability: float = 0.3
    mix_beta: float = 0.3
    target_rate: float = 0.05
    """Mean firing probability per tick above which a layer is penalised."""
    rate_weight: float = 2.0
    averaging: float = 0.998
    """What is kept and tested is a running mean of the parameters, with this decay per step."""
    seed: int = 0


class Trainer:
    """A network, its data and its optimiser."""

    def __init__(
        self, recipe: Recipe, features: Features, start: KeywordNetwork | None = None
    ) -> None:
        torch.manual_seed(recipe.seed)
        self.rng = np.random.default_rng(recipe.seed)
        self.recipe = recipe
        self.features = features
        self.labels = torch.from_numpy(features.labels["training"])
        silent = features.training[0][features.labels["training"] == SILENCE]
        self.noise = _octaves(np.concatenate([features.noise, silent]))
        self.network = KeywordNetwork(recipe.shape)
        if start is not None:
            self.network.start_from(start)
        self.average = AveragedModel(
            self.network, multi_avg_fn=get_ema_multi_avg_fn(recipe.averaging), use_buffers=True
        )
        self.optimiser = _optimiser(self.network, recipe)
        self.steps = math.ceil(len(self.labels) / recipe.batch)
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(
            self.optimiser,
            recipe.learning_rate,
            total_steps=recipe.epochs * self.steps,
            pct_start=0.15,
        )

    def epoch(self) -> float:
        """One pass over the training clips; mean loss."""
        self.network.train()
        total = 0.0
        for chosen in torch.randperm(len(self.labels)).chunk(self.steps):
            loss = self._loss(chosen)
            self.optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(self.network.parameters(), 2.0)
            self.optimiser.step()
            self.schedule.step()
            self.average.update_parameters(self.network)
            total += loss.item()
        return total / self.steps

    def _loss(self, chosen: Tensor) -> Tensor:
        recipe = self.recipe
        version = self.rng.integers(0, len(self.features.training), len(chosen))
        logs = _octaves(self.features.training[version, chosen.numpy()])
        logs = augment(logs, self.noise, recipe.strength)
        target = self._target(version, chosen)
        if self.rng.random() < recipe.mix_probability:
            part = float(self.rng.beta(recipe.mix_beta, recipe.mix_beta))
            part = max(part, 1 - part)
            order = torch.randperm(len(chosen))
            logs = mixed(logs, logs[order], part)
            target = part * target + (1 - part) * target[order]
        sums, spikes = self.network(events(logs))
        error = -(target * (sums * LOGIT_SCALE).log_softmax(1)).sum(1).mean()
        penalties = [self._rate_penalty(s) for s in spikes]
        return torch.stack([error, *penalties]).sum()

    def _target(self, version: np.ndarray[Any, Any], chosen: Tensor) -> Tensor:
        """Probabilities ``[B, 12]`` that the network is to give."""
        recipe, labels = self.recipe, self.labels[chosen]
        hard = nn.functional.one_hot(labels, len(KEYWORDS)).float()
        hard = hard * (1 - recipe.label_smoothing) + recipe.label_smoothing / len(KEYWORDS)
        said = torch.from_numpy(self.features.teacher[version, chosen.numpy()])
        right = (said.argmax(1) == labels).float()[:, None]
        soft = (said + 1e-4) ** recipe.teacher_power
        trust = recipe.distilled * (recipe.teacher_trust + (1 - recipe.teacher_trust) * right)
        return hard * (1 - trust) + trust * soft / soft.sum(1, keepdim=True)

    def _rate_penalty(self, spikes: Tensor) -> Tensor:
        """Costs for a busy layer, for very busy neurons and for silent neurons."""
        rate = spikes.mean((0, 1))
        target = self.recipe.target_rate
        busy = (rate.mean() - target).relu() + (rate - 3 * target).relu().mean()
        silent = (0.1 * target - rate).relu().mean()
        return self.recipe.rate_weight * busy + 5.0 * silent

    @torch.no_grad()
    def predict(self, logs: np.ndarray[Any, Any]) -> tuple[Tensor, list[float]]:
        """Classes ``[n]`` of clips as they are, and the mean firing rate of each layer."""
        self.average.eval()
        classes, rates = [], []
        for part in np.array_split(logs, math.ceil(len(logs) / 256)):
            sums, spikes = self.average(events(_octaves(part)))
            classes.append(sums.argmax(1))
            rates.append([float(s.mean()) for s in spikes])
        return torch.cat(classes), np.mean(rates, axis=0).tolist()

    def accuracy(self, split: str) -> tuple[float, list[float]]:
        """Percent right on `validation` or `testing`, and firing rates."""
        logs = getattr(self.features, split)
        classes, rates = self.predict(logs)
        right = classes.numpy() == self.features.labels[split]
        return 100 * float(right.mean()), rates


def train(
    recipe: Recipe, features: Features, out: Path, start: Trained | None = None
) -> dict[str, Any]:
    """Train, keep the epoch best on validation in `out`, report it and where it started."""
    trainer = Trainer(recipe, features, start.network if start else None)
    best, best_epoch, state = -1.0, 0, {}
    began = time.monotonic()
    for epoch in range(1, recipe.epochs + 1):
        loss = trainer.epoch()
        if epoch % 5 and epoch < recipe.epochs - 10:
            continue
        accuracy, rates = trainer.accuracy("validation")
        if accuracy >= best:
            best, best_epoch = accuracy, epoch
            state = {k: v.clone() for k, v in trainer.average.module.state_dict().items()}
        shown = " ".join(f"{r:.3f}" for r in rates)
        seconds = time.monotonic() - began
        print(
            f"{epoch:4d} loss {loss:.3f} validation {accuracy:.2f} rates {shown} {seconds:.0f} s",
            flush=True,
        )
    trainer.average.module.load_state_dict(state)
    rates = trainer.accuracy("validation")[1]
    report: dict[str, Any] = {
        "validation": round(best, 2),
        "epoch": best_epoch,
        "rates": [round(r, 4) for r in rates],
        "seconds": round(time.monotonic() - began),
    }
    if start is not None:
        report["start"] = {"recipe": start.recipe, "report": start.report}
    write(out, state, asdict(recipe), report)
    return report


def _octaves(steps: np.ndarray[Any, Any]) -> Tensor:
    return torch.from_numpy(steps.astype(np.float32)) / STEPS_PER_OCTAVE


def _optimiser(network: KeywordNetwork, recipe: Recipe) -> torch.optim.Optimizer:
    """AdamW; only weights decay, not time constants or normalisation."""
    decayed = [p for p in network.parameters() if p.dim() > 1]
    others = [p for p in network.parameters() if p.dim() == 1]
    groups = [
        {"params": decayed, "weight_decay": recipe.weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=recipe.learning_rate)


def _recipe(text: str, shape: Shape, bits: Bits | None) -> Recipe:
    """Recipe with the fields of a JSON object changed (`shape` and `strength` are objects)."""
    given = json.loads(text)
    changed = {name: as_tuples(value) for name, value in given.pop("shape", {}).items()}
    if bits is not None:
        changed["bits"] = bits
    strength = Strength(**given.pop("strength", {}))
    return Recipe(shape=replace(shape, **changed), strength=strength, **given)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--features", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--recipe", default="{}", help="JSON of what differs from the default")
    parser.add_argument("--bits", type=int, choices=(2, 4, 8), help="width of the hidden weights")
    parser.add_argument("--start", type=Path, help="go on from this network, and its shape")
    options = parser.parse_args()
    torch.set_num_threads(1)
    try:
        start = read(options.start) if options.start else None
        shape = start.network.shape if start else Shape()
        recipe = _recipe(options.recipe, shape, options.bits)
    except ModelError as error:
        parser.error(str(error))
    except (ValueError, TypeError, AttributeError) as error:
        parser.error(f"--recipe is no JSON object of the fields of Recipe ({error})")
    if start and replace(shape, bits=recipe.shape.bits) != recipe.shape:
        parser.error(f"--start has another shape: {shape}. Leave out 'shape' in --recipe")
    if not options.features.is_file():
        parser.error(f"no features in {options.features}: make them with features.py")
    options.out.parent.mkdir(parents=True, exist_ok=True)
    print(json.dumps(asdict(recipe)), flush=True)
    report = train(recipe, load(options.features), options.out, start)
    print(json.dumps(report), flush=True)


if __name__ == "__main__":
    main()
