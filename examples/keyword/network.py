"""The spiking network in PyTorch, with the update rule of SPEC.md and no other.

Per tick and layer: x = W s + b + W_rec s[t-1];  i = alpha i + x (cuba) or i = x;  u = beta u + i;
a spike where u > 1;  then u -= 1 in the same tick. The readout adds up its inputs; the class is
the largest sum after the last tick.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from tinysnn.data.labels import KEYWORDS
from tinysnn.encode.keyword import BANDS, TICK_S

MEMBRANE_TAU_S = (0.03, 0.3)
SYNAPSE_TAU_S = (0.015, 0.12)
"""Spread of the initial time constants over the neurons of a layer; they are learned."""
_DECAY_STEP = 2.0**-16
"""Decays are trained free and exported on the grid of the integer update."""


@dataclass(frozen=True)
class Shape:
    """What the network looks like."""

    hidden: tuple[int, ...] = (128, 128)
    recurrent: tuple[bool, ...] = (True, True)
    cuba: bool = False
    """Whether synaptic currents decay too (CubaLIF) or not (LIF)."""
    surrogate_slope: float = 4.0
    dropout: float = 0.2


class _Spike(torch.autograd.Function):
    """Step forwards, 1 / (1 + (slope u)^2) backwards."""

    @staticmethod
    def forward(ctx: Any, distance: Tensor, slope: float) -> Tensor:
        ctx.save_for_backward(distance)
        ctx.slope = slope
        return (distance > 0).to(distance.dtype)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        (distance,) = ctx.saved_tensors
        return grads[0] / (1 + (ctx.slope * distance) ** 2), None


class SpikingLayer(nn.Module):
    """Synapses, batch normalisation and neurons.

    Inputs are scaled by (1 - alpha)(1 - beta), so that a constant input of 1 ends in a membrane
    of 1 whatever the time constants; without this the gradients through recurrent connections
    grow without bound. On export this gain and the normalisation go into the weights.
    """

    def __init__(self, n_in: int, n: int, *, recurrent: bool, cuba: bool, slope: float) -> None:
        super().__init__()
        self.slope = slope
        self.weight = nn.Parameter(torch.randn(n, n_in) / n_in**0.5)
        self.norm = nn.BatchNorm1d(n, momentum=0.05)
        nn.init.constant_(self.norm.weight, 1.5)
        self.recurrent = nn.Parameter(torch.randn(n, n) * 0.3 / n**0.5) if recurrent else None
        self.beta_logit = nn.Parameter(_spread_decays(n, MEMBRANE_TAU_S))
        self.alpha_logit = nn.Parameter(_spread_decays(n, SYNAPSE_TAU_S)) if cuba else None

    def forward(self, events: Tensor) -> Tensor:
        """Spikes ``[T, B, n]`` from events ``[T, B, n_in]``."""
        ticks, clips, _ = events.shape
        drive = nn.functional.linear(events, self.weight)
        drive = self.norm(drive.flatten(0, 1)).view(ticks, clips, -1)
        beta = self.beta_logit.sigmoid()
        alpha = None if self.alpha_logit is None else self.alpha_logit.sigmoid()
        gain = self.gain()
        drive = drive * gain
        recurrent = None if self.recurrent is None else self.recurrent.t() * gain
        membrane = current = spikes = torch.zeros_like(drive[0])
        out = []
        for given in drive.unbind(0):
            x = given if recurrent is None else torch.addmm(given, spikes, recurrent)
            current = x if alpha is None else torch.addcmul(x, alpha, current)
            membrane = torch.addcmul(current, beta, membrane)
            spikes = _Spike.apply(membrane - 1, self.slope)  # type: ignore[no-untyped-call]
            membrane = membrane - spikes
            out.append(spikes)
        return torch.stack(out)

    def gain(self) -> Tensor:
        """Input gain of each neuron, ``[n]``."""
        gain = 1 - self.beta_logit.sigmoid()
        return gain if self.alpha_logit is None else gain * (1 - self.alpha_logit.sigmoid())

    @torch.no_grad()
    def folded(self) -> tuple[Tensor, Tensor]:
        """Weight ``[n, n_in]`` and bias ``[n]`` with normalisation and input gain in them."""
        mean, variance = self.norm.running_mean, self.norm.running_var
        if mean is None or variance is None:
            raise RuntimeError("batch normalisation keeps no statistics")
        scale = self.norm.weight / (variance + self.norm.eps).sqrt()
        weight, bias = self.weight * scale[:, None], self.norm.bias - mean * scale
        return weight * self.gain()[:, None], bias * self.gain()

    @torch.no_grad()
    def folded_recurrent(self) -> Tensor | None:
        """Recurrent weight ``[n, n]`` (to, from) with the input gain in it."""
        return None if self.recurrent is None else self.recurrent * self.gain()[:, None]


class KeywordNetwork(nn.Module):
    """Spiking layers in a row and a readout that adds up."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        widths = (BANDS, *shape.hidden)
        self.layers = nn.ModuleList(
            SpikingLayer(a, b, recurrent=r, cuba=shape.cuba, slope=shape.surrogate_slope)
            for a, b, r in zip(widths[:-1], widths[1:], shape.recurrent, strict=True)
        )
        self.readout = nn.Parameter(torch.randn(len(KEYWORDS), widths[-1]) / widths[-1] ** 0.5)
        self.dropout = nn.Dropout(shape.dropout)

    def spiking_layers(self) -> list[SpikingLayer]:
        """The layers from input to output."""
        return [layer for layer in self.layers if isinstance(layer, SpikingLayer)]

    def forward(self, events: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Class sums ``[B, 12]`` and the spikes of each layer, from events ``[T, B, 32]``."""
        spikes = []
        for layer in self.layers:
            events = layer(events)
            spikes.append(events)
            events = self.dropout(events)
        return nn.functional.linear(events.sum(0), self.readout), spikes


def snapped(logit: Tensor) -> Tensor:
    """Decay as exported: a multiple of 2^-16 below 1."""
    decay = logit.detach().double().sigmoid()
    return ((decay / _DECAY_STEP).round() * _DECAY_STEP).clamp(0.0, 1.0 - _DECAY_STEP)


def _spread_decays(n: int, tau_s: tuple[float, float]) -> Tensor:
    """Logits of decays whose time constants are spread evenly in log over the neurons."""
    low, high = tau_s
    tau = low * (high / low) ** torch.rand(n)
    return torch.logit(torch.exp(-TICK_S / tau))
