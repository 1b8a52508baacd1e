"""What a method said of pictures whose truth is known: what every measure is computed from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from forensics.errors import UsageError

__all__ = ["Counts", "Floats", "Outcomes", "Scores", "divided"]

Floats = npt.NDArray[np.float64]
Scores = Sequence[float] | npt.NDArray[np.floating]


@dataclass(frozen=True, eq=False)
class Counts:
    """How much of each class lies at or above every score that occurs, from the highest down.

    Attributes:
        positives: (..., K + 1) weight of positives; 0 first, all of them last.
        negatives: (..., K + 1) weight of negatives, likewise.
    """

    positives: Floats
    negatives: Floats

    @property
    def found(self) -> Floats:
        """Share of the positives at or above each score: (..., K + 1), NaN where there are none."""
        return divided(self.positives, self.positives[..., -1:])

    @property
    def false_alarms(self) -> Floats:
        """Share of the negatives at or above each score: (..., K + 1), NaN where there are none."""
        return divided(self.negatives, self.negatives[..., -1:])


@dataclass(frozen=True, eq=False)
class Outcomes:
    """Scores, or log10 likelihood ratios, of pictures whose truth is known.

    Made by `of`. Every measure takes these and weights of shape (..., N), such as how often each picture was
    drawn in each of many resamplings, and gives an array of shape (...).

    Attributes:
        scores: (N,) finite numbers; higher speaks for "yes".
        truth: (N,) whether the answer is yes.
        sources: (N,) number of the source of each picture, from 0; what shares one is not independent.
    """

    scores: Floats
    truth: npt.NDArray[np.bool_]
    sources: npt.NDArray[np.intp]

    @classmethod
    def of(cls, scores: Scores, truth: Iterable[bool], sources: Iterable[object] | None = None) -> Outcomes:
        """Check what was measured.

        Args:
            scores: One number for each picture.
            truth: Whether each has the property.
            sources: Name of the source of each; None if each is its own.

        Raises:
            UsageError: The lengths differ, a score is not finite, or a class is empty.
        """
        values = np.asarray(scores, np.float64)
        answers = np.fromiter(truth, np.bool_)
        names = list(range(values.size)) if sources is None else [str(name) for name in sources]
        if not values.size == answers.size == len(names):
            raise UsageError("scores, truth and sources differ in length", actual=(values.size, answers.size))
        if not np.isfinite(values).all():
            raise UsageError("a score is not finite", expected="finite numbers")
        if not answers.any() or answers.all():
            raise UsageError("pictures of both classes are needed to measure anything", actual=values.size)
        numbers = np.unique(np.asarray(names), return_inverse=True)[1]
        return cls(values, answers, np.asarray(numbers, np.intp))

    @classmethod
    def split(cls, negatives: Scores, positives: Scores) -> Outcomes:
        """Return the outcomes of two lists of scores, each picture its own source."""
        neg, pos = np.asarray(negatives, np.float64), np.asarray(positives, np.float64)
        return cls.of(np.concatenate([neg, pos]), [False] * neg.size + [True] * pos.size)

    def weighted(self, weights: Floats | None) -> Floats:
        """Return weights of shape (..., N): those given, or ones."""
        return np.ones(self.scores.size) if weights is None else np.asarray(weights, np.float64)

    def balanced(self, weights: Floats | None) -> Floats:
        """Return the weights (..., N) scaled so that each class weighs a half: the prior is even."""
        given = self.weighted(weights)
        halves = [divided(0.5 * given * side, (given * side).sum(-1, keepdims=True)) for side in self._sides]
        return np.asarray(halves[0] + halves[1])

    def counts(self, weights: Floats | None = None) -> Counts:
        """Return what lies at or above each distinct score."""
        order, last = self._ranking
        ranked = self.weighted(weights)[..., order]
        sums = [_summed(ranked * side[order])[..., last] for side in self._sides]
        return Counts(sums[1], sums[0])

    @cached_property
    def thresholds(self) -> Floats:
        """(K + 1,) infinity, and then every score that occurs, falling."""
        order, last = self._ranking
        return np.concatenate([[np.inf], self.scores[order][last[1:] - 1]])

    @cached_property
    def _sides(self) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
        return ~self.truth, self.truth

    @cached_property
    def _ranking(self) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
        """The order of falling scores, and after how many of them each distinct score ends: 0 first."""
        order = np.argsort(-self.scores, kind="stable")
        ends = np.flatnonzero(np.diff(self.scores[order])) + 1
        return order, np.concatenate([[0], ends, [self.scores.size]]).astype(np.intp)


def divided(part: Floats, whole: Floats) -> Floats:
    """Return part / whole, NaN where the whole is 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(whole > 0, part / whole, np.nan))


def _summed(values: Floats) -> Floats:
    """Return the running sums along the last axis, with a 0 in front."""
    zero = np.zeros((*values.shape[:-1], 1))
    return np.concatenate([zero, np.cumsum(values, axis=-1)], axis=-1)
