"""The spiking network in PyTorch, with the update rule of SPEC.md and no other.

A convolution over the bands of the current and the ticks before, then fully connected layers that
see the spikes of several ticks at once (delays), then a readout that adds up. Per tick and layer:
x = sum over delays d of W_d s[t-d], + b;  u = beta u + x;  a spike where u > 1;  then u -= 1 in the
same tick. The class is the largest sum after the last tick.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any

import torch
from grid import OnGrid
from torch import Tensor, nn

from tinysnn.data.labels import KEYWORDS
from tinysnn.encode.keyword import BANDS, EAR, TICK_S
from tinysnn.pack import Bits

MEMBRANE_TAU_S = (0.02, 0.2)
"""Spread of the initial time constants over the neurons of a layer; they are learned."""
_DECAY_STEP = 2.0**-16
"""Decays are trained free and exported on the grid of the integer update."""


@dataclass(frozen=True)
class Shape:
    """What the network looks like."""

    channels: int = 24
    kernel_bands: int = 8
    stride_bands: int = 4
    hidden: tuple[int, ...] = (192,)
    delays: tuple[tuple[int, ...], ...] = ((0, 2, 4, 6),)
    """Per hidden layer, the ticks by which it sees the spikes of the layer before it."""
    surrogate_slope: float = 3.0
    dropout: float = 0.1
    bits: Bits = 8
    """Width of the hidden layers' weights while they are trained; 8: not rounded at all, which
    the packer then does without loss. The convolution and the readout are small and stay free."""

    @property
    def places(self) -> int:
        """Positions of the kernel over the bands."""
        return (BANDS - self.kernel_bands) // self.stride_bands + 1


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

    Inputs are scaled by (1 - beta), so that a constant input of 1 ends in a membrane of 1 whatever
    the time constant. On export this gain and the normalisation go into the weights.
    """

    def __init__(self, fan_in: int, n: int, slope: float) -> None:
        super().__init__()
        self.slope = slope
        self.weight = nn.Parameter(torch.randn(n, fan_in) / fan_in**0.5)
        self.norm = nn.BatchNorm1d(n, momentum=0.05)
        nn.init.constant_(self.norm.weight, 1.5)
        self.beta_logit = nn.Parameter(_spread_decays(n, MEMBRANE_TAU_S))

    @abstractmethod
    def seen(self, events: Tensor) -> Tensor:
        """What the synapses see: ``[T, B, places, fan_in]``; places is 1 unless convolved."""

    def forward(self, events: Tensor) -> Tensor:
        """Spikes ``[T, B, n * places]`` (neurons of one channel together) from events."""
        seen = self.seen(events)
        drive = self._drive(seen).transpose(2, 3).contiguous()
        beta = self.beta_logit.sigmoid()[:, None]
        membrane = torch.zeros_like(drive[0])
        out = []
        for x in drive.unbind(0):
            membrane = torch.addcmul(x, beta, membrane)
            spikes = _Spike.apply(membrane - 1, self.slope)  # type: ignore[no-untyped-call]
            membrane = membrane - spikes
            out.append(spikes)
        return torch.stack(out).flatten(2)

    def synapses(self) -> Tensor:
        """Weights ``[n, fan_in]`` as spikes meet them."""
        return self.weight

    def _drive(self, seen: Tensor) -> Tensor:
        drive = nn.functional.linear(seen, self.synapses())
        normal = self.norm(drive.flatten(0, -2)).view(drive.shape)
        return torch.mul(normal, self.gain())

    def gain(self) -> Tensor:
        """Input gain of each neuron, ``[n]``."""
        return 1 - self.beta_logit.sigmoid()

    def folded(self) -> tuple[Tensor, Tensor]:
        """Weight ``[n, fan_in]`` and bias ``[n]`` with normalisation and input gain in them."""
        mean, variance = self.norm.running_mean, self.norm.running_var
        if mean is None or variance is None:
            raise RuntimeError("batch normalisation keeps no statistics")
        scale = self.norm.weight / (variance + self.norm.eps).sqrt()
        bias = self.norm.bias - mean * scale
        return self.synapses() * (scale * self.gain())[:, None], bias * self.gain()


class Convolution(SpikingLayer):
    """Over the bands; the ticks of the context are its input channels."""

    def __init__(self, shape: Shape) -> None:
        fan_in = EAR.context_ticks * shape.kernel_bands
        super().__init__(fan_in, shape.channels, shape.surrogate_slope)
        self.kernel, self.stride, self.places = shape.kernel_bands, shape.stride_bands, shape.places

    def seen(self, events: Tensor) -> Tensor:
        """``[T, B, places, context_ticks * kernel_bands]``."""
        maps = events.unflatten(2, (EAR.context_ticks, BANDS))
        return maps.unfold(3, self.kernel, self.stride).transpose(2, 3).flatten(3)


class Delayed(SpikingLayer):
    """Fully connected to the spikes of this tick and of earlier ones."""

    def __init__(self, n_in: int, n: int, delays: tuple[int, ...], shape: Shape) -> None:
        super().__init__(n_in * len(delays), n, shape.surrogate_slope)
        self.delays = delays
        self.grid = OnGrid(n, shape.bits) if shape.bits < 8 else None
        self.fit_grid()

    def fit_grid(self) -> None:
        """Start the grid, if there is one, from the present weights."""
        if self.grid is not None:
            self.grid.fit(self.weight)

    def synapses(self) -> Tensor:
        """Weights on their grid, where there is one."""
        return self.weight if self.grid is None else self.grid(self.weight)

    def seen(self, events: Tensor) -> Tensor:
        """``[T, B, 1, len(delays) * n_in]``."""
        ticks = len(events)
        late = [nn.functional.pad(events, (0, 0, 0, 0, d, 0))[:ticks] for d in self.delays]
        return torch.cat(late, 2).unsqueeze(2)


class KeywordNetwork(nn.Module):
    """Spiking layers in a row and a readout that adds up."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        layers: list[SpikingLayer] = [Convolution(shape)]
        before = shape.channels * shape.places
        for n, delays in zip(shape.hidden, shape.delays, strict=True):
            layers.append(Delayed(before, n, delays, shape))
            before = n
        self.layers = nn.ModuleList(layers)
        self.readout = nn.Parameter(torch.randn(len(KEYWORDS), before) / before**0.5)
        self.dropout = nn.Dropout(shape.dropout)

    def start_from(self, other: KeywordNetwork) -> None:
        """Take over the parameters of a network whose shape is the same but for its bits."""
        own, given = self.state_dict(), other.state_dict()
        self.load_state_dict(own | {name: given[name] for name in own if name in given})
        for layer in self.layers:
            if isinstance(layer, Delayed):
                layer.fit_grid()

    def spiking_layers(self) -> list[SpikingLayer]:
        """The layers from input to output."""
        return [layer for layer in self.layers if isinstance(layer, SpikingLayer)]

    def forward(self, events: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Class sums ``[B, 12]`` and the spikes of each layer, from events ``[T, B, inputs]``."""
        spikes = []
        for layer in self.layers:
            events = layer(events)
            spikes.append(events)
            events = self.dropout(events)
        return nn.functional.linear(events.sum(0), self.readout), spikes


def as_tuples(value: Any) -> Any:
    """JSON's lists as tuples."""
    return tuple(as_tuples(v) for v in value) if isinstance(value, list) else value


def snapped(logit: Tensor) -> Tensor:
    """Decay as exported: a multiple of 2^-16 below 1."""
    decay = logit.detach().double().sigmoid()
    return ((decay / _DECAY_STEP).round() * _DECAY_STEP).clamp(0.0, 1.0 - _DECAY_STEP)


def _spread_decays(n: int, tau_s: tuple[float, float]) -> Tensor:
    """Logits of decays whose time constants are spread evenly in log over the neurons."""
    low, high = tau_s
    tau = low * (high / low) ** torch.rand(n)
    return torch.logit(torch.exp(-TICK_S / tau))
