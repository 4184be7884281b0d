"""Weights on the grid of the packer while a network is trained: straight-through rounding.

Forwards the network has the weights that the device will have; backwards the rounding is taken as
the identity inside the grid. The step of each output channel starts where the packer would put it
and is learned (Esser et al., "Learned step size quantization", ICLR 2020).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from tinysnn.pack import Bits
from tinysnn.rounding import GRID
from tinysnn.scales import channel_scales


class OnGrid(nn.Module):
    """Rounds a weight matrix ``[n, fan_in]`` to integers times a learned step per row."""

    def __init__(self, n: int, bits: Bits) -> None:
        super().__init__()
        self.bits = bits
        self.log_step = nn.Parameter(torch.zeros(n))

    @torch.no_grad()
    def fit(self, weight: Tensor) -> None:
        """Put the steps where the packer puts them for rounding to nearest."""
        steps = channel_scales(weight.T.double().numpy(), None, self.bits)
        self.log_step.copy_(torch.from_numpy(steps).log())

    def forward(self, weight: Tensor) -> Tensor:
        """The rounded weights; gradients reach both the weights and the steps."""
        low, high = GRID[self.bits]
        step = self.log_step.exp()[:, None]
        inside = (weight / step).clamp(low, high)
        return (inside + (inside.round() - inside).detach()) * step
