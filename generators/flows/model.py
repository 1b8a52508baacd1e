"""A flow as a whole: layers one after the other, a standard normal at the end, likelihood in bits."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from forensics.generators.flows.couplings import BentCoupling, Scaling
from forensics.generators.flows.dequantization import Dequantizer
from forensics.generators.flows.layers import (
    ActNorm,
    Coupling,
    Flowed,
    InvertibleConvolution,
    Squeeze,
    checkerboard,
)
from forensics.generators.flows.transforms import Kind, transform_of

__all__ = ["Flow", "FlowConfig", "bits_per_dimension", "dequantized"]


@dataclass(frozen=True)
class FlowConfig:
    """How a flow is made.

    Attributes:
        kind: `realnvp`: masks as on a chequerboard, then channels; `glow`: channels are mixed before each
            coupling; `nice`: as `realnvp`, and each value has a scale of its own at the end of a level in
            place of those of channels.
        side: Of the pictures.
        channels: Of the pictures.
        levels: How often the sides are halved, with half of the values set aside each time.
        steps: Couplings on each level.
        width: Features of their networks.
        coupling: How values are changed; what the couplings of `nice` do is to shift them.
        heads: Of the attention in the networks of couplings; none if 0, and none if they are affine.
        learned_noise: The noise inside each grey level is learned too.
    """

    kind: Literal["realnvp", "glow", "nice"] = "glow"
    side: int = 32
    channels: int = 3
    levels: int = 3
    steps: int = 6
    width: int = 96
    coupling: Kind = "affine"
    heads: int = 0
    learned_noise: bool = False


class Flow(nn.Module):
    """Pictures to standard normal noise of the same number of values, and back.

    Args:
        config: How it is made.
        generator: Draws the first rotations.
    """

    def __init__(self, config: FlowConfig, generator: torch.Generator | None = None) -> None:
        super().__init__()
        self.config = config
        self.levels = nn.ModuleList()
        channels, side = config.channels, config.side
        for level in range(config.levels):
            layers = _level(config, channels, side, generator)
            channels, side = 4 * channels, side // 2
            self.levels.append(layers)
            if level + 1 < config.levels:
                channels //= 2
        learned = config.learned_noise
        self.dequantizer = Dequantizer(config.channels, config.side, config.width) if learned else None

    def forward(self, x: Tensor) -> Flowed:
        """Return (B, values) noise for (B, C, H, W) pictures, and the log-determinant."""
        aside, log_det = [], x.new_zeros(x.shape[0])
        for level, layers in enumerate(self.levels):
            for layer in layers:
                x, more = layer(x)
                log_det = log_det + more
            if level + 1 < len(self.levels):
                kept, x = x.chunk(2, dim=1)
                aside.append(kept)
        return Flowed(torch.cat([part.flatten(1) for part in (*aside, x)], dim=1), log_det)

    def inverse(self, z: Tensor) -> Tensor:
        """Return (B, C, H, W) pictures for (B, values) noise."""
        parts = self._parts(z)
        x = parts.pop()
        for level in reversed(range(len(self.levels))):
            for layer in reversed(self.levels[level]):
                x = layer.inverse(x)
            if level:
                x = torch.cat([parts.pop(), x], dim=1)
        return x

    def log_prob(self, x: Tensor) -> Tensor:
        """Return (B,) log densities of (B, C, H, W) pictures, in nats."""
        z, log_det = self(x)
        normal = -0.5 * (z.square() + math.log(2 * math.pi))
        return normal.sum(1) + log_det

    def _parts(self, z: Tensor) -> list[Tensor]:
        channels, side, parts, start = self.config.channels, self.config.side, [], 0
        for level in range(self.config.levels):
            channels, side = 4 * channels, side // 2
            if level + 1 < self.config.levels:
                channels //= 2
            stop = start + channels * side * side
            parts.append(z[:, start:stop].reshape(-1, channels, side, side))
            start = stop
        return parts


def _level(config: FlowConfig, channels: int, side: int, generator: torch.Generator | None) -> nn.ModuleList:
    layers: list[nn.Module] = []
    if config.kind != "glow":
        for step in range(config.steps // 2):
            mask = checkerboard(side, side, first=step % 2 == 0)
            layers += [*_even(config, channels), _coupling(config, channels, mask)]
    couplings = config.steps - config.steps // 2 * (config.kind != "glow")
    layers.append(Squeeze())
    for step in range(couplings):
        layers += _even(config, 4 * channels)
        if config.kind == "glow":
            layers.append(InvertibleConvolution(4 * channels, generator))
        seen = torch.arange(4 * channels) < 2 * channels
        mask = (seen if step % 2 == 0 else ~seen).float()[None, :, None, None]
        layers.append(_coupling(config, 4 * channels, mask))
    if config.kind == "nice":
        layers.append(Scaling(4 * channels, side // 2, side // 2))
    return nn.ModuleList(layers)


def _even(config: FlowConfig, channels: int) -> list[nn.Module]:
    """Return what makes channels standard before a coupling."""
    return [] if config.kind == "nice" else [ActNorm(channels)]


def _coupling(config: FlowConfig, channels: int, mask: Tensor) -> nn.Module:
    if config.kind == "nice":
        return BentCoupling(channels, config.width, mask, transform_of("additive"), heads=config.heads)
    if config.coupling == "affine":
        return Coupling(channels, config.width, mask)
    return BentCoupling(channels, config.width, mask, transform_of(config.coupling), heads=config.heads)


# Theis et al. 2015, arXiv:1511.01844, section 3.1: with uniform noise the density bounds the probability.
def dequantized(pixels: Tensor, generator: torch.Generator) -> Tensor:
    """Return pictures from 0 to 1 with noise inside each grey level.

    Args:
        pixels: uint8.
        generator: Draws the noise, on their device.
    """
    noise = torch.rand(pixels.shape, generator=generator, device=pixels.device)
    return (pixels.float() + noise) / 256.0


def bits_per_dimension(log_prob: Tensor, values: int, levels: int = 256) -> Tensor:
    """Return bits for each value of pictures.

    Args:
        log_prob: (B,) log densities in nats, of pictures from 0 to 1.
        values: Of a picture.
        levels: Grey levels that were spread over 0 to 1.
    """
    return math.log2(levels) - log_prob / (values * math.log(2))
