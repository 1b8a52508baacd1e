"""Isotonic regression by pooling adjacent violators: the best rising curve through answers yes and no."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forensics.detectors.evaluation.outcomes import Floats

__all__ = ["Steps", "pool"]


@dataclass(frozen=True, eq=False)
class Steps:
    """A rising curve of constant pieces.

    Attributes:
        value: (K,) least squares fit at each point, rising.
        block: (K,) number of the piece that each point is in, from 0.
    """

    value: Floats
    block: Floats


# Ayer et al. 1955; Zadrozny & Elkan 2002, "Transforming classifier scores into accurate multiclass
# probability estimates": neighbours that fall are replaced by their mean, until none does.
def pool(means: Floats, weights: Floats) -> Steps:
    """Return the rising curve nearest to points, by weighted least squares.

    Args:
        means: (K,) values in the order in which the curve has to rise.
        weights: (K,) their weights; points without weight take the value of their neighbours.
    """
    value: list[float] = []
    weight: list[float] = []
    size: list[int] = []
    for mean, heavy in zip(means.tolist(), weights.tolist(), strict=True):
        value.append(mean)
        weight.append(heavy)
        size.append(1)
        while len(value) > 1 and (value[-2] >= value[-1] or not weight[-1] or not weight[-2]):
            v, w, n = value.pop(), weight.pop(), size.pop()
            both = weight[-1] + w
            value[-1] = (value[-1] * weight[-1] + v * w) / both if both else value[-1]
            weight[-1] = both
            size[-1] += n
    return Steps(np.repeat(value, size), np.repeat(np.arange(len(size), dtype=np.float64), size))
