"""A critic of patches: whether the texture of a picture is that of a real one."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

__all__ = ["PatchCritic"]

_SLOPE = 0.2


# Isola et al. 2016 (PatchGAN), arXiv:1611.07004, section 3.2.2; for codecs Esser et al. 2020 (VQGAN),
# arXiv:2012.09841, section 3.1; normalised as in Miyato et al. 2018, arXiv:1802.05957.
class PatchCritic(nn.Module):
    """Pictures to a logit for each of many overlapping patches of 22 pixels.

    Args:
        width: Features of the first layer.
        channels: Of the pictures.
    """

    def __init__(self, width: int = 32, channels: int = 3) -> None:
        super().__init__()
        sizes = [(channels, width, 2), (width, 2 * width, 2), (2 * width, 4 * width, 1)]
        self.layers = nn.ModuleList(
            spectral_norm(nn.Conv2d(before, after, 4, stride=stride, padding=1))
            for before, after, stride in sizes
        )
        self.head = spectral_norm(nn.Conv2d(4 * width, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, 1, h, w) logits for (B, C, H, W) pictures from 0 to 1."""
        x = 2.0 * x - 1.0
        for layer in self.layers:
            x = F.leaky_relu(layer(x), _SLOPE)
        return self.head(x)
