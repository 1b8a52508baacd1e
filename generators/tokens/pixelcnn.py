"""PixelCNN: each grey level from those before it, by masked convolutions; a reference with a likelihood."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

__all__ = ["MaskedConvolution", "PixelCNN", "PixelCNNConfig", "bits"]


@dataclass(frozen=True)
class PixelCNNConfig:
    """How large a PixelCNN is.

    Attributes:
        channels: Of the pictures; each is from those before it in the same pixel as well.
        levels: Grey levels.
        width: Features, a multiple of the channels.
        depth: Masked residual layers.
        gated: With gates and two stacks (`gated.GatedPixelCNN`); what follows needs it.
        labels: Classes; none if 0.
        heads: Of an attention after each layer, a divisor of the width; none if 0.
        parts: Of mixtures of logistics, of which the grey levels are cut; each level by itself if 0.
    """

    channels: int = 3
    levels: int = 256
    width: int = 48
    depth: int = 5
    gated: bool = False
    labels: int = 0
    heads: int = 0
    parts: int = 0


# van den Oord et al. 2016, arXiv:1601.06759, section 3.4 and figure 2: masks A and B, channels in groups.
class MaskedConvolution(nn.Conv2d):
    """A convolution that sees what comes before: above, to the left, and in groups of channels before.

    Args:
        channels: Of what comes in, a multiple of the groups.
        out: Of what goes out, a multiple of the groups.
        side: Of the kernel, odd.
        groups_of: Groups of channels, in the order of the colours.
        itself: The same group of the same pixel is seen too (mask B); else only those before (mask A).
    """

    mask: Tensor

    def __init__(self, channels: int, out: int, side: int, groups_of: int, *, itself: bool) -> None:
        super().__init__(channels, out, side, padding=side // 2)
        mask = torch.ones(out, channels, side, side)
        middle = side // 2
        mask[:, :, middle + 1 :] = 0
        mask[:, :, middle, middle + 1 :] = 0
        to = torch.arange(out) * groups_of // out
        of = torch.arange(channels) * groups_of // channels
        before = of[None] <= to[:, None] if itself else of[None] < to[:, None]
        mask[:, :, middle, middle] = before.float()
        self.register_buffer("mask", mask, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, out, H, W) for (B, channels, H, W)."""
        return F.conv2d(x, self.weight * self.mask, self.bias, padding=self.padding)


class PixelCNN(nn.Module):
    """Logits of each grey level, from those before it.

    Args:
        config: How large it is.
    """

    def __init__(self, config: PixelCNNConfig) -> None:
        super().__init__()
        self.config = config
        colours, width = config.channels, config.width
        self.stem = MaskedConvolution(colours, width, 7, colours, itself=False)
        self.layers = nn.ModuleList(
            nn.Sequential(
                nn.SiLU(),
                MaskedConvolution(width, width, 3, colours, itself=True),
                nn.SiLU(),
                MaskedConvolution(width, width, 1, colours, itself=True),
            )
            for _ in range(config.depth)
        )
        self.head = MaskedConvolution(width, colours * config.levels, 1, colours, itself=True)

    def forward(self, pixels: Tensor) -> Tensor:
        """Return (B, C, H, W, levels) logits for (B, C, H, W) grey levels from 0 on."""
        deep = self.stem(2.0 * pixels.float() / (self.config.levels - 1) - 1.0)
        for layer in self.layers:
            deep = deep + layer(deep)
        found = self.head(F.silu(deep)).unflatten(1, (self.config.channels, self.config.levels))
        return found.movedim(2, -1)


def bits(model: PixelCNN, pixels: Tensor) -> Tensor:
    """Return (B,) bits for each value of (B, C, H, W) grey levels."""
    logits = model(pixels).movedim(-1, 1)
    return F.cross_entropy(logits, pixels.long(), reduction="none").flatten(1).mean(1) / math.log(2)
