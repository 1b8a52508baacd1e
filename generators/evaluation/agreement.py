"""How far people who judge the same pictures agree, beyond what chance would give."""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from forensics.errors import UsageError

__all__ = ["Scale", "cohen_kappa", "krippendorff_alpha"]

Scale: TypeAlias = Literal["nominal", "ordinal", "interval"]
Doubles = npt.NDArray[np.float64]


# Cohen 1960, "A coefficient of agreement for nominal scales"; with weights, Cohen 1968.
def cohen_kappa(first: npt.ArrayLike, second: npt.ArrayLike, *, squared: bool = False) -> float:
    """Return the agreement of two people: 1 always, 0 as by chance; NaN if there was nothing to choose.

    Args:
        first: (N,) what one says of each item: numbers of classes, or levels of a scale.
        second: (N,) what the other says.
        squared: Errors count by the square of how far apart the levels lie; else all the same.

    Raises:
        UsageError: They did not judge the same items.
    """
    one, other = np.asarray(first), np.asarray(second)
    if one.ndim != 1 or one.shape != other.shape or not one.size:
        raise UsageError("both judge the same items", expected=one.shape, actual=other.shape)
    levels, index = np.unique(np.concatenate([one, other]), return_inverse=True)
    table = np.zeros((len(levels), len(levels)))
    np.add.at(table, (index[: len(one)], index[len(one) :]), 1.0 / len(one))
    chance = np.outer(table.sum(1), table.sum(0))
    apart = _apart(levels, squared)
    expected = float((apart * chance).sum())
    return float("nan") if expected == 0.0 else 1.0 - float((apart * table).sum()) / expected


def _apart(levels: npt.NDArray[np.generic], squared: bool) -> Doubles:
    if not squared:
        return 1.0 - np.eye(len(levels))
    values = levels.astype(np.float64)
    return np.asarray((values[:, None] - values) ** 2, np.float64)


# Krippendorff 2011, "Computing Krippendorff's alpha-reliability", sections C and D.
def krippendorff_alpha(
    ratings: npt.ArrayLike, scale: Scale = "nominal", kinds: npt.ArrayLike | None = None
) -> float:
    """Return the agreement of any number of people, who need not judge everything.

    Args:
        ratings: (people, items) numbers; NaN where somebody did not judge.
        scale: What numbers mean: names, an order, or distances.
        kinds: (items,) numbers of kinds of items, if not all have the same answers to choose from: chance is
            that among items of one kind.

    Returns:
        1 always, 0 as by chance, less if they contradict each other; NaN if all said the same.

    Raises:
        UsageError: No item was judged twice, not all have a kind, or there is no such scale.
    """
    table = np.asarray(ratings, np.float64)
    if table.ndim != 2 or not (np.isfinite(table).sum(0) > 1).any():
        raise UsageError("agreement needs items that two people judged", actual=table.shape)
    kind = np.zeros(table.shape[1]) if kinds is None else np.asarray(kinds)
    if kind.shape != table.shape[1:]:
        raise UsageError("every item is of one kind", expected=table.shape[1:], actual=kind.shape)
    observed, expected = np.sum([_disagreement(table[:, kind == one], scale) for one in np.unique(kind)], 0)
    return float("nan") if expected == 0.0 else 1.0 - float(observed / expected)


def _disagreement(table: Doubles, scale: Scale) -> tuple[float, float]:
    """Return how far apart what was said of one item is, and what was said at all: sums over pairs."""
    together = _coincidences(table)
    count = together.sum(1)
    apart = _differences(np.unique(table[np.isfinite(table)]), count, scale)
    by_chance = float((apart * np.outer(count, count)).sum()) / max(1.0, count.sum() - 1.0)
    return float((apart * together).sum()), by_chance


def _coincidences(table: Doubles) -> Doubles:
    """Return how often two values were given to one item, each item counted as often as it was judged."""
    levels = np.unique(table[np.isfinite(table)])
    found = np.zeros((len(levels), len(levels)))
    for item in table.T:
        said = item[np.isfinite(item)]
        if len(said) > 1:
            count = (said[:, None] == levels).sum(0).astype(np.float64)
            found += (np.outer(count, count) - np.diag(count)) / (len(said) - 1)
    return found


def _differences(levels: Doubles, count: Doubles, scale: Scale) -> Doubles:
    """Return the squared differences of levels."""
    match scale:
        case "nominal":
            return 1.0 - np.eye(len(levels))
        case "interval":
            return np.asarray((levels[:, None] - levels) ** 2, np.float64)
        case "ordinal":
            middle = np.cumsum(count) - count / 2.0  # ranks, with half of each level's own
            return np.asarray((middle[:, None] - middle) ** 2, np.float64)
    raise UsageError(f"there is no scale {scale!r}", expected="nominal, ordinal, interval", actual=scale)
