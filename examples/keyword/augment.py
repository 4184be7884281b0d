"""Random changes to log-mel features, and the events the encoder would make of the result.

Features are in octaves of power here (1.0 = 256 steps of the encoder).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from tinysnn.encode import keyword, log_mel

STEPS_PER_OCTAVE = 256.0
FLOOR = -7.0
"""Level of digital silence."""
_SILENCE = round(FLOOR * STEPS_PER_OCTAVE)
_LN2 = math.log(2.0)


@dataclass(frozen=True)
class Strength:
    """How much each change may do."""

    shift_frames: int = 2
    level: float = 2.5
    tilt: float = 0.5
    warp_bands: float = 0.06
    """Largest relative change of the band axis (another vocal tract)."""
    snr: tuple[float, float] = (3.0, 13.0)
    clean: float = 0.3
    """Part of the clips left without added noise."""
    masks: int = 1
    mask_frames: int = 4
    mask_bands: int = 4


def augment(logs: Tensor, noise: Tensor, strength: Strength) -> Tensor:
    """Changed copies of `logs` ``[B, 50, 32]``; `noise` is ``[n, 50, 32]``."""
    logs = _warped(_shifted(logs, strength.shift_frames), strength.warp_bands)
    clips, _, bands = logs.shape
    level = torch.empty(clips, 1, 1).uniform_(-strength.level, strength.level)
    tilt = torch.linspace(-1, 1, bands) * torch.randn(clips, 1, 1) * strength.tilt
    logs = _with_noise(logs + level + tilt, noise, strength)
    for _ in range(strength.masks):
        logs = _masked(logs, 1, strength.mask_frames)
        logs = _masked(logs, 2, strength.mask_bands)
    return logs


def mixed(logs: Tensor, other: Tensor, part: float) -> Tensor:
    """Both sounds at once, the first with `part` of the power weight."""
    return _power_sum(logs + math.log2(part), other + math.log2(max(1 - part, 1e-3)))


def events(logs: Tensor) -> Tensor:
    """Input ``[50, B, 128]`` (0 to 4) that the encoder makes of `logs` ``[B, 50, 32]``."""
    steps = (logs * STEPS_PER_OCTAVE).round().to(torch.int32)
    after = torch.full(
        (len(logs), keyword.EAR.lookahead_ticks, logs.shape[2]), _SILENCE, dtype=torch.int32
    )
    graded = log_mel.events(torch.cat((steps, after), 1).numpy(), keyword.EAR)
    return torch.from_numpy(graded).transpose(0, 1).float() * keyword.INPUT_SCALE


def _power_sum(a: Tensor, b: Tensor) -> Tensor:
    return torch.logaddexp(a * _LN2, b * _LN2) / _LN2


def _shifted(logs: Tensor, limit: int) -> Tensor:
    frames = logs.shape[1]
    shift = torch.randint(-limit, limit + 1, (len(logs), 1))
    index = (torch.arange(frames) - shift).clamp(0, frames - 1)
    return torch.gather(logs, 1, index[:, :, None].expand_as(logs))


def _warped(logs: Tensor, limit: float) -> Tensor:
    bands = logs.shape[2]
    factor = 1 + torch.empty(len(logs), 1).uniform_(-limit, limit)
    at = (torch.arange(bands) * factor).clamp(0, bands - 1.001)
    low = at.long()
    part = (at - low)[:, None, :]
    low = low[:, None, :].expand_as(logs)
    return torch.gather(logs, 2, low) * (1 - part) + torch.gather(logs, 2, low + 1) * part


def _with_noise(logs: Tensor, noise: Tensor, strength: Strength) -> Tensor:
    clips, frames, _ = logs.shape
    chosen = noise[torch.randint(len(noise), (clips,))]
    start = torch.randint(frames, (clips, 1))
    index = (torch.arange(frames) + start) % frames
    chosen = torch.gather(chosen, 1, index[:, :, None].expand_as(chosen))
    snr = torch.empty(clips).uniform_(*strength.snr)
    snr[torch.rand(clips) < strength.clean] = 30.0
    gain = logs.mean(2).kthvalue(45, 1).values - chosen.mean((1, 2)) - snr
    noisy = _power_sum(logs, chosen + gain[:, None, None])
    return _power_sum(noisy, torch.full_like(noisy, FLOOR))


def _masked(logs: Tensor, axis: int, limit: int) -> Tensor:
    size = logs.shape[axis]
    width = torch.randint(0, limit + 1, (len(logs), 1))
    start = (torch.rand(len(logs), 1) * (size - width)).long()
    at = torch.arange(size)
    mask = (at >= start) & (at < start + width)
    return logs.masked_fill(mask[:, :, None] if axis == 1 else mask[:, None, :], FLOOR)
