"""Noise inside each grey level that is learned, so that a density has less to explain."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from forensics.generators.flows.couplings import BentCoupling
from forensics.generators.flows.layers import Flowed, checkerboard
from forensics.generators.flows.transforms import transform_of
from forensics.generators.parts.logistic import log_sigmoid

__all__ = ["Dequantizer"]

_STEPS = 2


# Ho et al. 2019 (Flow++), arXiv:1902.00275, section 3.1: q(u | x) is a flow whose couplings see the picture.
class Dequantizer(nn.Module):
    """Normal noise to noise in (0, 1) for each value of given pictures.

    Args:
        channels: Of the pictures.
        side: Of the pictures.
        width: Features of the networks.
    """

    def __init__(self, channels: int, side: int, width: int) -> None:
        super().__init__()
        self.seen = nn.Sequential(nn.Conv2d(channels, width, 3, padding=1), nn.SiLU())
        self.couplings = nn.ModuleList(
            BentCoupling(
                channels,
                width,
                checkerboard(side, side, first=number % 2 == 0),
                transform_of("affine"),
                context=width,
            )
            for number in range(_STEPS)
        )

    def forward(self, levels: Tensor, noise: Tensor) -> Flowed:
        """Return noise in (0, 1), and the logarithm of its density given the picture, in nats.

        Args:
            levels: (B, C, H, W) pictures from 0 to 1, without noise.
            noise: The same shape, standard normal.
        """
        context, z = self.seen(2.0 * levels - 1.0), noise
        log_density = (-0.5 * (noise.square() + math.log(2 * math.pi))).flatten(1).sum(1)
        for coupling in self.couplings:
            z, stretched = coupling(z, context)
            log_density = log_density - stretched
        narrow = log_sigmoid(z) + log_sigmoid(-z)
        return Flowed(torch.sigmoid(z), log_density - narrow.flatten(1).sum(1))
