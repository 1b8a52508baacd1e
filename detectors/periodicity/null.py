"""Tails of the null distributions: how large a line grows by chance.

Two nulls, neither of which knows anything about pictures:

* `incoherent`: around one frequency the spectrum of each tile is that of Gaussian noise. The power of a
  bin over the mean of M neighbours is then F(2, 2M), whose tail has a closed form, and the evidence of
  independent tiles adds up to a Gamma variable (Fisher's method).
* `coherent`: the phase of a line differs from tile to tile as if drawn at random. Nothing is assumed about
  its strength, so that textures, edges and fences belong to this null; only something that is locked to
  the pixel grid does not. The bounds hold for any amplitudes.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

__all__ = [
    "bonferroni",
    "f_tail_exponent",
    "gamma_tail_log10",
    "limited_tail_log10",
    "random_phase_log10",
    "random_sign_log10",
]

_LN10 = math.log(10.0)


# P(F > r) for F(2, 2M): (1 + r / M)^-M.
def f_tail_exponent(ratio: npt.NDArray[np.float32], neighbours: int) -> npt.NDArray[np.float32]:
    """Return -ln P(F(2, 2M) > ratio): a unit exponential variable under the null.

    Args:
        ratio: Power of a complex bin over the mean power of its neighbours, any shape.
        neighbours: M.
    """
    return np.asarray(neighbours * np.log1p(ratio / np.float32(neighbours)), dtype=np.float32)


# P(Gamma(n) > s) = e^-s sum_{k < n} s^k / k!, a Poisson distribution function.
def gamma_tail_log10(count: int, total: float) -> float:
    """Return log10 P(sum of `count` unit exponentials > `total`); exact, and safe from underflow.

    Example:
        >>> round(gamma_tail_log10(1, 10.0) * math.log(10), 6)
        -10.0
    """
    if total <= 0:
        return 0.0
    k = np.arange(count)
    logs = k * math.log(total) - total - np.concatenate([[0.0], np.cumsum(np.log(k[1:]))])
    top = float(logs.max())
    return min(0.0, (top + math.log(float(np.exp(logs - top).sum()))) / _LN10)


# Chernoff: P(S >= s) <= e^(-t s) E(e^(t x))^n for every t > 0; the best of a grid of t is still a bound.
def limited_tail_log10(count: int, total: float, limit: float) -> float:
    """Return log10 of a bound on P(sum of `count` variables min(x, limit) >= `total`), x unit exponential.

    The smaller of Chernoff's bound for the limited variables and the exact tail without the limit.
    """
    t = np.concatenate([np.linspace(0.01, 0.99, 60), np.geomspace(1.01, 200, 120)])
    # E e^(t min(x, c)) = (e^((t - 1) c) - 1) / (t - 1) + e^((t - 1) c); logarithms taken about e^((t - 1) c).
    rate = (t - 1) * limit
    log_mean = rate + np.log1p(-np.expm1(-rate) / (t - 1))
    chernoff = float((count * log_mean - t * total).min()) / _LN10
    return min(0.0, chernoff, gamma_tail_log10(count, total))


# For independent phases E|sum a e^(i phi)|^2p <= p! (sum a^2)^p (the multinomial sum of squares is at most
# p! times the multinomial sum), so Markov gives P(|.|^2 > s sum a^2) <= p! / s^p for every p; take the best.
def random_phase_log10(strength: float) -> float:
    """Return log10 of a bound on P(|sum a_t e^(i phi_t)|^2 / sum a_t^2 > strength), phases uniform.

    Example:
        >>> -6.0 < random_phase_log10(14.0) < -5.0
        True
    """
    if strength <= 1:
        return 0.0
    power = max(1, math.floor(strength))  # the ratio of successive bounds is p / s
    return min(0.0, (math.lgamma(power + 1) - power * math.log(strength)) / _LN10)


# Khintchine for signs: E(sum a e)^2p <= (2p - 1)!! (sum a^2)^p; successive bounds have ratio (2p - 1) / s.
def random_sign_log10(strength: float) -> float:
    """Return log10 of a bound on P((sum a_t e_t)^2 / sum a_t^2 > strength), signs e_t fair coins.

    At frequencies 0 and 1/2 of both axes a spectrum is real and only its sign can vary.
    """
    if strength <= 1:
        return 0.0
    power = max(1, math.floor((strength + 1) / 2))
    double_factorial = math.lgamma(2 * power + 1) - power * math.log(2) - math.lgamma(power + 1)
    return min(0.0, (double_factorial - power * math.log(strength)) / _LN10)


def bonferroni(log10_p: float, tests: int) -> float:
    """Return the p-value of the best of `tests` tests, dependent or not.

    Example:
        >>> round(bonferroni(-6.0, 100), 9)
        0.0001
    """
    return min(1.0, tests * float(10.0**log10_p))
