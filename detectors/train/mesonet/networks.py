"""Meso-4 and MesoInception-4: 27,977 and 28,615 weights (Afchar et al. 2018, arXiv:1809.00888)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional as F

__all__ = ["NETWORKS", "SIDE", "Inception", "Meso4", "MesoInception4"]

SIDE = 256
_CLASSES = 16  # values of the layer before the last
_DROPPED, _SLOPE = 0.5, 0.1
_EPSILON, _KEPT = 1e-3, 0.01  # of the batch normalisation there


class Inception(nn.Module):
    """Four convolutions side by side, of growing reach: 1 x 1, 3 x 3, and 3 x 3 with gaps of two and three.

    Section 3.2 of the paper: dilation in place of the larger filters of Szegedy et al. 2015.

    Args:
        inputs: Channels that come in.
        outputs: Channels of each of the four.
    """

    def __init__(self, inputs: int, outputs: tuple[int, int, int, int]) -> None:
        super().__init__()
        first, *others = outputs
        branches = [nn.Sequential(nn.Conv2d(inputs, first, 1), nn.ReLU())]
        for gap, channels in enumerate(others, 1):
            near = nn.Conv2d(inputs, channels, 1)
            far = nn.Conv2d(channels, channels, 3, padding=gap, dilation=gap)
            branches.append(nn.Sequential(near, nn.ReLU(), far, nn.ReLU()))
        self.branches = nn.ModuleList(branches)

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, sum of outputs, H, W)."""
        return torch.cat([branch(x) for branch in self.branches], dim=1)


class _Head(nn.Module):
    """From 16 maps of 8 x 8 to a logit."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(16 * 8 * 8, _CLASSES), nn.Linear(_CLASSES, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = F.dropout(x.flatten(1), _DROPPED, self.training)
        x = F.dropout(F.leaky_relu(self.first(x), _SLOPE), _DROPPED, self.training)
        logits: Tensor = self.last(x)[:, 0]
        return logits


class Meso4(nn.Module):
    """Four convolutions, each with batch normalisation and pooling, and two dense layers (figure 4)."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            *_convolution(3, 8, 3, 2), *_convolution(8, 8, 5, 2), *_convolution(8, 16, 5, 2),
            *_convolution(16, 16, 5, 4),
        )  # fmt: skip
        self.head = _Head()

    def forward(self, x: Tensor) -> Tensor:
        """Return (B,) logits for (B, 3, 256, 256), 0 to 1; higher for what was forged."""
        logits: Tensor = self.head(self.layers(x))
        return logits


class MesoInception4(nn.Module):
    """As Meso-4, with two inception modules in place of the first two convolutions (figure 5)."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            Inception(3, (1, 4, 4, 2)), _norm(11), nn.MaxPool2d(2),
            Inception(11, (2, 4, 4, 2)), _norm(12), nn.MaxPool2d(2),
            *_convolution(12, 16, 5, 2), *_convolution(16, 16, 5, 4),
        )  # fmt: skip
        self.head = _Head()

    def forward(self, x: Tensor) -> Tensor:
        """Return (B,) logits for (B, 3, 256, 256), 0 to 1; higher for what was forged."""
        logits: Tensor = self.head(self.layers(x))
        return logits


NETWORKS: Mapping[str, Callable[[], nn.Module]] = {"meso4": Meso4, "mesoinception4": MesoInception4}


def _convolution(inputs: int, outputs: int, side: int, pooled: int) -> list[nn.Module]:
    layer = nn.Conv2d(inputs, outputs, side, padding=side // 2)
    return [layer, nn.ReLU(), _norm(outputs), nn.MaxPool2d(pooled)]


def _norm(channels: int) -> nn.Module:
    return nn.BatchNorm2d(channels, eps=_EPSILON, momentum=_KEPT)
