"""The samplers of diffusion models: ancestral, consistency, DDIM and its inversion, EDM, DPM-Solver++."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from forensics.errors import UsageError
from forensics.generators.sampling.arrays import Array
from forensics.generators.sampling.base import Noise, steps_of
from forensics.generators.sampling.paths import At, Path
from forensics.generators.sampling.targets import Denoiser
from forensics.generators.sampling.variance import forward_variance, learned_variance, posterior_variance

__all__ = ["Churn", "Variance", "ancestral", "consistency", "ddim", "dpmpp_2m", "edm", "invert"]

Variance = Literal["posterior", "forward"]


# Song et al. 2020, arXiv:2010.02502, eqs. 12 and 16, for any path; survey eqs. 84, 85 and 131.
def ddim(
    denoise: Denoiser,
    z: Array,
    times: Sequence[float],
    path: Path,
    eta: float = 0.0,
    noise: Noise | None = None,
) -> Iterator[Array]:
    """Go from one level of noise to the next along what the denoiser says.

    Args:
        denoise: The model.
        z: What to start with, at the first time.
        times: Rising, from noise to picture.
        path: Along which the model works.
        eta: Share of the noise that is drawn anew: 0 gives the same for the same start, 1 is ancestral.
        noise: Where it is drawn from; not needed if eta is 0.

    Raises:
        UsageError: Noise is to be drawn, and there is nothing that it is drawn from.
    """
    if eta > 0.0 and noise is None:
        raise UsageError("noise is to be drawn, and nothing given that it is drawn from", actual=eta)
    for t, after in steps_of(times):
        here, there = path.at(t), path.at(after)
        found = denoise(z, t)
        fresh = eta * _posterior_deviation(here, there)
        kept = math.sqrt(max(there.sigma**2 - fresh**2, 0.0))
        z = there.alpha * found.x + kept * found.noise
        if fresh > 0.0 and noise is not None:
            z = z + fresh * noise(z)
        yield z


# Ho et al. 2020, arXiv:2006.11239, algorithm 2 and section 3.2.
def ancestral(
    denoise: Denoiser,
    z: Array,
    times: Sequence[float],
    path: Path,
    noise: Noise,
    variance: Variance = "posterior",
) -> Iterator[Array]:
    """Draw each step from the reverse process of DDPM; none is drawn at the last.

    Args:
        denoise: The model.
        z: What to start with.
        times: Rising, from noise to picture.
        path: Along which the model works.
        noise: Where the noise is drawn from.
        variance: Of each step: that of the posterior, or that of the forward process; where the model says
            itself which it is to be, that is taken.
    """
    for t, after in steps_of(times):
        here, there = path.at(t), path.at(after)
        found = denoise(z, t)
        least = _posterior_deviation(here, there)
        z = there.alpha * found.x + math.sqrt(max(there.sigma**2 - least**2, 0.0)) * found.noise
        if there.sigma > 0.0:
            fixed = least if variance == "posterior" else math.sqrt(forward_variance(here, there))
            deviation = fixed if found.share is None else learned_variance(found.share, here, there) ** 0.5
            z = z + deviation * noise(z)
        yield z


# Song et al. 2023, arXiv:2303.01469, algorithm 1.
def consistency(
    denoise: Denoiser, z: Array, times: Sequence[float], path: Path, noise: Noise
) -> Iterator[Array]:
    """Say at once where the path ends, and mend it from each next time with fresh noise.

    Args:
        denoise: A consistency model: its pictures are ends of paths, and not means of what there might be.
        z: What to start with.
        times: Rising, from noise to picture.
        path: Along which the model works.
        noise: Where the noise is drawn from; none is drawn at the last.
    """
    for t, after in steps_of(times):
        there, found = path.at(after), denoise(z, t)
        z = there.mix(found.x, noise(z)) if there.sigma > 0.0 else there.alpha * found.x
        yield z


# Survey eq. 130, whose alpha is the cumulative one; Dhariwal & Nichol 2021, arXiv:2105.05233, appendix F.
def invert(denoise: Denoiser, x: Array, times: Sequence[float], path: Path) -> Iterator[Array]:
    """Go from a picture to the noise from which `ddim` makes it, nearly: DDIM the other way.

    Args:
        denoise: The model.
        x: Pictures.
        times: Falling, from just before the picture to noise: `times.reversed_times`.
        path: Along which the model works.
    """
    yield from ddim(denoise, x * path.at(times[0]).alpha, times, path)


@dataclass(frozen=True)
class Churn:
    """Fresh noise before each step of EDM's sampler.

    Attributes:
        amount: Over all steps, S_churn.
        noise: Where it is drawn from.
        between: Ratios of noise to picture at which it is added, S_tmin and S_tmax.
        more: Factor of its deviation, S_noise.
    """

    amount: float
    noise: Noise
    between: tuple[float, float] = (0.0, math.inf)
    more: float = 1.0

    def added(self, scaled: Array, level: float, steps: int) -> tuple[Array, float]:
        """Return z / alpha with the noise of one of some steps, and its new level."""
        if not self.between[0] <= level <= self.between[1]:
            return scaled, level
        raised = level * (1.0 + min(self.amount / steps, math.sqrt(2.0) - 1.0))
        return scaled + math.sqrt(raised**2 - level**2) * self.more * self.noise(scaled), raised


# Karras et al. 2022, arXiv:2206.00364, algorithm 2; without churn it is algorithm 1.
def edm(
    denoise: Denoiser,
    z: Array,
    times: Sequence[float],
    path: Path,
    churn: Churn | None = None,
) -> Iterator[Array]:
    """Take Heun's steps by the ratio of noise to picture, with a little fresh noise before each.

    Args:
        denoise: The model.
        z: What to start with.
        times: Rising, from noise with some picture in it (`times.karras`) to the picture.
        path: Along which the model works; any.
        churn: The fresh noise; none if None.

    Raises:
        UsageError: At the first time there is noise alone.
    """
    if path.at(times[0]).alpha <= 0.0:
        raise UsageError("this sampler starts where there is some picture, as times.karras does", actual=0.0)
    for t, after in steps_of(times):
        level, wanted = _level(path.at(t)), _level(path.at(after))
        scaled = z / path.at(t).alpha
        if churn is not None:
            scaled, level = churn.added(scaled, level, len(times) - 1)
        slope = _noise_at(denoise, scaled, level, path)
        ahead = scaled + (wanted - level) * slope
        if wanted > 0.0:
            ahead = scaled + (wanted - level) / 2 * (slope + _noise_at(denoise, ahead, wanted, path))
        z = ahead * path.at(after).alpha
        yield z


# Lu et al. 2022, arXiv:2211.01095, algorithm 2 (DPM-Solver++ 2M, data prediction).
def dpmpp_2m(denoise: Denoiser, z: Array, times: Sequence[float], path: Path) -> Iterator[Array]:
    """Use the step before for the second order: one evaluation a step.

    Args:
        denoise: The model.
        z: What to start with.
        times: Rising, from noise to picture.
        path: Along which the model works.
    """
    before, h_before = None, 0.0
    for t, after in steps_of(times):
        here, there = path.at(t), path.at(after)
        found = denoise(z, t).x
        if there.sigma <= 0.0:
            z = there.alpha * found
        else:
            h = math.log(max(_level(here), 1e-12) / _level(there))
            direction = found if before is None else found + (found - before) * (h / h_before / 2)
            z = there.sigma / here.sigma * z - there.alpha * math.expm1(-h) * direction
            before, h_before = found, h
        yield z


def _level(at: At) -> float:
    return float(at.sigma / at.alpha) if at.alpha > 0.0 else math.inf


def _noise_at(denoise: Denoiser, scaled: Array, level: float, path: Path) -> Array:
    """Return the derivative of z / alpha by sigma / alpha: the noise."""
    t = float(path.time(level))
    return denoise(scaled * path.at(t).alpha, t).noise


def _posterior_deviation(here: At, there: At) -> float:
    """Return the deviation of q(z' | z, x) for a step towards the picture; 0 for one the other way."""
    if there.sigma <= 0.0 or there.alpha <= 0.0:
        return 0.0
    return math.sqrt(posterior_variance(here, there))
