"""From choices of people between models to shares, strengths and ratings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forensics.errors import UsageError

__all__ = ["Preference", "bradley_terry", "elo_of", "elo_ratings", "preference"]

Doubles = npt.NDArray[np.float64]
_ROUNDS, _NEAR = 10_000, 1e-10
_START, _SCALE = 1500.0, 400.0  # of Elo's ratings


@dataclass(frozen=True)
class Preference:
    """How often one of several was preferred.

    Attributes:
        share: 0 to 1.
        low: Of an interval that holds the true share in 95 of 100 studies.
        high: Of the same.
        p_value: Of a share at least as far from chance, if there were nothing to choose.
    """

    share: float
    low: float
    high: float
    p_value: float


# Wilson 1927, "Probable inference, the law of succession, and statistical inference"; the exact test.
def preference(preferred: int, asked: int, options: int = 2) -> Preference:
    """Return how often a model was preferred, and whether that may be chance.

    Args:
        preferred: Answers for it.
        asked: Answers altogether.
        options: Between which people had to choose: 2 for A/B, N for the best of N.

    Raises:
        UsageError: The numbers contradict each other.
    """
    from scipy.stats import binomtest

    if not 0 <= preferred <= asked or asked < 1 or options < 2:
        raise UsageError(
            "of some answers, a part prefers one of two or more", actual=(preferred, asked, options)
        )
    test = binomtest(preferred, asked, 1.0 / options)
    interval = test.proportion_ci(0.95, method="wilson")
    return Preference(preferred / asked, float(interval.low), float(interval.high), float(test.pvalue))


# Bradley & Terry 1952; Hunter 2004, "MM algorithms for generalized Bradley-Terry models", section 2: the
# likelihood is concave in the strengths. Newton's steps climb it, none longer than 1 between any two models:
# so far its curvature is at most e times as large, and each step makes the wins likelier.
def bradley_terry(wins: npt.ArrayLike) -> Doubles:
    """Return (N,) strengths, of mean zero, under which the wins are likeliest: P(i beats j) is logistic.

    Args:
        wins: (N, N) how often the model of the row was preferred to that of the column; ties count half.

    Raises:
        UsageError: That is no such table, or models cannot be compared: some are always, or never, preferred
            to all the others.
    """
    from scipy.special import expit

    table = np.asarray(wins, np.float64)
    if table.ndim != 2 or table.shape[0] != table.shape[1] or (table < 0).any() or len(table) < 2:
        raise UsageError("wins form a square table of counts", expected="(N, N)", actual=table.shape)
    table = table - np.diag(np.diag(table))
    _check_connected(table > 0)
    met, won = table + table.T, table.sum(1)
    strengths = np.zeros(len(table))
    for _ in range(_ROUNDS):
        apart = strengths[:, None] - strengths
        weight = met * expit(apart) * expit(-apart)
        curvature = np.diag(weight.sum(1)) - weight + weight.mean()  # which holds the mean at zero
        step = np.linalg.solve(curvature, won - (met * expit(apart)).sum(1))
        strengths += step / max(1.0, np.ptp(step))
        if np.abs(step).max() < _NEAR:
            break
    return np.asarray(strengths - strengths.mean(), np.float64)


def elo_of(strengths: Doubles) -> Doubles:
    """Return the ratings that strengths amount to: 400 points are ten wins to one, the mean is 1500."""
    return _START + _SCALE / np.log(10.0) * np.asarray(strengths, np.float64)


# Elo 1978, "The rating of chessplayers, past and present", section 1.
def elo_ratings(contests: Sequence[tuple[int, int]], models: int, step: float = 32.0) -> Doubles:
    """Return (models,) ratings after contests one after the other, from 1500 on.

    Args:
        contests: Numbers of the model that won and of the one that lost.
        models: How many there are.
        step: Points that the greatest surprise moves.

    Raises:
        UsageError: There is no model of some number.
    """
    ratings = np.full(models, _START)
    for won, lost in contests:
        if not (0 <= won < models and 0 <= lost < models) or won == lost:
            raise UsageError("a contest is between two of the models", actual=(won, lost))
        expected = 1.0 / (1.0 + 10.0 ** ((ratings[lost] - ratings[won]) / _SCALE))
        ratings[won] += step * (1.0 - expected)
        ratings[lost] -= step * (1.0 - expected)
    return ratings


def _check_connected(beats: npt.NDArray[np.bool_]) -> None:
    """Refuse tables in which some group of models never loses to the rest, or never wins."""
    from scipy.sparse.csgraph import connected_components

    groups, _ = connected_components(beats, directed=True, connection="strong")
    if groups > 1:
        raise UsageError(
            "the wins do not connect all models both ways; ask about more pairs, or count a tie or two",
            actual=f"{groups} groups",
        )
