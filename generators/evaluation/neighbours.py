"""Near and far in balls around features: fidelity and variety apart, which one distance mixes.

Around every feature of a set a ball reaches to its k-th nearest neighbour in the set; together the balls
stand for what the set covers. The shares depend on k and on the number of pictures.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forensics.errors import UsageError
from forensics.generators.evaluation.checks import Floats, check_features, check_same

__all__ = ["DensityCoverage", "PrecisionRecall", "density_coverage", "precision_recall", "squared_distances"]

_BLOCK = 1 << 22  # distances at a time

Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True)
class PrecisionRecall:
    """Shares, 0 to 1.

    Attributes:
        precision: Made pictures inside the balls of real ones: are they like real ones?
        recall: Real pictures inside the balls of made ones: are there such of every kind?
    """

    precision: float
    recall: float


@dataclass(frozen=True)
class DensityCoverage:
    """As precision and recall, but one odd real picture in a large ball, or one odd made one, counts little.

    Attributes:
        density: Balls of real pictures that a made one lies in, over k: about 1 for equal sets, and more if
            made pictures crowd where real ones do.
        coverage: Share of the real pictures with a made one in their ball.
    """

    density: float
    coverage: float


# Kynkaanniemi et al. 2019, "Improved precision and recall metric", arXiv:1904.06991, eq. 1 and 2.
def precision_recall(made: Floats, real: Floats, k: int = 3) -> PrecisionRecall:
    """Return which share of each set lies in the balls of the other.

    Args:
        made: (N, D) features, N more than k.
        real: (M, D), M more than k.
        k: Neighbour to which a ball reaches.

    Raises:
        UsageError: They are no features, have not the same length, or are too few.
    """
    _check(made, real, k)
    return PrecisionRecall(_inside(made, real, k), _inside(real, made, k))


def _inside(points: Floats, centres: Floats, k: int) -> float:
    """Return the share of points that lie in a ball of any centre."""
    radii = _radii(centres, k)
    inside = [(block <= radii).any(axis=1) for block in squared_distances(points, centres)]
    return float(np.concatenate(inside).mean())


# Naeem et al. 2020, "Reliable fidelity and diversity metrics", arXiv:2002.09797, eq. 4 and 5.
def density_coverage(made: Floats, real: Floats, k: int = 5) -> DensityCoverage:
    """Return how densely made pictures lie in the balls of real ones, and how many of these hold one.

    Args:
        made: (N, D) features, N more than k.
        real: (M, D), M more than k.
        k: Neighbour to which a ball reaches.

    Raises:
        UsageError: They are no features, have not the same length, or are too few.
    """
    _check(made, real, k)
    radii = _radii(real, k)
    held = np.zeros(len(real), np.int64)
    for block in squared_distances(made, real):
        held += (block <= radii).sum(axis=0)
    return DensityCoverage(float(held.sum() / (k * len(made))), float((held > 0).mean()))


def _radii(features: Floats, k: int) -> Doubles:
    """Return the squared distance to the k-th nearest other."""
    radii, start = np.empty(len(features)), 0
    for block in squared_distances(features, features):
        rows = np.arange(len(block))
        block[rows, start + rows] = np.inf  # itself
        radii[start : start + len(block)] = np.partition(block, k - 1, axis=1)[:, k - 1]
        start += len(block)
    return radii


def squared_distances(first: Floats, second: Floats) -> Iterator[Doubles]:
    """Yield squared distances, some rows of `first` at a time, to all of `second`.

    Args:
        first: (N, D).
        second: (M, D).

    Yields:
        (rows, M), never negative.
    """
    middle = np.asarray(second, np.float64).mean(axis=0)  # small numbers cancel less
    others = np.asarray(second, np.float64) - middle
    squares = np.einsum("md,md->m", others, others)
    rows = max(1, _BLOCK // len(others))
    for start in range(0, len(first), rows):
        block = np.asarray(first[start : start + rows], np.float64) - middle
        found = np.einsum("nd,nd->n", block, block)[:, None] + squares - 2.0 * (block @ others.T)
        yield np.maximum(found, 0.0)


def _check(made: Floats, real: Floats, k: int) -> None:
    if k < 1:
        raise UsageError(f"there is no neighbour number {k}", expected=">= 1", actual=k)
    for features in (made, real):
        check_features(features, "both sets", k + 1)
    check_same(made.shape[1:], real.shape[1:], "features")
