"""Diffusion in continuous time: the reverse SDE of any path, and the likelihood of its ODE."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

from forensics.errors import UsageError
from forensics.generators.sampling.arrays import Array
from forensics.generators.sampling.base import Noise, steps_of
from forensics.generators.sampling.ode import fourth_order
from forensics.generators.sampling.paths import At, Path
from forensics.generators.sampling.targets import Denoiser, score, velocity

__all__ = ["log_likelihood", "reverse_sde"]


# Song et al. 2020, arXiv:2011.13456, eq. 6, with the share of noise of Huang et al. 2021, arXiv:2106.02808;
# drift and diffusion of a path are those of Kingma et al. 2021, arXiv:2107.00630, appendix A.
def reverse_sde(
    denoise: Denoiser,
    z: Array,
    times: Sequence[float],
    path: Path,
    noise: Noise,
    share: float = 1.0,
) -> Iterator[Array]:
    """Take Euler-Maruyama's steps of the SDE that runs from noise to pictures.

    Args:
        denoise: The model.
        z: What to start with.
        times: Rising, from noise with some picture in it.
        path: Along which the model works; any.
        noise: Where the noise is drawn from.
        share: Of the noise of the forward process that is drawn on the way: 1 is the reverse SDE, 0 the
            probability-flow ODE; the distribution at each time is the same.

    Raises:
        UsageError: At the first time there is noise alone.
    """
    if path.at(times[0]).alpha <= 0.0:
        raise UsageError("this sampler starts where there is some picture", expected="alpha > 0", actual=0.0)
    for t, after in steps_of(times):
        here, step = path.at(t), after - t
        found = denoise(z, t)
        turned = _diffusion(here)
        drift = here.alpha_rate / here.alpha * z + (1.0 + share**2) / 2 * turned * score(found, here)
        z = z + step * drift
        if after < 1.0:
            z = z + share * math.sqrt(turned * step) * noise(z)
        yield z


def _diffusion(at: At) -> float:
    """Return the square of the rate at which the forward process adds noise."""
    return float(2.0 * at.sigma * (at.sigma * at.alpha_rate / at.alpha - at.sigma_rate))


# Song et al. 2020, arXiv:2011.13456, eqs. 39 and 40: the divergence is estimated along a direction.
def log_likelihood(
    denoise: Denoiser,
    x: Array,
    times: Sequence[float],
    path: Path,
    probe: Array,
    reach: float = 1e-3,
) -> Array:
    """Return (B,) log densities of pictures under the probability-flow ODE, in nats.

    Args:
        denoise: The model; it is asked at two points beside each, so no gradients are needed.
        x: (B, ...) pictures.
        times: Falling, from just before the picture to noise.
        path: Along which the model works.
        probe: Of the shape of x, signs: the estimate is exact on average over them.
        reach: How far beside z the model is asked, over the size of z.
    """
    count = len(x)
    flat = probe.reshape(count, -1)

    def both(state: Array, t: float) -> Array:
        z, at = state[:, :-1].reshape(x.shape), path.at(t)
        beside = reach * max(1.0, float(at.sigma))
        ahead = velocity(denoise(z + beside * probe, t), at)
        behind = velocity(denoise(z - beside * probe, t), at)
        found = state * 0.0
        found[:, :-1] = velocity(denoise(z, t), at).reshape(count, -1)
        found[:, -1] = ((ahead - behind).reshape(count, -1) * flat).sum(1) / (2.0 * beside)
        return found

    begin = path.at(times[0])
    values = flat.shape[1]
    state = _joined(x * begin.alpha, flat)
    for t, after in pairwise(times):
        state = fourth_order(both, state, t, after)
    end = path.at(times[-1])
    normal = -0.5 * (state[:, :-1] ** 2).sum(1) / end.sigma**2 - values * math.log(
        float(end.sigma) * math.sqrt(2 * math.pi)
    )
    return normal + state[:, -1] + values * math.log(float(begin.alpha))


def _joined(z: Array, like: Array) -> Array:
    """Return (B, values + 1): pictures in one row each, and zero."""
    both = like[:, [0, *range(like.shape[1])]] * 0.0
    both[:, :-1] = z.reshape(len(z), -1)
    return both
