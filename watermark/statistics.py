"""How sure a detection is: p-values that hold, and what is asked of them.

The carriers of a key are independent random signs. For any picture that was made without the key, however
strange, their correlation with it is then a weighted sum of independent signs, and Hoeffding's inequality
bounds its tail: no model of pictures is needed. What was searched (places, turns, scales, keys) multiplies
the chance. The bound is loose by a factor, because neighbouring places give nearly the same correlation; how
loose is measured on unmarked pictures (`Null`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = [
    "Interval",
    "bit_match_p_value",
    "log10_hoeffding",
    "log10_normal_tail",
    "most_of",
    "wilson",
]


@dataclass(frozen=True)
class Interval:
    """A confidence interval of a probability."""

    low: float
    high: float


# Hoeffding 1963, theorem 2, for a weighted sum of independent signs over the root of the sum of squares.
def log10_hoeffding(z: float) -> float:
    """Return log10 of the bound of P(Z >= z): exp(-z^2 / 2), 0 for z below 0."""
    return 0.0 if z <= 0 else -z * z / 2 / math.log(10)


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
    log10_sum = log10_p + math.log10(count)
    if log10_sum < -9:
        return log10_sum
    return math.log10(max(-math.expm1(count * math.log1p(-min(10.0**log10_p, 1 - 1e-16))), 1e-300))


# The binomial test of Fernandez et al. 2023, "The Stable Signature", section 3.2, arXiv:2303.15435.
def bit_match_p_value(matches: int, bits: int) -> float:
    """Return the chance that at least so many of some fair bits agree."""
    return sum(math.comb(bits, i) for i in range(matches, bits + 1)) / 2**bits


def wilson(successes: int, trials: int, z: float = 1.959964) -> Interval:
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
