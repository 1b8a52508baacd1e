"""How often another camera looks like this one: the theory, or other cameras of the model.

Sensors of one model share part of what is taken for their patterns (read-out, lens correction, processing;
Iuliani, Fontani and Piva, "A leak in PRNU based source identification", arXiv 2009.04878). Where pictures of
other cameras of the model were seen, their scores are the null, and not the theory.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from forensics.watermark.statistics import log10_normal_tail, most_of

__all__ = ["Null", "log10_student_tail", "null_of"]

_LEAST = 3  # scores; fewer say nothing of their spread
_PRIOR = 20  # scores of spread 1 that the theory counts for: so few others do not make it worthless


@dataclass(frozen=True)
class Null:
    """How scores of other cameras are spread.

    Attributes:
        spread: Root of their mean square, taken together with the theory's, which is 1; at least 1.
        scores: Number of scores behind it; 0 for the theory.
    """

    spread: float = 1.0
    scores: int = 0

    def log10_p(self, z: float, searched: int = 1) -> float:
        """Return log10 of the chance that another camera reaches a score, all places together.

        Args:
            z: The score, in standard deviations of the theory.
            searched: Number of places looked at.
        """
        scaled = z / self.spread
        tail = log10_student_tail(scaled, self.scores + _PRIOR) if self.scores else log10_normal_tail(scaled)
        return most_of(tail, searched)


def null_of(scores: Sequence[float]) -> Null:
    """Return the null of a model from scores of pictures against other cameras of it.

    Args:
        scores: In standard deviations of the theory; fewer than three count for nothing.
    """
    if len(scores) < _LEAST:
        return Null()
    mean = (_PRIOR + sum(z * z for z in scores)) / (_PRIOR + len(scores))
    return Null(max(1.0, math.sqrt(mean)), len(scores))


# The survival function of Student's t by its density's continued tail: Abramowitz & Stegun 26.7.1 with the
# incomplete beta function as the continued fraction 26.5.8 (modified Lentz).
def log10_student_tail(t: float, freedom: int) -> float:
    """Return log10 P(T >= t) of Student's t.

    Args:
        t: The value.
        freedom: Degrees of freedom, at least 1.

    Example:
        >>> round(10 ** log10_student_tail(2.228, 10), 4)
        0.025
    """
    x = freedom / (freedom + t * t)
    a, b = freedom / 2, 0.5
    front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    front += a * math.log(x) + (b * math.log1p(-x) if x < 1 else -math.inf)
    if x < (a + 1) / (a + b + 2):
        log_half = front + math.log(_fraction(x, a, b) / a) - math.log(2)
    else:
        rest = math.exp(front) * _fraction(1 - x, b, a) / b if x < 1 else 0.0
        log_half = math.log((1 - rest) / 2)
    if t >= 0:
        return log_half / math.log(10)
    return math.log10(1 - math.exp(log_half))


def _fraction(x: float, a: float, b: float) -> float:
    tiny = 1e-300
    c, d = 1.0, 1 - (a + b) * x / (a + 1)
    d = 1 / (d if abs(d) > tiny else tiny)
    value = d
    for m in range(1, 400):
        for top in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 + top * d
            c = 1 + top / c
            d = 1 / (d if abs(d) > tiny else tiny)
            c = c if abs(c) > tiny else tiny
            value *= c * d
        if abs(c * d - 1) < 1e-14:
            break
    return value
