"""Encoder and extractor that work with keyed carriers (arXiv:1807.09937, eqs 1-3, with a keyed channel).

Both see a picture as three planes: its low-pass, its high-pass, and the high-pass over its local deviation.
They start as what needs no training (just noticeable differences, and the last of these planes) and learn
what to change in it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

__all__ = ["Block", "Encoder", "Extractor", "NetworkConfig", "Planes", "scaled", "visibility", "zeroed"]

_SIGMA, _WINDOW, _FLOOR, _CLIP = 2.5, 9, 2.0, 3.0  # as in `spread.analysis`


@dataclass(frozen=True)
class NetworkConfig:
    """Size of the networks.

    Attributes:
        channels: Of the extractor, at half resolution.
        blocks: Residual blocks of the extractor.
        encoder_channels: Of the encoder, on its first level.
        levels: How often the encoder halves the resolution; more than one makes it a U-Net.
        reach: How far the encoder may change the strength at a pixel, as a factor.
    """

    channels: int = 32
    blocks: int = 4
    encoder_channels: int = 16
    levels: int = 1
    reach: float = 1.5


class Planes(nn.Module):
    """A picture, (B, 1, H, W) in 0 to 255, as (B, 3, H, W): low-pass, high-pass, normalised high-pass."""

    kernel: Tensor

    def __init__(self) -> None:
        super().__init__()
        size = round(_SIGMA * 8 + 1) | 1  # as OpenCV chooses it
        x = torch.arange(size, dtype=torch.float64) - size // 2
        weights = torch.exp(-(x**2) / (2 * _SIGMA**2))
        self.register_buffer("kernel", (weights / weights.sum()).float(), persistent=False)

    def forward(self, luma: Tensor) -> Tensor:
        """Split a picture."""
        low = _separable(luma, self.kernel)
        high = luma - low
        box = luma.new_full((_WINDOW,), 1 / _WINDOW)
        deviation = torch.sqrt(_separable(high * high, box).clamp(min=1e-12))
        return torch.cat([low, high, (high / (deviation + _FLOOR)).clamp(-_CLIP, _CLIP)], dim=1)


class Extractor(nn.Module):
    """From a picture to its residual: the normalised high-pass, corrected by a residual network."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.planes = Planes()
        width = config.channels
        self.stem = nn.Conv2d(12, width, 3, padding=1)
        self.blocks = nn.Sequential(*(Block(width) for _ in range(config.blocks)))
        self.head = zeroed(nn.Conv2d(width, 8, 3, padding=1))

    def forward(self, luma: Tensor) -> Tensor:
        """Return (B, 1, H, W) for (B, 1, H, W) in 0 to 255, both sides even."""
        planes = self.planes(luma)
        deep = self.head(self.blocks(self.stem(F.pixel_unshuffle(scaled(planes), 2))))
        change = F.pixel_shuffle(deep, 2)
        gain = torch.exp(change[:, :1].clamp(-4.0, 2.0))
        return cast("Tensor", planes[:, 2:] * gain + change[:, 1:])


class Encoder(nn.Module):
    """From a picture to the strength of a mark: the just noticeable difference, corrected by a U-Net."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.planes = Planes()
        self.reach = math.log(config.reach)
        widths = [config.encoder_channels * 2**i for i in range(config.levels)]
        self.stem = nn.Conv2d(12, widths[0], 3, padding=1)
        self.down = nn.ModuleList(nn.Conv2d(a, b, 4, stride=2, padding=1) for a, b in pairwise(widths))
        self.middle = Block(widths[-1])
        self.up = nn.ModuleList(nn.Conv2d(b, a, 3, padding=1) for a, b in pairwise(widths))
        self.head = zeroed(nn.Conv2d(widths[0], 1, 3, padding=1))

    def forward(self, luma: Tensor) -> Tensor:
        """Return (B, 1, H, W) for (B, 1, H, W) in 0 to 255, both sides even."""
        deep = self.stem(F.pixel_unshuffle(scaled(self.planes(luma)), 2))
        kept: list[Tensor] = []
        for layer in self.down:
            kept.append(deep)
            deep = layer(F.gelu(deep))
        deep = self.middle(deep)
        for layer, before in zip(reversed(self.up), reversed(kept), strict=True):
            larger = F.interpolate(deep, size=before.shape[-2:], mode="bilinear", align_corners=False)
            deep = before + layer(F.gelu(larger))
        # Smooth: a strength that alternated from pixel to pixel would be a code of its own, lost when scaled.
        gain = F.interpolate(self.head(deep), scale_factor=2, mode="bilinear", align_corners=False)
        return visibility(luma) * torch.exp(self.reach * torch.tanh(gain))


def visibility(luma: Tensor) -> Tensor:
    """Return the just noticeable difference of each pixel, as `spread.masking.visibility` does.

    Args:
        luma: (B, 1, H, W), 0 to 255.
    """
    box = luma.new_full((5,), 0.2)
    mean = _separable(luma, box)
    dark = 17.0 * (1.0 - torch.sqrt(mean.clamp(min=0.0) / 127.0)) + 3.0
    light = torch.where(mean <= 127, dark, 3.0 / 128.0 * (mean - 127.0) + 3.0)
    scharr = luma.new_tensor([[-3.0, 0.0, 3.0], [-10.0, 0.0, 10.0], [-3.0, 0.0, 3.0]])
    padded = F.pad(luma, [1, 1, 1, 1], mode="reflect")
    slopes = F.conv2d(padded, torch.stack([scharr, scharr.T])[:, None])
    contrast = _separable(torch.sqrt((slopes**2).sum(1, keepdim=True) + 1e-12), box) / 16.0
    texture = 0.117 * 16.0 * contrast**2.4 / (contrast**2 + 26.0**2)
    return light + texture - 0.3 * torch.minimum(light, texture)


class Block(nn.Module):
    """Two convolutions beside a way past them; it starts as nothing but that way."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = zeroed(nn.Conv2d(width, width, 3, padding=1))

    def forward(self, deep: Tensor) -> Tensor:
        """Return (B, C, H, W) for the same."""
        return cast("Tensor", deep + self.second(F.gelu(self.first(F.gelu(deep)))))


def zeroed(layer: nn.Conv2d) -> nn.Conv2d:
    """Start a layer at zero: what it is added to works from the first step."""
    nn.init.zeros_(layer.weight)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer


def scaled(planes: Tensor) -> Tensor:
    """Bring the planes to values around one."""
    low, high, even = planes[:, :1], planes[:, 1:2], planes[:, 2:]
    return torch.cat([(low - 128.0) / 64.0, (high / 16.0).clamp(-4.0, 4.0), even], dim=1)


def _separable(plane: Tensor, kernel: Tensor) -> Tensor:
    """Filter one plane along both sides, mirrored at the edges."""
    reach = len(kernel) // 2
    down = F.conv2d(F.pad(plane, [0, 0, reach, reach], mode="reflect"), kernel[None, None, :, None])
    return F.conv2d(F.pad(down, [reach, reach, 0, 0], mode="reflect"), kernel[None, None, None, :])
