"""The U-Net that denoises pictures: the classical backbone of diffusion."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from forensics.generators.parts.embeddings import Condition
from forensics.generators.parts.resampling import Downsample, Upsample, Upsampling
from forensics.generators.parts.residual import ResidualBlock, zeroed
from forensics.generators.parts.transformer import TransformerBlock

__all__ = ["DenoisingUNet", "UNetConfig", "descended"]

After: TypeAlias = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class UNetConfig:
    """How large a U-Net is.

    Attributes:
        channels: Of pictures, 3, or of latents.
        width: Features on the first level.
        multiples: Of the width, level by level; each level halves the sides.
        blocks: Residual blocks on each level, each way.
        attention: Levels from this one on attend to all their places.
        heads: Of each attention.
        labels: Classes; none if 0.
        dropout: Share of features left out in training.
        upsample: How the sides are doubled.
        outputs: Channels of what comes out; those of what goes in if 0.
        moments: Parts of the time for which vectors are learned; sines and cosines tell it if 0.
    """

    channels: int = 3
    width: int = 48
    multiples: tuple[int, ...] = (1, 2, 2)
    blocks: int = 1
    attention: int = 2
    heads: int = 4
    labels: int = 0
    dropout: float = 0.0
    upsample: Upsampling = "nearest"
    outputs: int = 0
    moments: int = 0


# Ho et al. 2020, arXiv:2006.11239, appendix B, after Ronneberger et al. 2015, arXiv:1505.04597.
class DenoisingUNet(nn.Module):
    """Down to few places and up again, with ways across on every level.

    Args:
        config: How large it is.
    """

    def __init__(self, config: UNetConfig) -> None:
        super().__init__()
        self.config = config
        widths = [config.width * m for m in config.multiples]
        self.condition = Condition(4 * config.width, config.labels, config.moments)
        self.stem = nn.Conv2d(config.channels, widths[0], 3, padding=1)
        self.down, self.up = nn.ModuleList(), nn.ModuleList()
        self.smaller, self.larger = nn.ModuleList(), nn.ModuleList()
        for level, width in enumerate(widths):
            before = widths[max(level - 1, 0)]
            self.smaller.append(Downsample(before, width) if level else nn.Identity())
            self.down.append(_level(config, level, [width] * config.blocks, width))
            self.up.append(_level(config, level, [2 * width] * config.blocks, width))
            self.larger.append(Upsample(width, before, config.upsample) if level else nn.Identity())
        self.middle = _level(config, len(widths), [widths[-1]], widths[-1])
        self.norm = nn.GroupNorm(8, widths[0])
        self.head = zeroed(nn.Conv2d(widths[0], config.outputs or config.channels, 3, padding=1))

    def forward(self, z: Tensor, t: Tensor, label: Tensor | None = None) -> Tensor:
        """Return what is predicted, of the shape of z, but for its channels.

        Args:
            z: (B, C, H, W), multiples of 2 to the number of levels less one.
            t: (B,) times in [0, 1].
            label: (B,) classes, -1 for any.
        """
        condition = self.condition(t, label)
        return self.ascend(descended(self, self.stem(z), condition), condition)

    def ascend(self, way: list[Tensor], condition: Tensor, after: After | None = None) -> Tensor:
        """Return what is predicted.

        Args:
            way: What `descended` found.
            condition: Values that scale and shift all features.
            after: What is done with what each layer makes; nothing if None.
        """
        *kept, deep = way
        for larger, layers in zip(reversed(self.larger), reversed(self.up), strict=True):
            for layer in layers:
                deep = _then(after, layer(torch.cat([deep, kept.pop()], dim=1), condition))
            deep = larger(deep)
        return self.head(F.silu(self.norm(deep)))


def descended(parts: Any, deep: Tensor, condition: Tensor, after: After | None = None) -> list[Tensor]:
    """Return what each layer on the way down makes, and last what the middle makes of it.

    Args:
        parts: Has `smaller`, `down` and `middle`: a U-Net, or what stands beside one.
        deep: (B, width, H, W) features to begin with.
        condition: Values that scale and shift all features.
        after: What is done with what each layer makes; nothing if None.
    """
    kept: list[Tensor] = []
    for smaller, layers in zip(parts.smaller, parts.down, strict=True):
        deep = smaller(deep)
        for layer in layers:
            deep = _then(after, layer(deep, condition))
            kept.append(deep)
    for layer in parts.middle:
        deep = _then(after, layer(deep, condition))
    return [*kept, deep]


def _then(after: After | None, made: Tensor) -> Tensor:
    return made if after is None else after(made)


class _Layer(nn.Module):
    """A residual block, and attention after it on the levels that have it."""

    def __init__(self, config: UNetConfig, channels: int, out: int, *, attends: bool) -> None:
        super().__init__()
        self.block = ResidualBlock(channels, out, condition=4 * config.width, dropout=config.dropout)
        self.attention = TransformerBlock(out, config.heads) if attends else None

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        x = self.block(x, condition)
        if self.attention is None:
            return x
        places = self.attention(x.flatten(2).transpose(1, 2))
        return places.transpose(1, 2).reshape(x.shape)


def _level(config: UNetConfig, level: int, channels: list[int], out: int) -> nn.ModuleList:
    attends = level >= config.attention
    return nn.ModuleList(_Layer(config, each, out, attends=attends) for each in channels)
