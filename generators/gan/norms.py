"""What keeps the features of a generator of one size: over the batch, a virtual one, or each pixel."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from forensics.generators.gan.config import Norm

__all__ = ["REFERENCE", "PixelNorm", "VirtualBatchNorm", "norm_of"]

REFERENCE = 16  # pictures of a virtual batch


# Karras et al. 2017 (ProGAN), arXiv:1710.10196, section 4.2.
class PixelNorm(nn.Module):
    """The features of each pixel, divided by their root mean square."""

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, C, H, W) for the same."""
        return x * torch.rsqrt(x.square().mean(dim=1, keepdim=True) + 1e-8)


# Salimans et al. 2016, arXiv:1606.03498, section 3.4.
class VirtualBatchNorm(nn.Module):
    """Features normalised over a batch that is always the same, and over the picture itself.

    What is made of one picture does not depend on what else is in its batch.

    Args:
        features: Channels.
        count: Pictures of the virtual batch; they come first in each batch.
    """

    def __init__(self, features: int, count: int = REFERENCE) -> None:
        super().__init__()
        self.count = count
        self.weight = nn.Parameter(torch.ones(features, 1, 1))
        self.bias = nn.Parameter(torch.zeros(features, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Return (count + B, C, H, W) for the same."""
        first, others = x[: self.count].float(), x[self.count :].float()  # 16 bits cannot tell deviations
        mean = first.mean(dim=(0, 2, 3), keepdim=True)
        square = first.square().mean(dim=(0, 2, 3), keepdim=True)
        share = 1.0 / (self.count + 1)
        own_mean = torch.lerp(mean, others.mean(dim=(2, 3), keepdim=True), share)
        own_square = torch.lerp(square, others.square().mean(dim=(2, 3), keepdim=True), share)
        found = torch.cat([_normalised(first, mean, square), _normalised(others, own_mean, own_square)])
        return found * self.weight + self.bias


def norm_of(kind: Norm, features: int) -> nn.Module:
    """Return a layer that normalises features, by its name."""
    match kind:
        case "batch":
            return nn.BatchNorm2d(features)
        case "virtual":
            return VirtualBatchNorm(features)
        case "pixel":
            return PixelNorm()


def _normalised(x: Tensor, mean: Tensor, square: Tensor) -> Tensor:
    return (x - mean) * torch.rsqrt((square - mean.square()).clamp(min=0.0) + 1e-5)
