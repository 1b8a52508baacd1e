"""Precision and recall of distributions: how much of each the other can give, at every exchange of both."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forensics.errors import UsageError
from forensics.generators.evaluation.checks import Floats, check_features, check_same

__all__ = ["Curve", "curve_of", "precision_recall_curve"]

Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Curve:
    """Precision and recall at all slopes between them.

    Attributes:
        precision: (A,) shares.
        recall: (A,) shares.
    """

    precision: Doubles
    recall: Doubles

    def best(self, beta: float) -> float:
        """Return the largest F score; with beta of 8 recall counts, of 1/8 precision."""
        p, r = self.precision, self.recall
        bottom = np.maximum(beta**2 * p + r, 1e-12)
        return float(((1 + beta**2) * p * r / bottom).max())


# Sajjadi et al. 2018, arXiv:1806.00035, algorithm 1 and eq. 7.
def curve_of(made: Floats, real: Floats, angles: int = 1001) -> Curve:
    """Return the curve of two distributions over the same kinds.

    Args:
        made: (K,) shares of made pictures of each kind.
        real: (K,) shares of real ones.
        angles: Points of the curve.
    """
    slopes = np.tan(np.linspace(1e-6, np.pi / 2 - 1e-6, angles))[:, None]
    precision = np.minimum(slopes * np.asarray(real), np.asarray(made)).sum(1)
    recall = np.minimum(np.asarray(real), np.asarray(made) / slopes).sum(1)
    return Curve(np.clip(precision, 0.0, 1.0), np.clip(recall, 0.0, 1.0))


def precision_recall_curve(
    made: Floats, real: Floats, seed: int, clusters: int = 20, runs: int = 10
) -> Curve:
    """Return the mean curve of pictures whose kinds are clusters of their features.

    Args:
        made: (N, D) features.
        real: (M, D), best as many.
        seed: Of the clusters.
        clusters: How many.
        runs: Of which the curves are averaged.

    Raises:
        UsageError: They are no features, have not the same length, or are fewer than the clusters.
    """
    from scipy.cluster.vq import kmeans2

    for features in (made, real):
        check_features(features, "both sets")
    check_same(made.shape[1:], real.shape[1:], "features")
    both = np.concatenate([made, real]).astype(np.float64)
    if len(both) < clusters or runs < 1:
        raise UsageError("there are fewer features than clusters", expected=clusters, actual=len(both))
    curves = []
    for run in range(runs):
        rng = np.random.default_rng([seed, run])
        _, kind = kmeans2(both, clusters, minit="++", rng=rng, missing="warn")
        of_made, of_real = kind[: len(made)], kind[len(made) :]
        curves.append(curve_of(_shares(of_made, clusters), _shares(of_real, clusters)))
    return Curve(np.mean([c.precision for c in curves], axis=0), np.mean([c.recall for c in curves], axis=0))


def _shares(kind: npt.NDArray[np.integer], clusters: int) -> Doubles:
    return np.asarray(np.bincount(kind, minlength=clusters) / len(kind), np.float64)
