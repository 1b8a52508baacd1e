"""Autoencoders drawn by lot: how they make grids larger, what they compute with, and what they are to reach.

A detector that saw one decoder knows that one. What decoders have in common shows only over many of them, and
pictures that went through one differ from the photos they were made of in nothing else (Guillaro et al. 2024,
arXiv:2412.17671; Zhang et al. 2019, arXiv:1907.06515).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
import torch
from torch import Tensor, nn

from forensics.generators.parts.resampling import UPSAMPLINGS, Upsample, Upsampling

__all__ = ["ACTIVATIONS", "Autoencoder", "Block", "Design", "design_of"]

Activation: TypeAlias = Literal["relu", "leaky", "silu", "gelu"]
Norm: TypeAlias = Literal["none", "group", "batch"]
Loss: TypeAlias = Literal["absolute", "square", "spectral"]

ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "relu": nn.ReLU,
    "leaky": lambda: nn.LeakyReLU(0.2),
    "silu": nn.SiLU,
    "gelu": nn.GELU,
}
_GROUP = 8
_SHARED = 12  # channels of the latents of the codec


@dataclass(frozen=True)
class Design:
    """What one autoencoder is.

    Attributes:
        halvings: How often the grid is halved, and doubled again.
        channels: Of the features at the finest grid but the picture's; twice as many at each coarser one.
        latents: Channels of the latents.
        upsampling: How the grid is doubled.
        activation: Between convolutions.
        norm: Before them.
        last: Side of the last convolution.
        fine: Whether there is a residual block at the picture's own grid.
        loss: What is to fall.
        noise: Deviation of what is added to the latents, which have about unit size.
        shared: Whether latents are those of the codec that comes with the suite, and the decoder a changed
            copy of its own: it learns faster, and comes nearer to photos.
    """

    halvings: int
    channels: int
    latents: int
    upsampling: Upsampling
    activation: Activation
    norm: Norm
    last: int
    fine: bool
    loss: Loss
    noise: float
    shared: bool


def design_of(seed: int) -> Design:
    """Return the design of a number: they go round the up-samplings, every other five share latents."""
    rng = np.random.default_rng([seed, 6])
    shared = bool(seed // len(UPSAMPLINGS) % 2)
    halvings = 2 if shared else int(rng.choice([1, 2, 2, 3]))
    latents = {1: (3, 4, 6), 2: (8, 12, 16), 3: (32, 48, 64)}[halvings]
    return Design(
        halvings=halvings,
        channels=int(rng.choice([16, 24, 32])),
        latents=_SHARED if shared else int(rng.choice(latents)),
        upsampling=UPSAMPLINGS[seed % len(UPSAMPLINGS)],
        activation=get_args(Activation)[int(rng.integers(4))],
        norm=get_args(Norm)[int(rng.integers(3))],
        last=int(rng.choice([1, 3, 3, 5])),
        fine=bool(rng.random() < 0.5),
        loss=get_args(Loss)[int(rng.integers(3))],
        noise=float(rng.choice([0.0, 0.0, 0.03])),
        shared=shared,
    )


class Block(nn.Module):
    """A residual block of two convolutions."""

    def __init__(self, channels: int, design: Design) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for _ in range(2):
            layers += [_norm(design.norm, channels), ACTIVATIONS[design.activation]()]
            layers += [nn.Conv2d(channels, channels, 3, padding=1, padding_mode="replicate")]
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, channels, H, W) for the same."""
        return x + self.layers(x)


class Autoencoder(nn.Module):
    """From pictures to few numbers, and back.

    Args:
        design: What it is.
        decoder: (B, C, h, w) latents of the codec that comes with the suite to (B, 3, H, W), -1 to 1; of
            designs that share them.
    """

    def __init__(self, design: Design, decoder: nn.Module | None = None) -> None:
        super().__init__()
        self.design = design
        if decoder is not None:
            self.encoder, self.decoder = nn.Sequential(), decoder
            return
        widths = [design.channels * 2**i for i in range(design.halvings)]
        encoder: list[Any] = [nn.Conv2d(3, widths[0], 3, padding=1, padding_mode="replicate")]
        layers: list[Any] = [nn.Conv2d(design.latents, widths[-1], 3, padding=1)]
        for width, wider in zip(widths, [*widths[1:], widths[-1]], strict=True):
            encoder += [nn.Conv2d(width, wider, 4, stride=2, padding=1), Block(wider, design)]
        for width, narrower in zip(widths[::-1], [*widths[-2::-1], widths[0]], strict=True):
            layers += [Block(width, design), Upsample(width, narrower, design.upsampling)]
        if design.fine:
            layers += [Block(widths[0], design)]
        encoder += [nn.Conv2d(widths[-1], design.latents, 1), nn.BatchNorm2d(design.latents, affine=False)]
        layers += [ACTIVATIONS[design.activation]()]
        layers += [nn.Conv2d(widths[0], 3, design.last, padding=design.last // 2)]
        self.encoder = nn.Sequential(*encoder)
        self.decoder = nn.Sequential(*layers)

    def encode(self, x: Tensor) -> Tensor:
        """Return (B, latents, h, w) for (B, 3, H, W) pictures, 0 to 1, H and W multiples of 8."""
        latents: Tensor = self.encoder(2.0 * x - 1.0)
        return latents

    def forward(self, latents: Tensor) -> Tensor:
        """Return (B, 3, H, W) pictures; a little beyond 0 to 1 at times."""
        if self.training and self.design.noise:
            latents = latents + self.design.noise * torch.randn_like(latents)
        return 0.5 + 0.5 * self.decoder(latents)


def _norm(kind: Norm, channels: int) -> nn.Module:
    if kind == "group":
        return nn.GroupNorm(channels // _GROUP, channels)
    return nn.BatchNorm2d(channels) if kind == "batch" else nn.Identity()
