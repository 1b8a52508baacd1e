"""How well a model knows real pictures that it has not seen, and how much better those of its training."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from forensics.errors import ModelError, UsageError
from forensics.generators.evaluation.checks import Pictures, check_pictures
from forensics.generators.evaluation.judges import Judge, Point, check_fits
from forensics.generators.evaluation.likelihood import Doubles
from forensics.generators.pipelines.chance import Chance

__all__ = ["HeldOut", "Mean", "Reading", "held_out"]

_BATCH = 16  # pictures at a time
_SURE = 2.0  # standard errors from which on a gap is one


@dataclass(frozen=True)
class Mean:
    """A mean over pictures.

    Attributes:
        value: The mean.
        error: Its standard error, as if pictures did not depend on each other.
    """

    value: float
    error: float


@dataclass(frozen=True)
class Reading:
    """One figure of a model: of real pictures, beside those of the training.

    Attributes:
        point: Where on its path a denoiser was asked; None of a likelihood.
        held_out: Of pictures that the model has not seen.
        train: Of those that it was trained on, if they were given.
        blind: What it would be for one who knows no pictures.
    """

    point: Point | None
    held_out: Mean
    train: Mean | None
    blind: float

    @property
    def gap(self) -> Mean | None:
        """By how much held-out pictures are worse than those of the training: above 0, it over-fits."""
        if self.train is None:
            return None
        error = math.hypot(self.held_out.error, self.train.error)
        return Mean(self.held_out.value - self.train.value, error)

    @property
    def over_fitted(self) -> bool:
        """Whether the gap is more than chance makes: two standard errors."""
        return self.gap is not None and self.gap.value > _SURE * self.gap.error


@dataclass(frozen=True)
class HeldOut:
    """What a model says of real pictures.

    Attributes:
        measure: "squared error" or "bits".
        unit: Of what, in words.
        note: What else a reader has to know.
        count: Held-out pictures that were asked for.
        train: Pictures of the training that were, if any were given.
        seed: Of all draws.
        readings: The figures: one for each level of noise, or one of likelihood.
    """

    measure: str
    unit: str
    note: str
    count: int
    train: int | None
    seed: int
    readings: tuple[Reading, ...]


def held_out(
    judge: Judge,
    real: Pictures,
    train: Pictures | None = None,
    *,
    most: int = 1000,
    seed: int = 0,
    advance: Callable[[float], None] = lambda _: None,
) -> HeldOut:
    """Measure how well a model knows real pictures.

    Args:
        judge: The model.
        real: (N, S, S, 3) uint8 RGB, at least 2, which it was not trained on.
        train: (M, S, S, 3), at least 2, that it was trained on.
        most: Pictures of each set at most, at least 2; drawn if there are more.
        seed: Of all draws: the same gives the same figures.
        advance: Called with the share of the work done, 0 to 1.

    Raises:
        ModelError: What the model says of some picture is no number.
        UsageError: The sets are no such pictures, too few, or of a size that the model does not take.
    """
    if most < 2:
        raise UsageError(f"a mean takes at least two pictures, not {most}", expected=">= 2", actual=most)
    sets = [real] if train is None else [real, train]
    for pictures, what in zip(sets, ("real pictures", "training pictures"), strict=False):
        check_pictures(pictures, what, 2)
        check_fits(judge, pictures)
    chosen = [_drawn(pictures, most, seed) for pictures in sets]
    shares = _Shares(sum(map(len, chosen)), advance)
    asked = [_asked(judge, pictures, seed, shares) for pictures in chosen]
    counts = (len(chosen[0]), len(chosen[1]) if len(chosen) > 1 else None)
    about = judge.about
    return HeldOut(about.measure, about.unit, about.note, *counts, seed, _readings(judge, asked))


@dataclass(frozen=True, eq=False)
class _Asked:
    figures: Doubles  # (N, figures)
    variance: float  # of all values that the model was given


class _Shares:
    """How much of the work is done."""

    def __init__(self, total: int, tell: Callable[[float], None]) -> None:
        self._done, self._total, self._tell = 0, total, tell

    def add(self, count: int) -> None:
        self._done += count
        self._tell(self._done / self._total)


def _drawn(pictures: Pictures, most: int, seed: int) -> Pictures:
    if len(pictures) <= most:
        return pictures
    return pictures[np.sort(np.random.default_rng(seed).permutation(len(pictures))[:most])]


def _asked(judge: Judge, pictures: Pictures, seed: int, shares: _Shares) -> _Asked:
    rows, sums = [], np.zeros(3)
    for start in range(0, len(pictures), _BATCH):
        part = pictures[start : start + _BATCH]
        chance = Chance(seed, range(start, start + len(part)))
        x = judge.code(part, chance)
        values = np.asarray(x, np.float64)
        sums += values.size, values.sum(), np.square(values).sum()
        rows.append(judge.figures(x, chance))
        shares.add(len(part))
    figures = np.concatenate(rows)
    if not np.isfinite(figures).all():
        raise ModelError("what the model says of some pictures is no number")
    mean = sums[1] / sums[0]
    return _Asked(figures, float(max(0.0, sums[2] / sums[0] - mean**2)))


def _readings(judge: Judge, asked: Sequence[_Asked]) -> tuple[Reading, ...]:
    means = [_means(found.figures) for found in asked]
    blind = judge.blind(asked[0].variance)
    return tuple(
        Reading(point, means[0][i], means[1][i] if len(means) > 1 else None, blind[i])
        for i, point in enumerate(judge.about.points or (None,))
    )


def _means(figures: Doubles) -> list[Mean]:
    error = figures.std(0, ddof=1) / math.sqrt(len(figures))
    return [Mean(float(value), float(one)) for value, one in zip(figures.mean(0), error, strict=True)]
