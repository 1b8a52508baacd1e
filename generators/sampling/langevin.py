"""Sampling by the score: Langevin dynamics, alone and as the corrector of another sampler."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from forensics.generators.sampling.arrays import Array
from forensics.generators.sampling.base import Noise, steps_of
from forensics.generators.sampling.diffusion import ancestral
from forensics.generators.sampling.paths import Path
from forensics.generators.sampling.targets import Denoiser, score

__all__ = ["annealed_langevin", "langevin_step", "predictor_corrector"]


def langevin_step(gradient: Array, z: Array, step: float, noise: Noise) -> Array:
    """Return z after one step of Langevin dynamics: half a step up the score, and noise.

    Args:
        gradient: The score at z.
        z: Where it stands.
        step: Size, in units of the variance of z.
        noise: Where the noise is drawn from.
    """
    return z + step / 2 * gradient + math.sqrt(step) * noise(z)


# Song & Ermon 2019, arXiv:1907.05600, algorithm 1; step sizes in units of each level's variance.
def annealed_langevin(
    denoise: Denoiser,
    z: Array,
    times: Sequence[float],
    path: Path,
    noise: Noise,
    rounds: int = 5,
    step: float = 0.1,
) -> Iterator[Array]:
    """Let z settle at one level of noise after the other; what it ends with is denoised.

    Args:
        denoise: The model.
        z: What to start with.
        times: Rising; at the last, the picture is what the denoiser says.
        path: Along which the model works.
        noise: Where the noise is drawn from.
        rounds: Steps at each level.
        step: Size, in units of the variance of the noise there.
    """
    for t, after in steps_of(times):
        here, there = path.at(t), path.at(after)
        for _ in range(rounds):
            z = langevin_step(score(denoise(z, t), here), z, step * here.sigma**2, noise)
        if after >= 1.0:
            z = denoise(z, t).x
        elif here.alpha > 0.0:
            z = z * (there.alpha / here.alpha)
        yield z


# Song et al. 2020, arXiv:2011.13456, algorithms 2 and 3: the step size follows a signal-to-noise ratio.
def predictor_corrector(
    denoise: Denoiser,
    z: Array,
    times: Sequence[float],
    path: Path,
    noise: Noise,
    ratio: float = 0.16,
    rounds: int = 1,
) -> Iterator[Array]:
    """Take a step of the reverse SDE, then let z settle at the new level.

    Args:
        denoise: The model.
        z: What to start with.
        times: Rising, from noise to picture.
        path: Along which the model works.
        noise: Where the noise is drawn from.
        ratio: Of the corrector's score to its noise.
        rounds: Corrections after each step; none after the last.
    """
    for t, after in steps_of(times):
        (z,) = ancestral(denoise, z, (t, after), path, noise)
        there = path.at(after)
        for _ in range(rounds if there.sigma > 0.0 else 0):
            gradient, drawn = score(denoise(z, after), there), noise(z)
            step = 2.0 * (ratio * _norm(drawn) / max(_norm(gradient), 1e-12)) ** 2
            z = z + step * gradient + math.sqrt(2.0 * step) * drawn
        yield z


def _norm(values: Array) -> float:
    """Return the mean length of the pictures."""
    flat = values.reshape(len(values), -1)
    return float(((flat * flat).sum(1) ** 0.5).mean())
