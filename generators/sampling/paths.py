"""Paths from noise to pictures, and what can be computed from what along them.

A path mixes a picture x and Gaussian noise e into z = alpha(t) x + sigma(t) e. Time runs as in flow matching:
at t = 0 there is noise alone (or so much that the picture does not matter), at t = 1 the picture. Diffusion,
score and flow models differ in the path and in what the network predicts; both can be exchanged exactly.
Everything here takes NumPy arrays and PyTorch tensors alike, and needs neither.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Protocol

from forensics.generators.sampling.arrays import Array, Time, apply, at_least

__all__ = [
    "PATHS",
    "At",
    "Cosine",
    "Linear",
    "Path",
    "SubVariancePreserving",
    "VarianceExploding",
    "VariancePreserving",
    "ZeroTerminal",
]


@dataclass(frozen=True)
class At:
    """A path at one time.

    Attributes:
        alpha: Share of the picture.
        sigma: Share of the noise.
        alpha_rate: Derivative of `alpha` by time.
        sigma_rate: Derivative of `sigma` by time.
    """

    alpha: Any
    sigma: Any
    alpha_rate: Any
    sigma_rate: Any

    @property
    def snr(self) -> Any:
        """Signal-to-noise ratio, alpha^2 / sigma^2."""
        return (self.alpha / self.sigma) ** 2

    def mix(self, x: Array, noise: Array) -> Array:
        """Return z for a picture and noise."""
        return self.alpha * x + self.sigma * noise


class Path(Protocol):
    """How pictures turn into noise."""

    def at(self, t: Time) -> At:
        """Return the path at a time in [0, 1], a float or an array that broadcasts against pictures."""
        ...

    def time(self, level: Any) -> Any:
        """Return the time at which sigma / alpha has a value."""
        ...


# Liu et al. 2022, arXiv:2209.03003, eq. 1; Lipman et al. 2022, arXiv:2210.02747, with sigma_min = 0.
@dataclass(frozen=True)
class Linear:
    """The straight path of rectified flow and flow matching: z = t x + (1 - t) e."""

    def at(self, t: Time) -> At:
        """Return the path at a time."""
        one = t * 0 + 1.0
        return At(t, 1.0 - t, one, -one)

    def time(self, level: Any) -> Any:
        """Return the time at which sigma / alpha has a value."""
        return 1.0 / (1.0 + level)


# Nichol & Dhariwal 2021, arXiv:2102.09672, eq. 17, with s = 0: the continuous limit.
@dataclass(frozen=True)
class Cosine:
    """The variance-preserving path along a quarter of a circle."""

    def at(self, t: Time) -> At:
        """Return the path at a time."""
        quarter = math.pi / 2
        alpha, sigma = apply("sin", t * quarter), apply("sin", (1.0 - t) * quarter)  # both end at zero
        return At(alpha, sigma, quarter * sigma, -quarter * alpha)

    def time(self, level: Any) -> Any:
        """Return the time at which sigma / alpha has a value."""
        return 1.0 - apply("atan", level) * (2 / math.pi)


# Song et al. 2020, arXiv:2011.13456, eq. 33; the continuous limit of the linear schedule of DDPM (Ho et al.
# 2020, arXiv:2006.11239, section 4: beta from 1e-4 to 0.02 in 1,000 steps).
@dataclass(frozen=True)
class VariancePreserving:
    """The path of the variance-preserving SDE, whose rate of noise rises linearly.

    Attributes:
        least: Rate of noise at the picture's end.
        most: Rate at the noise's end.
    """

    least: float = 0.1
    most: float = 20.0

    def at(self, t: Time) -> At:
        """Return the path at a time."""
        log_alpha, rate = self.log_alpha(t)
        alpha = apply("exp", log_alpha)
        sigma = apply("sqrt", -apply("expm1", 2.0 * log_alpha))
        alpha_rate = rate * alpha
        floor = at_least(sigma, 1e-12)  # the noise ends with an infinite slope
        return At(alpha, sigma, alpha_rate, -alpha * alpha_rate / floor)

    def time(self, level: Any) -> Any:
        """Return the time at which sigma / alpha has a value."""
        return self.when(-0.5 * apply("log1p", level * level))

    def log_alpha(self, t: Time) -> tuple[Any, Any]:
        """Return the logarithm of the share of the picture, and its derivative by time."""
        back, slope = 1.0 - t, self.most - self.least
        return -0.25 * back * back * slope - 0.5 * back * self.least, 0.5 * (self.least + back * slope)

    def when(self, log_alpha: Any) -> Any:
        """Return the time at which the logarithm of the share of the picture has a value."""
        root = apply("sqrt", self.least**2 - 4.0 * (self.most - self.least) * log_alpha)
        return 1.0 + 4.0 * log_alpha / (root + self.least)


# Song et al. 2020, arXiv:2011.13456, eq. 35.
@dataclass(frozen=True)
class SubVariancePreserving:
    """The path of the sub-VP SDE: that of the variance-preserving one with less noise at each time.

    Attributes:
        of: Whose shares of the picture it has.
    """

    of: VariancePreserving = VariancePreserving()

    def at(self, t: Time) -> At:
        """Return the path at a time."""
        log_alpha, rate = self.of.log_alpha(t)
        alpha = apply("exp", log_alpha)
        return At(alpha, -apply("expm1", 2.0 * log_alpha), rate * alpha, -2.0 * rate * alpha * alpha)

    def time(self, level: Any) -> Any:
        """Return the time at which sigma / alpha has a value."""
        return self.of.when(-apply("asinh", level / 2.0))


# Lin et al. 2023, arXiv:2305.08891, algorithm 1: with a little picture left, pictures are never quite black.
@dataclass(frozen=True)
class ZeroTerminal:
    """The variance-preserving path, moved so that nothing is left of the picture where it begins.

    Attributes:
        of: What is moved.
    """

    of: VariancePreserving = VariancePreserving()

    def at(self, t: Time) -> At:
        """Return the path at a time."""
        log_alpha, rate = self.of.log_alpha(t)
        less = -apply("expm1", log_alpha) / self._range  # 1 - alpha
        sigma = apply("sqrt", less * (2.0 - less))
        alpha_rate = rate * apply("exp", log_alpha) / self._range
        alpha = at_least(1.0 - less, 0.0)
        return At(alpha, sigma, alpha_rate, -alpha * alpha_rate / at_least(sigma, 1e-12))

    def time(self, level: Any) -> Any:
        """Return the time at which sigma / alpha has a value."""
        root = apply("sqrt", 1.0 + level * level)
        return self.of.when(apply("log1p", -self._range * level * level / (root * (1.0 + root))))

    @property
    def _range(self) -> float:
        return -math.expm1(self.of.log_alpha(0.0)[0])


# Song et al. 2020, arXiv:2011.13456, eq. 31, scaled as in Karras et al. 2022, arXiv:2206.00364.
@dataclass(frozen=True)
class VarianceExploding:
    """The path of EDM: the picture stays as it is, and the noise grows along a power law.

    Attributes:
        most: Noise at its end, in units of pixels from -1 to 1.
        rho: Exponent: the greater, the more time is spent on little noise.
    """

    most: float = 80.0
    rho: float = 7.0

    def at(self, t: Time) -> At:
        """Return the path at a time."""
        back, zero = 1.0 - t, t * 0.0
        slope = -self.rho * self.most * back ** (self.rho - 1)
        return At(zero + 1.0, self.most * back**self.rho, zero, slope)

    def time(self, level: Any) -> Any:
        """Return the time at which sigma / alpha has a value."""
        return 1.0 - (level / self.most) ** (1 / self.rho)


PATHS: dict[str, Path] = {
    "linear": Linear(),
    "cosine": Cosine(),
    "vp": VariancePreserving(),
    "vp_zero": ZeroTerminal(),
    "sub_vp": SubVariancePreserving(),
    "ve": VarianceExploding(),
}
