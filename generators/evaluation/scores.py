"""What a classifier says of made pictures, and how many tokens of a codec are used."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forensics.errors import UsageError
from forensics.generators.evaluation.checks import Floats

__all__ = ["CodeUse", "InceptionScore", "chances_of", "code_use", "inception_score"]


@dataclass(frozen=True)
class InceptionScore:
    """A score over parts of a set.

    Attributes:
        mean: 1 if all pictures get the same answer, the number of classes if each gets one for certain.
        deviation: Between the parts.
    """

    mean: float
    deviation: float


@dataclass(frozen=True)
class CodeUse:
    """How a codec uses its tokens.

    Attributes:
        share: Of the tokens that appear at all.
        perplexity: So many tokens, used evenly, would say as much.
    """

    share: float
    perplexity: float


def chances_of(logits: Floats) -> npt.NDArray[np.float64]:
    """Return (N, K) chances of classes for the logits of a classifier."""
    numbers = np.asarray(logits, np.float64)
    shifted = np.exp(numbers - numbers.max(1, keepdims=True))
    return np.asarray(shifted / shifted.sum(1, keepdims=True), np.float64)


# Salimans et al. 2016, arXiv:1606.03498, section 4.
def inception_score(chances: Floats, parts: int = 10) -> InceptionScore:
    """Return how certain a classifier is of single pictures, and how much it varies over all of them.

    Args:
        chances: (N, K) of its classes, rows that add up to one.
        parts: Into which the pictures are split, in their order.

    Raises:
        UsageError: They are no chances, or too few for the parts.
    """
    p = np.asarray(chances, np.float64)
    if p.ndim != 2 or len(p) < parts or parts < 1:
        raise UsageError("each part needs a picture", expected=f">= {parts} rows", actual=p.shape)
    if (p < 0).any() or np.abs(p.sum(1) - 1.0).max() > 1e-3:
        raise UsageError("rows must be chances that add up to one", expected="chances_of(logits)")
    found = [_score(part) for part in np.array_split(p, parts)]
    return InceptionScore(float(np.mean(found)), float(np.std(found)))


def _score(p: npt.NDArray[np.float64]) -> float:
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(p > 0, p * np.log(p / p.mean(0)), 0.0)
    return float(np.exp(terms.sum(1).mean()))


def code_use(tokens: npt.NDArray[np.integer], count: int) -> CodeUse:
    """Return how many of a codec's tokens pictures use.

    Args:
        tokens: Of pictures, any shape.
        count: How many different ones there are.

    Raises:
        UsageError: A token is none of them.
    """
    flat = np.asarray(tokens).reshape(-1)
    if not flat.size or flat.min() < 0 or flat.max() >= count:
        raise UsageError("tokens are numbers below their count", expected=f"0 to {count - 1}")
    shares = np.bincount(flat, minlength=count) / flat.size
    some = shares[shares > 0]
    return CodeUse(float((shares > 0).mean()), float(np.exp(-(some * np.log(some)).sum())))
