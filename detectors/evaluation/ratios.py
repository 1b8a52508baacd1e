"""Whether likelihood ratios mean what they say: their cost, and how often they mislead.

All of it at an even prior: each class weighs a half, however many pictures there are of it. The scores of the
outcomes are log10 likelihood ratios.
"""

from __future__ import annotations

import math

import numpy as np

from forensics.detectors.evaluation.isotonic import pool
from forensics.detectors.evaluation.outcomes import Floats, Outcomes, divided

__all__ = [
    "brier",
    "calibration_error",
    "cllr",
    "cllr_min",
    "misleading_against",
    "misleading_for",
    "posteriors",
]

_LN10 = math.log(10.0)
BINS = 10


def posteriors(outcomes: Outcomes) -> Floats:
    """Return the posterior probabilities at an even prior: (N,) in [0, 1]."""
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(outcomes.scores * _LN10, -700.0, 700.0))))


# Bruemmer & du Preez 2006, "Application-independent evaluation of speaker detection", eq. 16.
def cllr(outcomes: Outcomes, weights: Floats | None = None) -> Floats:
    """Return the cost of log likelihood ratios in bits: 0 is perfect, 1 is no information.

    Args:
        outcomes: What was measured.
        weights: (..., N) weights of the pictures; ones if None.
    """
    signs = np.where(outcomes.truth, -1.0, 1.0)
    costs = np.logaddexp(0.0, signs * outcomes.scores * _LN10) / math.log(2.0)
    return np.asarray((outcomes.balanced(weights) * costs).sum(-1))


# The same, section 6: the cost after the best rising map of the scores, which the truth is known to.
def cllr_min(outcomes: Outcomes, weights: Floats | None = None) -> Floats:
    """Return the least cost that any rising map of these scores could have: what is lost by telling apart.

    `cllr` - `cllr_min` is what is lost by calibration.

    Args:
        outcomes: What was measured.
        weights: (..., N) weights of the pictures; ones if None.
    """
    order = np.argsort(outcomes.scores, kind="stable")
    starts = np.append(0, np.flatnonzero(np.diff(outcomes.scores[order])) + 1)
    given = outcomes.balanced(weights)
    truth = outcomes.truth[order]
    rows = given.reshape(-1, given.shape[-1])[:, order]
    positives = np.add.reduceat(rows * truth, starts, axis=-1)
    negatives = np.add.reduceat(rows * ~truth, starts, axis=-1)
    costs = [_pooled_cost(pos, neg) for pos, neg in zip(positives, negatives, strict=True)]
    return np.asarray(costs).reshape(given.shape[:-1])


def _pooled_cost(positives: Floats, negatives: Floats) -> float:
    both = positives + negatives
    if np.isnan(both).any():
        return math.nan
    share = pool(np.where(both > 0, positives / np.where(both > 0, both, 1.0), 0.0), both).value
    with np.errstate(divide="ignore"):  # a share of 0 holds no positives, and one of 1 no negatives
        bits = np.where(positives > 0, -np.log2(share), 0.0) * positives
        bits += np.where(negatives > 0, -np.log2(1.0 - share), 0.0) * negatives
    return float(bits.sum())


# Brier 1950, "Verification of forecasts expressed in terms of probability".
def brier(outcomes: Outcomes, weights: Floats | None = None) -> Floats:
    """Return the mean squared error of the posteriors, in [0, 1]: 0.25 is no information.

    Args:
        outcomes: What was measured.
        weights: (..., N) weights of the pictures; ones if None.
    """
    errors = (posteriors(outcomes) - outcomes.truth) ** 2
    return np.asarray((outcomes.balanced(weights) * errors).sum(-1))


# Naeini, Cooper & Hauskrecht 2015, "Obtaining well calibrated probabilities using Bayesian binning".
def calibration_error(outcomes: Outcomes, weights: Floats | None = None) -> Floats:
    """Return the expected calibration error of the posteriors, in [0, 1], over ten bins of equal width.

    Args:
        outcomes: What was measured.
        weights: (..., N) weights of the pictures; ones if None.
    """
    said = posteriors(outcomes)
    member = np.minimum((said * BINS).astype(np.intp), BINS - 1)[:, None] == np.arange(BINS)
    given = outcomes.balanced(weights)
    return np.asarray(np.abs((given * (said - outcomes.truth)) @ member).sum(-1))


# Royall 2000, "On the probability of observing misleading statistical evidence", JASA 95.
def misleading_for(outcomes: Outcomes, weights: Floats | None = None) -> Floats:
    """Return the share of negatives whose ratio speaks for yes, in [0, 1].

    Args:
        outcomes: What was measured.
        weights: (..., N) weights of the pictures; ones if None.
    """
    given = outcomes.weighted(weights) * ~outcomes.truth
    return divided((given * (outcomes.scores > 0)).sum(-1), given.sum(-1))


def misleading_against(outcomes: Outcomes, weights: Floats | None = None) -> Floats:
    """Return the share of positives whose ratio speaks for no, in [0, 1].

    Args:
        outcomes: What was measured.
        weights: (..., N) weights of the pictures; ones if None.
    """
    given = outcomes.weighted(weights) * outcomes.truth
    return divided((given * (outcomes.scores < 0)).sum(-1), given.sum(-1))
