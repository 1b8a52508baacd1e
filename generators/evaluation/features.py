"""How far features of two sets of pictures are apart.

Features are whatever a network says of a picture (`extractor`); with those of Inception-v3, the distances
here are FID and KID. A distance of features depends on the network, on how pictures were scaled for it, and
on how many pictures there are: it can be compared with no other than one of the same three.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forensics.generators.evaluation.checks import Floats, check_features, check_same

__all__ = ["KernelDistance", "frechet_distance", "kernel_distance"]

Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True)
class KernelDistance:
    """A squared maximum mean discrepancy.

    Attributes:
        mean: Over random subsets; 0 is what equal distributions have on average, so it can be below.
        deviation: Of the subsets; 0 if there are too few features for more than one.
    """

    mean: float
    deviation: float


# Heusel et al. 2017, "GANs trained by a two time-scale update rule", arXiv:1706.08500, eq. 6:
# |m1 - m2|^2 + Tr(C1 + C2 - 2 (C1 C2)^(1/2)).
def frechet_distance(first: Floats, second: Floats) -> float:
    """Return the squared Fréchet distance of two sets of features, each taken for normal (FID).

    It falls with the number of pictures, all else being equal: compare only distances of equally many.

    Args:
        first: (N, D), N at least 2.
        second: (M, D).

    Raises:
        UsageError: They are no features, or have not the same length.
    """
    _check(first, second)
    one, other = (np.asarray(f, np.float64) for f in (first, second))
    apart = np.sum((one.mean(axis=0) - other.mean(axis=0)) ** 2)
    a, b = _factor(one), _factor(other)
    return max(0.0, float(apart + np.sum(a * a) + np.sum(b * b) - 2.0 * _trace_of_root(a, b)))


# With C1 = A^T A and C2 = B^T B, the eigenvalues of C1 C2 other than 0 are those of (A B^T)(A B^T)^T, so the
# trace of its root is the sum of the singular values of A B^T: real, never negative, and no root of a matrix
# is needed that is singular where there are fewer pictures than features.
def _trace_of_root(a: Doubles, b: Doubles) -> float:
    return float(np.sum(np.linalg.svd(a @ b.T, compute_uv=False)))


def _factor(features: Doubles) -> Doubles:
    """Return (min(N, D), D) of which the product with itself is the covariance."""
    centred = (features - features.mean(axis=0)) / math.sqrt(len(features) - 1)
    return np.asarray(np.linalg.qr(centred, mode="r") if len(centred) > centred.shape[1] else centred)


def kernel_distance(
    first: Floats, second: Floats, *, subsets: int = 100, size: int = 1000, seed: int = 0
) -> KernelDistance:
    """Return the distance of two sets of features in a cubic kernel (KID), without bias.

    Binkowski et al. 2018, "Demystifying MMD GANs", arXiv:1801.01401, section 4.

    Args:
        first: (N, D), N at least 2.
        second: (M, D).
        subsets: How many random subsets are compared.
        size: Features in each subset of either set; all of the smaller set if there are fewer.
        seed: Of the subsets.

    Raises:
        UsageError: They are no features, or have not the same length.
    """
    _check(first, second)
    size = min(size, len(first), len(second))
    if size == len(first) == len(second):
        subsets = 1  # all are the whole
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(subsets):
        one, other = (f[rng.choice(len(f), size, replace=False)] for f in (first, second))
        found.append(squared_discrepancy(np.asarray(one, np.float64), np.asarray(other, np.float64)))
    return KernelDistance(float(np.mean(found)), float(np.std(found)))


# Binkowski et al. 2018, eq. 4: the estimate of the squared MMD that has no bias.
def squared_discrepancy(first: Doubles, second: Doubles) -> float:
    """Return the squared maximum mean discrepancy of two samples; on average 0 for equal distributions.

    Args:
        first: (N, D), N at least 2.
        second: (M, D).
    """
    n, m = len(first), len(second)
    own, others = _cubic(first, first), _cubic(second, second)
    within = (own.sum() - np.trace(own)) / (n * (n - 1)) + (others.sum() - np.trace(others)) / (m * (m - 1))
    return float(within - 2.0 * _cubic(first, second).mean())


# Binkowski et al. 2018, section 4: k(x, y) = (x^T y / d + 1)^3.
def _cubic(first: Doubles, second: Doubles) -> Doubles:
    kernel = first @ second.T
    kernel /= first.shape[1]
    kernel += 1.0
    kernel *= kernel * kernel
    return np.asarray(kernel)


def _check(first: Floats, second: Floats) -> None:
    for features in (first, second):
        check_features(features, "both sets")
    check_same(first.shape[1:], second.shape[1:], "features")
