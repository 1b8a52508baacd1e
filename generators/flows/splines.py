"""Rational-quadratic splines: rising functions that are undone by solving a quadratic equation."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ["spline"]

_LEAST = 1e-3  # width and height of a bin, as a share, and slope at a knot
_OF_ONE = math.log(math.expm1(1.0 - _LEAST))  # what gives a slope of one


class _Bin(NamedTuple):
    """The bin that a value lies in."""

    left: Tensor
    width: Tensor
    low: Tensor
    height: Tensor
    slope: Tensor  # at its left end
    after: Tensor  # and at its right one


# Durkan et al. 2019, arXiv:1906.04032, eqs. 4 to 8, with the bins and tails of its section 3.1.
def spline(values: Tensor, by: Tensor, bins: int, bound: float, *, backwards: bool) -> tuple[Tensor, Tensor]:
    """Return values bent by splines, and the logarithm of the derivative of each.

    Args:
        values: (...).
        by: (3 * bins - 1, ...) of each: widths, heights, slopes at inner knots; zeros bend nothing.
        bins: Between knots.
        bound: Knots lie in [-bound, bound] both ways; beyond, values stay as they are.
        backwards: The inverse function.
    """
    across, up = (_knots(part, bound) for part in (by[:bins], by[bins : 2 * bins]))
    slopes = _LEAST + F.softplus(by[2 * bins :] + _OF_ONE)
    one = 0.0 * slopes[:1] + 1.0
    inside = values.clamp(-bound, bound)
    here = _bin(inside, up if backwards else across, across, up, torch.cat([one, slopes, one]))
    share = _share_of(inside, here) if backwards else (inside - here.left) / here.width
    steep = here.height / here.width
    mixed = share * (1.0 - share)
    bottom = steep + (here.after + here.slope - 2.0 * steep) * mixed
    log_slope = (
        2.0 * steep.log()
        + (here.after * share**2 + 2.0 * steep * mixed + here.slope * (1.0 - share) ** 2).log()
        - 2.0 * bottom.log()
    )
    if backwards:
        bent, log_slope = here.left + share * here.width, -log_slope
    else:
        bent = here.low + here.height * (steep * share**2 + here.slope * mixed) / bottom
    within = values.abs() < bound
    return torch.where(within, bent, values), torch.where(within, log_slope, 0.0)


def _knots(of: Tensor, bound: float) -> Tensor:
    """Return (bins + 1, ...) rising places from -bound to bound."""
    bins = of.shape[0]
    shares = _LEAST + (1.0 - _LEAST * bins) * F.softmax(of, dim=0)
    inner = -bound + 2.0 * bound * torch.cumsum(shares, dim=0)[:-1]
    end = 0.0 * of[:1] + bound
    return torch.cat([-end, inner, end])


def _bin(values: Tensor, along: Tensor, across: Tensor, up: Tensor, slopes: Tensor) -> _Bin:
    """Return the bins that values lie in, by the knots along their axis."""
    number = (values >= along[1:-1]).sum(0, keepdim=True)
    left, right = (across.gather(0, number + i)[0] for i in (0, 1))
    low, high = (up.gather(0, number + i)[0] for i in (0, 1))
    slope, after = (slopes.gather(0, number + i)[0] for i in (0, 1))
    return _Bin(left, right - left, low, high - low, slope, after)


def _share_of(values: Tensor, here: _Bin) -> Tensor:
    """Return how far through its bin a value was, by the root of its quadratic equation."""
    steep, over = here.height / here.width, values - here.low
    bent = over * (here.after + here.slope - 2.0 * steep)
    a = here.height * (steep - here.slope) + bent
    b = here.height * here.slope - bent
    c = -steep * over
    root = (b * b - 4.0 * a * c).clamp(min=0.0).sqrt()
    over_b = torch.where(b < 0.0, root - b, 2.0 * c)  # of two forms of one root, that without cancelling
    return (over_b / torch.where(b < 0.0, 2.0 * a, -b - root)).clamp(0.0, 1.0)
