"""What a critic sees of the other pictures of a batch: a generator that repeats itself is found out."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from forensics.generators.gan.config import Crowd

__all__ = ["Deviation", "Distances", "crowd_of"]

_KERNELS, _VALUES = 16, 8


# Karras et al. 2017 (ProGAN), arXiv:1710.10196, section 3.
class Deviation(nn.Module):
    """One more channel: the mean deviation of all features over the batch."""

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, C + 1, H, W) for (B, C, H, W)."""
        variance = (x - x.mean(dim=0, keepdim=True)).square().mean(dim=0)
        deviation = (variance + 1e-8).sqrt().mean()
        return torch.cat([x, deviation.expand(len(x), 1, *x.shape[2:])], dim=1)


# Salimans et al. 2016, arXiv:1606.03498, section 3.2.
class Distances(nn.Module):
    """More channels: how near the other pictures are, in some learned projections each.

    Args:
        values: Of the features of a picture.
        kernels: Channels that are added.
        each: Values of a projection.
    """

    def __init__(self, values: int, kernels: int = _KERNELS, each: int = _VALUES) -> None:
        super().__init__()
        self.kernels, self.each = kernels, each
        self.project = nn.Linear(values, kernels * each, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, C + kernels, H, W) for (B, C, H, W)."""
        rows = self.project(x.flatten(1)).unflatten(1, (self.kernels, self.each))
        distance = (rows[:, None] - rows[None]).abs().sum(dim=3)
        near = torch.exp(-distance).sum(dim=1) - 1.0  # less the picture itself
        return torch.cat([x, near[:, :, None, None].expand(-1, -1, *x.shape[2:])], dim=1)


def crowd_of(kind: Crowd, features: int, side: int) -> tuple[nn.Module, int]:
    """Return a layer that sees the crowd, by its name, and how many channels go out of it.

    Args:
        kind: Its name.
        features: Channels that come in.
        side: Of them, in pixels.
    """
    match kind:
        case "none":
            return nn.Identity(), features
        case "deviation":
            return Deviation(), features + 1
        case "distance":
            return Distances(features * side * side), features + _KERNELS
