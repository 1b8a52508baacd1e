"""Mixtures of logistics, cut into grey levels: what PixelCNN++ says of a pixel as a whole."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from forensics.generators.parts.logistic import log_sigmoid

__all__ = ["Logistics", "bits_of", "level_chances", "log_chance", "logistics_of", "needed"]

_LEAST_LOG_SCALE, _MOST_LOG_SCALE = -7.0, 7.0  # beyond, all levels are alike, or but one is left


class Logistics(NamedTuple):
    """A mixture for each pixel of three colours, or of one.

    Attributes:
        log_weights: (B, K, H, W).
        means: (B, K, C, H, W), of values from -1 to 1, given the colours before.
        log_scales: (B, K, C, H, W).
    """

    log_weights: Tensor
    means: Tensor
    log_scales: Tensor


def needed(parts: int, channels: int) -> int:
    """Return how many numbers say what a mixture is."""
    return parts * (1 + 2 * channels + channels * (channels - 1) // 2)


# Salimans et al. 2017 (PixelCNN++), arXiv:1701.05517, eqs. 2 and 3.
def logistics_of(said: Tensor, x: Tensor, parts: int) -> Logistics:
    """Return the mixtures that numbers stand for.

    Args:
        said: (B, needed, H, W).
        x: (B, C, H, W) pictures from -1 to 1, whose colours move the means of those after them.
        parts: Of a mixture.
    """
    channels = x.shape[1]
    by = said.unflatten(1, (parts, -1))
    means = [by[:, :, 1 + c] for c in range(channels)]
    number = 1 + 2 * channels
    for to in range(channels):
        for of in range(to):
            means[to] = means[to] + torch.tanh(by[:, :, number]) * x[:, of, None]
            number += 1
    log_scales = by[:, :, 1 + channels : 1 + 2 * channels].clamp(_LEAST_LOG_SCALE, _MOST_LOG_SCALE)
    return Logistics(F.log_softmax(by[:, :, 0], dim=1), torch.stack(means, dim=2), log_scales)


# Salimans et al. 2017, eq. 1; a difference of logistic functions as a product, so that none is cancelled.
def log_chance(mixture: Logistics, x: Tensor, levels: int) -> Tensor:
    """Return (B, K, C, H, W) logarithms of the chance that each part gives each value.

    Args:
        mixture: Of each pixel.
        x: (B, C, H, W) grey levels from -1 to 1, in steps of 2 / (levels - 1).
        levels: How many there are.
    """
    return _between(x[:, None], mixture.means, mixture.log_scales, levels)


def level_chances(mixture: Logistics, x: Tensor, levels: int) -> Tensor:
    """Return (B, C, H, W, levels) logarithms of chances of each colour, given those before it.

    Args:
        mixture: Of each pixel.
        x: (B, C, H, W) pictures from -1 to 1; of each pixel, the colours before count.
        levels: How many there are.
    """
    given = log_chance(mixture, x, levels)
    weights = mixture.log_weights[:, :, None] + given.cumsum(2) - given  # by the colours before
    weights = weights - torch.logsumexp(weights, dim=1, keepdim=True)
    every = torch.linspace(-1.0, 1.0, levels, dtype=x.dtype, device=x.device)
    found = _between(every, mixture.means[..., None], mixture.log_scales[..., None], levels)
    return torch.logsumexp(weights[..., None] + found, dim=1)


def _between(x: Tensor, means: Tensor, log_scales: Tensor, levels: int) -> Tensor:
    """Return the logarithm of what a logistic has between the edges of a level."""
    half = 1.0 / (levels - 1)
    rate = (-log_scales).exp()
    upper, lower = (x - means + half) * rate, (x - means - half) * rate
    width = torch.tanh(half * rate)  # in terms of which one less the exponential of twice that is exact
    inner = log_sigmoid(upper) + log_sigmoid(-lower) + torch.log(2.0 * width / (1.0 + width))
    outer = torch.where(x > 1.0 - half, log_sigmoid(-lower), inner)
    return torch.where(x < -1.0 + half, log_sigmoid(upper), outer)


def bits_of(mixture: Logistics, x: Tensor, levels: int) -> Tensor:
    """Return (B,) bits for each value of pictures.

    Args:
        mixture: Of each pixel.
        x: (B, C, H, W) grey levels from -1 to 1.
        levels: How many there are.
    """
    of_parts = mixture.log_weights + log_chance(mixture, x, levels).sum(2)
    values = x[0].numel()
    return -torch.logsumexp(of_parts, dim=1).flatten(1).sum(1) / (values * math.log(2))
