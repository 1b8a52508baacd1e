"""Gated PixelCNN: rows above and values to the left apart, gates, classes, and attention to all before."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from forensics.errors import UsageError
from forensics.generators.parts.embeddings import one_hot
from forensics.generators.parts.transformer import Attention
from forensics.generators.tokens.logistics import bits_of, level_chances, logistics_of, needed
from forensics.generators.tokens.pixelcnn import MaskedConvolution, PixelCNNConfig

__all__ = ["AboveConvolution", "GatedLayer", "GatedNetwork", "GatedPixelCNN", "RowConvolution"]


class AboveConvolution(nn.Conv2d):
    """A convolution that sees the rows above alone, and of features of such rows the same row too.

    Args:
        channels: Of what comes in.
        out: Of what goes out.
        side: Of the kernel, odd.
        itself: The same row is seen.
    """

    mask: Tensor

    def __init__(self, channels: int, out: int, side: int, *, itself: bool) -> None:
        super().__init__(channels, out, side, padding=side // 2)
        mask = torch.ones(out, channels, side, side)
        mask[:, :, side // 2 + itself :] = 0
        self.register_buffer("mask", mask, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, out, H, W) for (B, channels, H, W)."""
        return F.conv2d(x, self.weight * self.mask, self.bias, padding=self.padding)


class RowConvolution(MaskedConvolution):
    """A masked convolution that sees its own row alone; the arguments are those of the other."""

    def __init__(self, channels: int, out: int, side: int, groups_of: int, *, itself: bool) -> None:
        super().__init__(channels, out, side, groups_of, itself=itself)
        self.mask[:, :, : side // 2] = 0


# van den Oord et al. 2016, arXiv:1606.05328, figure 2 and eqs. 2 to 4.
class GatedLayer(nn.Module):
    """One layer of both stacks: what is above goes on by itself, and into what is to the left.

    Args:
        channels: Of what comes in, of both stacks.
        width: Features, a multiple of the groups.
        groups: Of channels, in the order of the colours.
        first: It sees pixels, and not itself.
        labels: Classes that bias the gates; none if 0.
    """

    def __init__(self, channels: int, width: int, groups: int, *, first: bool, labels: int = 0) -> None:
        super().__init__()
        side = 7 if first else 3
        self.groups, self.width, self.past = groups, width, not first
        self.above = AboveConvolution(channels, 2 * width, side, itself=not first)
        self.row = RowConvolution(channels, 2 * width, side, groups, itself=not first)
        self.down = nn.Conv2d(2 * width, 2 * width, 1)
        self.out = MaskedConvolution(width, width, 1, groups, itself=True)
        self.label = nn.Linear(labels, 4 * width, bias=False) if labels else None

    def forward(self, above: Tensor, left: Tensor, label: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Return both stacks after the layer.

        Args:
            above: (B, C, H, W) of the rows above.
            left: (B, C, H, W) of the row itself.
            label: (B, labels) the class, one where it is and zeros for any.
        """
        deep = self.above(above)
        row = self.row(left) + self.down(deep)
        if self.label is not None and label is not None:
            for_above, for_row = self.label(label)[:, :, None, None].chunk(2, dim=1)
            deep, row = deep + for_above, row + for_row
        found = self.out(self._gated(row))
        return self._gated(deep), found + left if self.past else found

    def _gated(self, x: Tensor) -> Tensor:
        each = self.width // self.groups
        said, gate = x.reshape(-1, self.groups, 2, each, *x.shape[2:]).unbind(2)
        return (torch.tanh(said) * torch.sigmoid(gate)).reshape(-1, self.width, *x.shape[2:])


# With heads: Chen et al. 2017 (PixelSNAIL), arXiv:1712.09763, section 3, attention after each layer.
class GatedNetwork(nn.Module):
    """Features of each pixel, and of each group of channels, from all before.

    Args:
        channels: Of the pictures.
        width: Features, a multiple of the groups and of the heads.
        depth: Layers after the first.
        groups: Of channels: as many as colours, or 1 where a pixel is taken as a whole.
        labels: Classes; none if 0.
        heads: Of an attention after each layer; none if 0.
    """

    def __init__(
        self, channels: int, width: int, depth: int, groups: int, *, labels: int = 0, heads: int = 0
    ) -> None:
        super().__init__()
        self.labels = labels
        self.layers = nn.ModuleList(
            GatedLayer(width if i else channels, width, groups, first=not i, labels=labels)
            for i in range(depth + 1)
        )
        self.attention = nn.ModuleList(Attention(width, heads) for _ in range(depth + 1 if heads else 0))
        self.begin = nn.Parameter(torch.zeros(1, 1, width)) if heads else None

    def forward(self, x: Tensor, label: Tensor | None = None) -> Tensor:
        """Return (B, width, H, W) for (B, channels, H, W) values from -1 to 1.

        Args:
            x: Pictures.
            label: (B,) classes, -1 for any.

        Raises:
            UsageError: The model knows no classes.
        """
        if label is not None and not self.labels:
            raise UsageError("this model was not trained with classes", actual="a label")
        told = None if label is None else one_hot(label, self.labels).to(x)
        above = left = x
        for number, layer in enumerate(self.layers):
            above, left = layer(above, left, told)
            if self.begin is not None:
                left = left + self._attended(self.attention[number], above, left)
        return left

    def _attended(self, attention: nn.Module, above: Tensor, left: Tensor) -> Tensor:
        """Return what rows above make each pixel ask all pixels before it."""
        asks, said = (x.flatten(2).transpose(1, 2) for x in (above, left))
        begin = 0.0 * said[:, :1] + self.begin
        found = attention(asks, torch.cat([begin, said[:, :-1]], dim=1), causal=True)
        return found.transpose(1, 2).reshape(-1, *left.shape[1:])


class GatedPixelCNN(nn.Module):
    """Logits of each grey level, from those before it and the class.

    With `parts` it is PixelCNN++ (Salimans et al. 2017, arXiv:1701.05517) without its smaller scales: a pixel
    is seen as a whole, and its colours are drawn from a mixture of logistics.

    Args:
        config: How large it is.
    """

    def __init__(self, config: PixelCNNConfig) -> None:
        super().__init__()
        self.config = config
        colours, groups = config.channels, 1 if config.parts else config.channels
        self.body = GatedNetwork(
            colours, config.width, config.depth, groups, labels=config.labels, heads=config.heads
        )
        out = needed(config.parts, colours) if config.parts else colours * config.levels
        self.head = MaskedConvolution(config.width, out, 1, groups, itself=True)

    def forward(self, pixels: Tensor, label: Tensor | None = None) -> Tensor:
        """Return (B, C, H, W, levels) logits for (B, C, H, W) grey levels from 0 on.

        Args:
            pixels: Grey levels.
            label: (B,) classes, -1 for any.
        """
        x = self._scaled(pixels)
        said = self.head(F.silu(self.body(x, label)))
        if self.config.parts:
            return level_chances(logistics_of(said, x, self.config.parts), x, self.config.levels)
        return said.unflatten(1, (self.config.channels, self.config.levels)).movedim(2, -1)

    def bits(self, pixels: Tensor, label: Tensor | None = None) -> Tensor:
        """Return (B,) bits for each value of (B, C, H, W) grey levels."""
        if not self.config.parts:
            logits = self(pixels, label).movedim(-1, 1)
            return F.cross_entropy(logits, pixels.long(), reduction="none").flatten(1).mean(1) / math.log(2)
        x = self._scaled(pixels)
        said = self.head(F.silu(self.body(x, label)))
        return bits_of(logistics_of(said, x, self.config.parts), x, self.config.levels)

    def _scaled(self, pixels: Tensor) -> Tensor:
        return 2.0 * pixels.to(self.head.weight) / (self.config.levels - 1) - 1.0
