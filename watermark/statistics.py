"""How sure a detection is: p-values that hold, and what is asked of them.

The carriers of a key are independent random signs. For any picture that was made without the key, however
strange, their correlation with it is then a weighted sum of independent signs, whose tail is at most 3.18
times that of a normal variable (`RADEMACHER`): no model of pictures is needed. What was searched (places,
turns, scales, keys) multiplies the chance. How many of the hypotheses are as good as independent, since
neighbouring places give nearly the same correlation, is measured on unmarked pictures (`Null`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

__all__ = [
    "RADEMACHER",
    "Interval",
    "Null",
    "Together",
    "bit_match_p_value",
    "fit_null",
    "fit_together",
    "log10_normal_tail",
    "most_of",
    "wilson",
]


# Pinelis 2012, "An asymptotically Gaussian bound on the Rademacher tails", Electronic J. Probability 17.
RADEMACHER = 3.18
_NORMAL_95 = 1.959964  # normal quantile of two-sided intervals of 95 %
_FROM, _TO = -1.0, -3.0  # log10 p-values between which it is measured how looks add up
_LEAST_BEYOND = 100  # fewer say too little of a tail
_ENOUGH_BEYOND = 1000  # so many say how fast it falls within 3 %


@dataclass(frozen=True)
class Null:
    """How many of the hypotheses of one search are as good as independent, measured on unmarked pictures.

    Attributes:
        share: Independent hypotheses over all; at most `RADEMACHER`.
        pictures: Number of pictures measured on.
        pairs: Number of pairs of a picture and a key.
        misfit: Kolmogorov-Smirnov distance of the p-values from uniform.
        counts: How many p-values lay above 0.1, in 0.1 to 0.01, 0.01 to 0.001, and so on.
    """

    share: float = RADEMACHER
    pictures: int = 0
    pairs: int = 0
    misfit: float = 0.0
    counts: tuple[int, ...] = ()

    def log10_p(self, z: float, searched: int) -> float:
        """Return the log10 p-value of the largest of some correlations.

        Args:
            z: The largest, in deviations.
            searched: Of how many.
        """
        return most_of(log10_normal_tail(z), max(1.0, searched * self.share))


@dataclass(frozen=True)
class Together:
    """How much rarer small p-values of several looks are than their sum says, measured on unmarked pictures.

    Looks see much the same, and their tails are lighter than what is fitted to the middle; the farther out,
    the more so.

    Attributes:
        share: Of the sum, from 0.1 on; inside (0, 1].
        decline: Exponent with which the share falls between 0.1 and 0.001, inside [0, 1]; it stays as it is
            below, where nothing was measured.
    """

    share: float = 1.0
    decline: float = 0.0

    def corrected(self, log10_sum: float) -> float:
        """Return the log10 p-value of looks whose p-values have a sum."""
        farther = min(max(_FROM - log10_sum, 0.0), _FROM - _TO)
        return min(0.0, log10_sum + math.log10(self.share) - self.decline * farther)

    def allowed(self, log10_p: float) -> float:
        """Return the sum that gives a log10 p-value: the inverse of `corrected`."""
        alone = log10_p - math.log10(self.share)
        farther = max(_FROM - alone, 0.0) / (1.0 + self.decline)
        return alone + self.decline * min(farther, _FROM - _TO)


# Hill 1975, "A simple general approach to inference about the tail of a distribution", Ann. Statist. 3.
# Bounds of what a large measurement says would make declared rates of 0.001 half as large.
def fit_together(log10_sums: Sequence[float]) -> Together:
    """Return how much rarer small sums of p-values are than they say.

    These are estimates if at least 1,000 are below 0.1, and 95 % bounds on the safe side if fewer are.

    Args:
        log10_sums: Of unmarked pictures and fresh keys, at least one.
    """
    beyond = [_FROM - value for value in log10_sums if value <= _FROM]
    deviations = _NORMAL_95 if len(beyond) < _ENOUGH_BEYOND else 0.0
    share = min(1.0, wilson(len(beyond), len(log10_sums), deviations).high / 10**_FROM)
    if len(beyond) < _LEAST_BEYOND or not sum(beyond):
        return Together(share)
    fall = len(beyond) / (sum(beyond) * math.log(10.0))  # 1 if small ones are as rare as they say
    least = fall * (1.0 - deviations / math.sqrt(len(beyond)))
    return Together(share, min(1.0, max(0.0, least - 1.0)))


# If the largest of N has tail probability q each, N q is exponential; its mean tells how many count, and so
# does its first quartile, which pictures without any correlation (black ones) cannot shift.
def fit_null(largest: Sequence[float], searched: Sequence[int], pictures: int) -> Null:
    """Return the null that measured values follow.

    Args:
        largest: The largest correlation of each search of an unmarked picture.
        searched: Of how many it was the largest.
        pictures: Number of different pictures.
    """
    expected = [
        10.0 ** (log10_normal_tail(z) + math.log10(n)) for z, n in zip(largest, searched, strict=True)
    ]
    of_mean, quartile = len(expected) / sum(expected), sorted(expected)[len(expected) // 4]
    share = max(of_mean, -math.log(0.75) / quartile)
    null = Null(min(RADEMACHER, share), pictures, len(expected))
    p_values = sorted(10.0 ** null.log10_p(z, n) for z, n in zip(largest, searched, strict=True))
    size = len(p_values)
    misfit = max(max((i + 1) / size - p, p - i / size) for i, p in enumerate(p_values))
    decades = [min(_DECADES - 1, int(-math.log10(max(p, 1e-300)))) for p in p_values]
    counts = tuple(decades.count(i) for i in range(_DECADES))
    return replace(null, misfit=round(misfit, 4), counts=counts)


_DECADES = 7


@dataclass(frozen=True)
class Interval:
    """A confidence interval of a probability."""

    low: float
    high: float


def log10_normal_tail(z: float) -> float:
    """Return log10 P(Z >= z) of a standard normal variable, right far beyond where it underflows."""
    if z < 20:
        return math.log10(0.5 * math.erfc(z / math.sqrt(2)))
    series = 1 - 1 / z**2 + 3 / z**4  # Abramowitz & Stegun 26.2.12
    return -z * z / 2 / math.log(10) - math.log10(z * math.sqrt(2 * math.pi)) + math.log10(series)


def most_of(log10_p: float, count: float) -> float:
    """Return log10 of the chance that the largest of `count` independent values has a p-value so small.

    Args:
        log10_p: log10 p-value of the largest, at most 0.
        count: How many were looked at, at least 1.
    """
    log10_sum = min(0.0, log10_p) + math.log10(count)
    if log10_sum < -9:
        return log10_sum
    return math.log10(max(-math.expm1(count * math.log1p(-min(10.0**log10_p, 1 - 1e-16))), 1e-300))


# The binomial test of Fernandez et al. 2023, "The Stable Signature", section 3.2, arXiv:2303.15435.
def bit_match_p_value(matches: int, bits: int) -> float:
    """Return the chance that at least so many of some fair bits agree."""
    return float(sum(math.comb(bits, i) for i in range(matches, bits + 1)) / 2**bits)


def wilson(successes: int, trials: int, z: float = _NORMAL_95) -> Interval:
    """Return Wilson's score interval (Wilson 1927) of a probability.

    Args:
        successes: How often it happened.
        trials: Of how many, at least 1.
        z: Normal quantile: 1.96 for 95 %.
    """
    share, square = successes / trials, z * z / trials
    middle = (share + square / 2) / (1 + square)
    half = z / (1 + square) * math.sqrt(share * (1 - share) / trials + square / (4 * trials))
    low = 0.0 if successes == 0 else middle - half
    return Interval(max(0.0, low), 1.0 if successes == trials else min(1.0, middle + half))
