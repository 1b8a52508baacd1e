"""Intervals of any measure, by drawing sources again and again.

What is drawn are sources (pictures that others were made from, cameras, clips), never the single crops or
frames of them: those of one source are alike, and would make an interval look narrower than it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from forensics.detectors.evaluation.outcomes import Floats, Outcomes
from forensics.errors import UsageError
from forensics.evidence import Model

__all__ = ["Figure", "Measure", "figure", "resamples"]

Measure = Callable[[Outcomes, Floats | None], Floats]

_MOST = 4_000_000  # weights in memory at once


class Figure(Model):
    """One measure with its interval.

    Attributes:
        name: Of the measure.
        value: On all pictures.
        low: Lower end of the interval; the value itself where there is none.
        high: Upper end.
    """

    name: str
    value: float
    low: float
    high: float

    def rounded(self) -> Figure:
        """Return it to four places, as it is kept in cards."""
        at = {name: round(getattr(self, name), 4) for name in ("value", "low", "high")}
        return self.model_copy(update=at)


# Davison & Hinkley 1997, "Bootstrap methods and their application", 3.8 (groups) and 5.3.1 (percentiles).
def resamples(outcomes: Outcomes, replicates: int, seed: int = 0) -> Iterator[Floats]:
    """Yield weights of the pictures, some resamplings at a time: together (replicates, N).

    Sources with pictures of both classes, of positives only and of negatives only are drawn apart, each kind
    as often as there is of it, so that no class is ever empty.

    Args:
        outcomes: What was measured.
        replicates: How many, at least 1.
        seed: Of the draws.
    """
    kinds = _kinds(outcomes)
    streams = [np.random.default_rng([seed, number]) for number in range(len(kinds))]
    total = int(outcomes.sources.max()) + 1
    step = max(1, _MOST // max(outcomes.scores.size, total))
    for start in range(0, replicates, step):
        rows = min(step, replicates - start)
        drawn = np.zeros((rows, total))
        for members, rng in zip(kinds, streams, strict=True):
            drawn[:, members] = _drawn(rng, rows, members.size)
        yield drawn[:, outcomes.sources]


def figure(
    name: str,
    measure: Measure,
    outcomes: Outcomes,
    *,
    replicates: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> Figure:
    """Return a measure with the interval between two percentiles of its resamplings.

    Args:
        name: Of the measure.
        measure: Any of this package, or one that takes outcomes and weights of shape (..., N) likewise.
        outcomes: What was measured.
        replicates: Number of resamplings.
        level: Share of them inside the interval, in (0, 1).
        seed: Of the draws.

    Raises:
        UsageError: `level` or `replicates` is out of range.
    """
    if not 0 < level < 1 or replicates < 1:
        raise UsageError("an interval needs a level between 0 and 1, and a resampling", actual=level)
    value = float(measure(outcomes, None))
    found = np.concatenate([measure(outcomes, weights) for weights in resamples(outcomes, replicates, seed)])
    found = found[np.isfinite(found)]
    if not found.size:
        return Figure(name=name, value=value, low=value, high=value)
    low, high = np.quantile(found, [(1 - level) / 2, (1 + level) / 2])
    return Figure(name=name, value=value, low=float(low), high=float(high))


def _drawn(rng: np.random.Generator, rows: int, count: int) -> Floats:
    """Return how often each of `count` things is drawn in as many draws with replacement: (rows, count)."""
    places = rng.integers(count, size=(rows, count)) + count * np.arange(rows)[:, None]
    return np.bincount(places.ravel(), minlength=rows * count).reshape(rows, count).astype(np.float64)


def _kinds(outcomes: Outcomes) -> list[np.ndarray[tuple[int], np.dtype[np.intp]]]:
    """Return the numbers of the sources of each kind: of one class, of the other, of both."""
    total = int(outcomes.sources.max()) + 1
    has = [
        np.bincount(outcomes.sources[side], minlength=total) > 0 for side in (~outcomes.truth, outcomes.truth)
    ]
    chosen = (has[0] & ~has[1], has[1] & ~has[0], has[0] & has[1])
    return [np.flatnonzero(members) for members in chosen if members.any()]
