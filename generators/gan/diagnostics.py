"""How a game stands: whether all that is made is the same, how far from real, whether it is told apart."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from forensics.errors import UsageError

__all__ = ["earth_mover", "spread", "thumbnails", "told_apart"]

_THUMB = 8


def thumbnails(x: Tensor, side: int = _THUMB) -> Tensor:
    """Return (B, C * side * side) small pictures of (B, C, H, W) ones, by the means of areas."""
    return F.adaptive_avg_pool2d(x, side).flatten(1)


# Salimans et al. 2016, arXiv:1606.03498, section 3.2: a generator whose modes collapsed repeats itself.
def spread(x: Tensor) -> float:
    """Return the mean distance between two different pictures: near 0 if all are the same.

    Args:
        x: (N, ...), 2 at least.

    Raises:
        UsageError: There are fewer.
    """
    if len(x) < 2:
        raise UsageError("a spread needs two pictures", expected=">= 2", actual=len(x))
    return float(F.pdist(x.flatten(1).double()).mean())


# Arjovsky et al. 2017, arXiv:1701.07875, eq. 1; between sets of equal size the best plan pairs them off.
def earth_mover(first: Tensor, second: Tensor) -> float:
    """Return the Wasserstein-1 distance of two sets in any number of dimensions.

    That is how far, on average, each member of one has to go to become one of the other.

    Args:
        first: (N, ...).
        second: (N, ...).

    Raises:
        UsageError: There are not as many of both.
    """
    from scipy.optimize import linear_sum_assignment

    if first.shape != second.shape:
        raise UsageError("both sets need equally many", expected=first.shape, actual=second.shape)
    cost = torch.cdist(first.flatten(1).double(), second.flatten(1).double()).cpu().numpy()
    rows, columns = linear_sum_assignment(cost)
    return float(np.mean(cost[rows, columns]))


# Arjovsky & Bottou 2017, arXiv:1701.04862, theorems 2.1 and 3.2: on disjoint supports a perfect critic
# exists, under enough noise it does not. Whether it does, by the nearest neighbour: Lopez-Paz & Oquab 2016,
# arXiv:1610.06545.
def told_apart(real: Tensor, made: Tensor, deviation: float, generator: torch.Generator) -> float:
    """Return the share of pictures whose nearest other picture is of their own kind.

    Args:
        real: (N, ...), 2 at least.
        made: (M, ...), 2 at least.
        deviation: Of noise that all of them get first.
        generator: Draws it, on the device of the pictures.

    Returns:
        1 where real and made pictures lie apart, about 1/2 where they lie among each other and are equally
        many, below it where each made picture is the copy of a real one.

    Raises:
        UsageError: There are fewer than two of a kind.
    """
    if min(len(real), len(made)) < 2:
        raise UsageError("each kind needs two pictures", expected=">= 2", actual=min(len(real), len(made)))
    both = torch.cat([real.flatten(1), made.flatten(1)]).double()
    both = both + deviation * torch.randn(both.shape, generator=generator, device=both.device)
    distance = torch.cdist(both, both).fill_diagonal_(float("inf"))
    kind = torch.arange(len(both), device=both.device) < len(real)
    return float((kind[distance.argmin(1)] == kind).double().mean())
