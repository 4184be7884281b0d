"""Files of `train.py`: parameters of a network, the recipe that made it, what came of it."""

from __future__ import annotations

import json
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, NamedTuple

import torch
from network import KeywordNetwork, Shape, as_tuples
from torch import Tensor

from tinysnn.errors import ModelError


class Trained(NamedTuple):
    """What a file holds."""

    network: KeywordNetwork
    recipe: dict[str, Any]
    report: dict[str, Any]


def write(
    path: Path, state: dict[str, Tensor], recipe: dict[str, Any], report: dict[str, Any]
) -> None:
    """Write a file; an older one is there until the new one is complete."""
    partial = path.with_suffix(".part")
    content = {"recipe": json.dumps(recipe), "report": json.dumps(report), **state}
    torch.save(content, partial)
    partial.replace(path)


def read(path: Path) -> Trained:
    """Read a file.

    Raises
    ------
    ModelError: it is not here, or no file of `train.py`.

    """
    try:
        content = torch.load(path, weights_only=True)
        recipe, report = (json.loads(content.pop(key)) for key in ("recipe", "report"))
        network = KeywordNetwork(Shape(**{k: as_tuples(v) for k, v in recipe["shape"].items()}))
        network.load_state_dict(content)
    except OSError as error:
        raise ModelError(f"cannot be read ({error.strerror})", where=str(path)) from error
    except (AttributeError, KeyError, RuntimeError, TypeError, UnpicklingError) as error:
        raise ModelError("is no network of train.py", where=str(path)) from error
    return Trained(network.eval(), recipe, report)
