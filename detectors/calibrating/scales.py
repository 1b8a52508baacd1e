"""From scores to log10 likelihood ratios: three ways to fit a scale, one way to keep and read it.

A capped logistic map is a line between two points; isotonic steps and a curve of densities are lines between
more of them. So a scale is always a row of points, straight between them and level beyond.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from enum import StrEnum
from typing import Self

import numpy as np
from pydantic import Field, model_validator

from forensics.detectors.calibration import fit
from forensics.detectors.evaluation.isotonic import pool
from forensics.detectors.evaluation.outcomes import Floats, Outcomes
from forensics.errors import UsageError
from forensics.evidence import Model

__all__ = ["Scale", "ScaleKind", "fit_scale"]

_LN10 = math.log(10.0)
_GRID = 201


class ScaleKind(StrEnum):
    """How a scale is fitted."""

    LOGISTIC = "logistic"  # a line: two numbers, for few pictures
    ISOTONIC = "isotonic"  # any rising steps: for many
    DENSITY = "density"  # quotient of two smooth densities, made to rise


class Scale(Model):
    """A rising map from a score to a log10 likelihood ratio.

    Attributes:
        kind: How it was fitted.
        scores: (K,) rising scores.
        llrs: (K,) ratios there; straight between, level beyond.
        negatives: Pictures without the property.
        positives: Pictures with it.
        negative_sources: Independent sources of the former; ratios for yes are at most log10 of one more.
        positive_sources: Independent sources of the latter; likewise for no.
    """

    kind: ScaleKind
    scores: tuple[float, ...] = Field(min_length=1)
    llrs: tuple[float, ...] = Field(min_length=1)
    negatives: int = Field(ge=1)
    positives: int = Field(ge=1)
    negative_sources: int = Field(ge=1)
    positive_sources: int = Field(ge=1)

    @model_validator(mode="after")
    def _rises_within_its_caps(self) -> Self:
        if len(self.scores) != len(self.llrs):
            raise ValueError("scores and ratios differ in number")
        if any(a >= b for a, b in zip(self.scores, self.scores[1:], strict=False)):
            raise ValueError("the scores do not rise")
        if any(a > b + 1e-9 for a, b in zip(self.llrs, self.llrs[1:], strict=False)):
            raise ValueError("the ratios fall")
        if self.llrs[-1] > self.cap_for + 1e-9 or self.llrs[0] < -self.cap_against - 1e-9:
            raise ValueError("a ratio is larger than so many sources allow")
        return self

    @property
    def cap_for(self) -> float:
        """Largest ratio for yes: log10(N + 1) of the N sources of negatives."""
        return math.log10(self.negative_sources + 1)

    @property
    def cap_against(self) -> float:
        """Largest ratio for no, likewise of the positives."""
        return math.log10(self.positive_sources + 1)

    def llr(self, score: float) -> float:
        """Return the log10 likelihood ratio of a score.

        Raises:
            UsageError: The score is not finite.
        """
        if not math.isfinite(score):
            raise UsageError("the score is not finite", expected="a finite number", actual=score)
        return float(np.interp(score, self.scores, self.llrs))


def fit_scale(outcomes: Outcomes, kind: ScaleKind = ScaleKind.LOGISTIC) -> Scale:
    """Fit a scale to scores of pictures whose truth is known.

    Args:
        outcomes: The scores, with the sources of the pictures.
        kind: How.
    """
    sides = (~outcomes.truth, outcomes.truth)
    sources = [int(np.unique(outcomes.sources[side]).size) for side in sides]
    low, high = -math.log10(sources[1] + 1), math.log10(sources[0] + 1)
    scores, llrs = _FITS[kind](outcomes, low, high)
    return Scale(
        kind=kind,
        scores=tuple(scores.tolist()),
        llrs=tuple(np.clip(llrs, low, high).tolist()),
        negatives=int(sides[0].sum()),
        positives=int(sides[1].sum()),
        negative_sources=sources[0],
        positive_sources=sources[1],
    )


def _logistic(outcomes: Outcomes, low: float, high: float) -> tuple[Floats, Floats]:
    found = fit(outcomes.scores[~outcomes.truth], outcomes.scores[outcomes.truth], name="own")
    if found.slope <= 0:
        return np.zeros(1), np.zeros(1)
    ends = np.array([low, high])
    return (ends - found.offset) / found.slope, ends


# Zadrozny & Elkan 2002, by pooling. One picture that misleads is added at either end, so that no ratio is
# infinite: what was never seen among N pictures may be the next one's (Laplace's rule of succession).
def _isotonic(outcomes: Outcomes, _low: float, _high: float) -> tuple[Floats, Floats]:
    scores, place = np.unique(outcomes.scores, return_inverse=True)
    positives = np.bincount(place, outcomes.truth)
    negatives = np.bincount(place, ~outcomes.truth)
    positives[0] += 1
    negatives[-1] += 1
    positives, negatives = positives / positives.sum(), negatives / negatives.sum()
    both = positives + negatives
    steps = pool(positives / both, both)
    ends = np.diff(steps.block, prepend=-1) != 0
    ends |= np.diff(steps.block, append=np.inf) != 0
    share = steps.value[ends]
    return scores[ends], np.log10(share / (1 - share))


# Silverman 1986, "Density estimation", eq. 3.31. The quotient of two densities may fall where both are thin:
# the share of yes is made to rise by pooling, weighted by the density.
def _density(outcomes: Outcomes, _low: float, _high: float) -> tuple[Floats, Floats]:
    sides = [outcomes.scores[~outcomes.truth], outcomes.scores[outcomes.truth]]
    widths = [_width(side, float(np.ptp(outcomes.scores)) or 1.0) for side in sides]
    margin = 3 * max(widths)
    grid = np.linspace(outcomes.scores.min() - margin, outcomes.scores.max() + margin, _GRID)
    no, yes = (_log_density(grid, side, width) for side, width in zip(sides, widths, strict=True))
    both = np.logaddexp(no, yes)
    share = pool(np.exp(yes - both), np.exp(both - both.max()) + 1e-12).value.clip(1e-12, 1 - 1e-12)
    return grid, np.log10(share / (1 - share))


def _width(values: Floats, spread: float) -> float:
    """Silverman's rule; where most values are equal, a hundredth of the spread of all."""
    quarters = np.subtract(*np.percentile(values, [75, 25])) / 1.34
    usual = min(float(values.std()), float(quarters)) or float(values.std())
    return max(0.9 * usual / math.pow(values.size, 0.2), spread / 100)


def _log_density(grid: Floats, values: Floats, width: float) -> Floats:
    """Log of the mean of normal bells at the values: (K,)."""
    exponents = -0.5 * ((grid[:, None] - values[None]) / width) ** 2
    top = exponents.max(axis=1, keepdims=True)
    total: Floats = np.log(np.exp(exponents - top).mean(axis=1)) + top[:, 0]
    return np.asarray(total - math.log(width * math.sqrt(2 * math.pi)))


_FITS: dict[ScaleKind, Callable[[Outcomes, float, float], tuple[Floats, Floats]]] = {
    ScaleKind.LOGISTIC: _logistic,
    ScaleKind.ISOTONIC: _isotonic,
    ScaleKind.DENSITY: _density,
}
