"""Styles: from noise to a vector that modulates the convolutions of a generator."""

from __future__ import annotations

import math
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

__all__ = ["StyleMapping", "StyledConvolution", "adaptive_instance_norm", "modulated_convolution"]

_SLOPE = 0.2


# Huang & Belongie 2017, arXiv:1703.06868, eq. 8; survey "AdaIN".
def adaptive_instance_norm(x: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    """Return features whose mean and deviation in each picture and channel are given.

    Args:
        x: (B, C, H, W).
        scale: (B, C) deviations.
        shift: (B, C) means.
    """
    return F.instance_norm(x) * scale[:, :, None, None] + shift[:, :, None, None]


# Karras et al. 2019 (StyleGAN2), arXiv:1912.04958, eqs. 1 and 3.
def modulated_convolution(x: Tensor, weight: Tensor, style: Tensor) -> Tensor:
    """Return features convolved by weights that each picture scales, and that are brought back to unit size.

    Args:
        x: (B, C, H, W).
        weight: (D, C, K, K).
        style: (B, C) factors of the channels that come in.
    """
    scaled = weight[None] * style[:, None, :, None, None]
    size = scaled.square().sum(dim=(2, 3, 4)).add(1e-8).rsqrt()
    found = F.conv2d(x * style[:, :, None, None], weight, padding=weight.shape[-1] // 2)
    return found * size[:, :, None, None]


class StyleMapping(nn.Module):
    """Noise to styles.

    Args:
        latent: Values of the noise.
        style: Values of a style.
        depth: Layers.
    """

    def __init__(self, latent: int, style: int, depth: int = 4) -> None:
        super().__init__()
        sizes = [latent, *[style] * depth]
        layers: list[nn.Module] = []
        for before, after in pairwise(sizes):
            layers += [nn.Linear(before, after), nn.LeakyReLU(_SLOPE)]
        self.layers = nn.Sequential(*layers)
        for layer in self.layers[::2]:  # styles of unit size: with PyTorch's start they would hardly differ
            nn.init.kaiming_normal_(layer.weight, a=_SLOPE)
            nn.init.zeros_(layer.bias)

    def forward(self, noise: Tensor) -> Tensor:
        """Return (B, style) for (B, latent), of which only the direction counts."""
        return self.layers(F.normalize(noise, dim=1) * math.sqrt(noise.shape[1]))


class StyledConvolution(nn.Module):
    """A modulated convolution, noise, and what comes after.

    Args:
        channels: Of what comes in and goes out.
        style: Values of a style.
    """

    def __init__(self, channels: int, style: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(channels, channels, 3, 3) / math.sqrt(9 * channels))
        self.style = nn.Linear(style, channels)
        nn.init.normal_(self.style.weight, std=1.0 / math.sqrt(style))
        nn.init.ones_(self.style.bias)
        self.noise = nn.Parameter(torch.zeros(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor, style: Tensor, grain: Tensor) -> Tensor:
        """Return (B, C, H, W) for the same.

        Args:
            x: Features.
            style: (B, style).
            grain: (B, 1, H, W) standard normal noise, one value for each pixel.
        """
        found = modulated_convolution(x, self.weight, self.style(style))
        found = found + self.noise[:, None, None] * grain + self.bias[:, None, None]
        return F.leaky_relu(found, _SLOPE) * math.sqrt(2.0)
