"""Small classifiers, cross-validated by source: what can be told from a few facts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from forensics.detectors.leaks.facts import Fact
from forensics.detectors.leaks.records import Measured

__all__ = ["area", "balanced_accuracy", "cross_validated", "design", "folds_of", "logistic", "measure"]

Doubles = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
Counts = npt.NDArray[np.floating] | npt.NDArray[np.integer]

_FOLDS = 5
_COMMON = 0.02  # share of all from which a value has a column of its own
_VALUES = 24  # at most
_QUANTILES = (0.1, 0.3, 0.5, 0.7, 0.9)
_RIDGE = 1.0
_ROUNDS = 40
_RESAMPLED = 300
_DIGITS = 9  # of log-odds: what only rounding tells apart is a tie


def design(values: Sequence[Fact]) -> Doubles:
    """Return what a classifier sees of one fact of all pictures, (N, columns).

    Words have a column for each common one; numbers themselves, a column for each common value and steps at
    quantiles, so that the classes need not lie on two sides of one threshold. Labels are not asked.

    Args:
        values: All words or all numbers.
    """
    counts = Counter(values)
    common = [v for v, n in counts.most_common(_VALUES) if n >= max(2, _COMMON * len(values))]
    columns = [np.array([v == c for v in values], np.float64) for c in common] if len(counts) > 1 else []
    if not any(isinstance(v, str) for v in values):
        numbers = np.asarray(values, np.float64)
        spread = float(numbers.std())
        if spread > 0:
            columns.append((numbers - numbers.mean()) / spread)
            columns += [(numbers > q).astype(np.float64) for q in np.unique(np.quantile(numbers, _QUANTILES))]
    return np.stack(columns, axis=1) if columns else np.zeros((len(values), 0))


def folds_of(sources: Sequence[str], seed: int) -> Ints:
    """Return the fold of each picture: those of one source are in the same.

    Args:
        sources: Names.
        seed: Of the draw.
    """
    names = sorted(set(sources))
    drawn = np.random.default_rng(seed).permutation(len(names)) % min(_FOLDS, len(names))
    of_name = dict(zip(names, drawn, strict=True))
    return np.asarray([of_name[name] for name in sources], np.int64)


def logistic(x: Doubles, truth: Bools, ridge: float = _RIDGE) -> Doubles:
    """Return weights and, last, the offset of a logistic regression with classes of equal weight.

    Minimises the mean cost of each class, summed over N, plus ridge |w|^2 / 2, by Newton steps.

    Args:
        x: (N, columns).
        truth: (N,) which are fakes; both there.
        ridge: Strength of the penalty; the offset is free.
    """
    data = np.column_stack([x, np.ones(len(x))])
    share = np.where(truth, 0.5 / truth.mean(), 0.5 / (1 - truth.mean()))
    penalty = np.full(data.shape[1], ridge)
    penalty[-1] = 1e-9
    w = np.zeros(data.shape[1])
    for _ in range(_ROUNDS):
        p = 1 / (1 + np.exp(-np.clip(data @ w, -30, 30)))
        gradient = data.T @ (share * (p - truth)) + penalty * w
        curvature = (data * (share * np.maximum(p * (1 - p), 1e-9))[:, None]).T @ data + np.diag(penalty)
        step = np.linalg.solve(curvature, gradient)
        w = w - step * min(1.0, 5.0 / max(float(np.abs(step).max()), 1e-12))
        if np.abs(step).max() < 1e-8:
            break
    return np.asarray(w, np.float64)


def cross_validated(x: Doubles, truth: Bools, folds: Ints) -> Doubles:
    """Return log-odds of each picture by a classifier that was fitted to other sources, (N,).

    Args:
        x: (N, columns).
        truth: (N,) which are fakes.
        folds: (N,) as of `folds_of`.
    """
    scores = np.zeros(len(truth))
    for fold in np.unique(folds) if x.shape[1] else ():
        held = folds == fold
        if truth[~held].all() or not truth[~held].any():
            continue
        w = logistic(x[~held], truth[~held])
        scores[held] = x[held] @ w[:-1] + w[-1]
    return np.round(scores, _DIGITS)


# Mann and Whitney 1947: ties count one half.
def area(scores: Doubles, truth: Bools) -> float:
    """Return the area under the ROC curve; 0.5 where a class is missing."""
    _, level = np.unique(scores, return_inverse=True)
    return _area_of_counts(np.bincount(level, truth), np.bincount(level, ~truth))


def _area_of_counts(fakes: Counts, reals: Counts) -> float:
    """Return the area from how many fakes and reals have each score, lowest first."""
    pairs = float(fakes.sum() * reals.sum())
    below = np.cumsum(reals) - reals
    return float((fakes * (below + reals / 2)).sum() / pairs) if pairs else 0.5


def balanced_accuracy(scores: Doubles, truth: Bools) -> float:
    """Return the mean of the shares of both classes on the right side of 0; on it, each counts one half."""
    right = np.where(scores == 0, 0.5, (scores > 0) == truth)
    return float((right[truth].mean() + right[~truth].mean()) / 2)


# Efron and Tibshirani 1993, chapter 13: percentiles; whole sources are drawn (Field and Welsh 2007).
def measure(scores: Doubles, truth: Bools, sources: Sequence[str], seed: int) -> Measured:
    """Return what scores reach, with an interval by a bootstrap over sources.

    Args:
        scores: (N,), higher is fake.
        truth: (N,).
        sources: N names.
        seed: Of the bootstrap.
    """
    names, number = np.unique(np.asarray(sources), return_inverse=True)
    _, level = np.unique(scores, return_inverse=True)
    rng = np.random.default_rng(seed)
    areas = []
    for _ in range(_RESAMPLED):
        times = np.bincount(rng.integers(len(names), size=len(names)), minlength=len(names))[number]
        fakes, reals = (np.bincount(level, times * (truth == is_fake)) for is_fake in (True, False))
        areas.append(_area_of_counts(fakes, reals))
    low, high = np.quantile(areas, [0.025, 0.975])
    return Measured(
        accuracy=balanced_accuracy(scores, truth), auc=area(scores, truth), low=float(low), high=float(high)
    )
