"""Tails that marks in noise need, as log10: caps of spheres, sums of squares, non-central chi-square."""

from __future__ import annotations

import math

import numpy as np

from forensics.watermark.statistics import log10_normal_tail

__all__ = ["log10_cap", "log10_noncentral", "log10_squares"]

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(200)
_NEAREST = 1e-12  # of a cosine to 1, so that p-values do not vanish
_LN10 = math.log(10.0)
_NORMAL_FROM = 1e5  # of a parameter of non-centrality: nothing but the normal variable is left of it
_DEVIATIONS = 40.0  # of a Poisson number beyond which nothing is left


# The surface of a cap is an integral of sin^(d-2); Furon 2019, "Watermarking error exponents in the presence
# of noise: the case of the dual hypercone detector"; Fernandez et al. 2022, arXiv:2112.09581.
def log10_cap(cosine: float, dimensions: int) -> float:
    """Return log10 of the chance that a random direction is so near to a given one.

    Args:
        cosine: Of the angle between both, -1 to 1.
        dimensions: Of the space, at least 2.

    Example:
        >>> round(10 ** log10_cap(0.5, 3), 6)  # Archimedes: a quarter of the sphere
        0.25
    """
    if cosine < 0.0:
        return math.log1p(-(10.0 ** log10_cap(-cosine, dimensions))) / _LN10
    cosine, n = min(cosine, 1.0 - _NEAREST), dimensions - 2
    sine = math.sqrt((1.0 - cosine) * (1.0 + cosine))
    angle = math.atan2(sine, cosine)
    inside = np.exp(n * (np.log(np.sin(angle * (_NODES + 1.0) / 2.0)) - math.log(sine)))
    surface = math.log(angle / 2.0 * float(inside @ _WEIGHTS)) + n * math.log(sine)
    whole = 0.5 * math.log(math.pi) + math.lgamma((n + 1) / 2) - math.lgamma(n / 2 + 1)
    return (surface - whole) / _LN10


# A weighted sum S of independent signs with weights of squared sum 1 has E exp(t S) <= exp(t^2 / 2), so that
# E exp(u S^2) <= (1 - 2 u)^(-1/2), as of a normal variable; the rest is Chernoff's bound, at its best u.
def log10_squares(total: float, count: int) -> float:
    """Return a bound of log10 of the chance that squares of sums of random signs add up to so much.

    Args:
        total: Sum of the squares.
        count: How many independent sums there are; each has variance 1, and any weights.
    """
    if count < 1 or total <= count:
        return 0.0
    return (0.5 * count * math.log(total / count) - 0.5 * (total - count)) / _LN10


# Johnson, Kotz & Balakrishnan 1995, "Continuous univariate distributions 2", chapter 29: a mixture of
# central ones, of which each follows from the next, P(a, x) = P(a + 1, x) + x^a e^-x / Gamma(a + 1).
def log10_noncentral(value: float, freedom: float, centre: float) -> float:
    """Return log10 of the distribution function of a non-central chi-square variable.

    Args:
        value: At least 0.
        freedom: Degrees of freedom, above 0.
        centre: The parameter of non-centrality, at least 0.
    """
    if value <= 0.0:
        return -math.inf
    if centre > _NORMAL_FROM:
        return log10_normal_tail((freedom + centre - value) / math.sqrt(2.0 * (freedom + 2.0 * centre)))
    half, x = centre / 2.0, value / 2.0
    most = int(half + _DEVIATIONS * (1.0 + math.sqrt(half)))
    log_step = math.log(x) * (freedom / 2.0 + np.arange(most + 1)) - x
    log_step -= np.array([math.lgamma(freedom / 2.0 + j + 1.0) for j in range(most + 1)])
    tail = _log_lower_gamma(freedom / 2.0 + most + 1.0, x)
    falling = np.logaddexp.accumulate(np.concatenate([[tail], log_step[::-1]]))[1:][::-1]
    j = np.arange(most + 1)
    weights = -half + (j * math.log(half) if half > 0.0 else np.where(j == 0, 0.0, -np.inf))
    weights = weights - np.array([math.lgamma(i + 1.0) for i in range(most + 1)])
    return min(0.0, float(np.logaddexp.reduce(weights + falling)) / _LN10)


# Abramowitz & Stegun 6.5.29.
def _log_lower_gamma(a: float, x: float) -> float:
    """Return the logarithm of the regularised lower incomplete gamma function, by its series."""
    if x > a + _DEVIATIONS * (1.0 + math.sqrt(a)):
        return 0.0
    term = total = 1.0
    n, scale = 0, 0.0
    while term > 1e-17 * total:
        n += 1
        term *= x / (a + n)
        total += term
        if total > 1e200:
            term, total, scale = term * 1e-200, total * 1e-200, scale + 200.0 * _LN10
    return min(0.0, a * math.log(x) - x - math.lgamma(a + 1.0) + math.log(total) + scale)
