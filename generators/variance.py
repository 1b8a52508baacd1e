"""Learned variances, and the variational bound that they are learned by."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from forensics.generators.objectives import Objective, Predict, broadcast, weight_of
from forensics.generators.sampling.base import steps_of
from forensics.generators.sampling.paths import At, Path
from forensics.generators.sampling.targets import Denoiser, Estimate, estimate, split, target
from forensics.generators.sampling.variance import (
    forward_variance,
    learned_variance,
    posterior_mean,
    posterior_variance,
)

__all__ = ["hybrid_loss", "level_likelihood", "normal_divergence", "step_divergence", "variational_bound"]

_STEPS = 1000  # of the process whose bound is learned
_SHARE = 0.001  # of the bound in the loss, lambda
_LEAST = 1e-12  # chance of a grey level


def normal_divergence(
    mean: Tensor, variance: Tensor | float, other: Tensor | float, other_variance: Tensor | float
) -> Tensor:
    """Return the KL divergence of one normal distribution from another, value by value, in nats."""
    ratio = torch.as_tensor(variance / other_variance)
    return 0.5 * (ratio - ratio.log() - 1.0 + (mean - other) ** 2 / other_variance)


# Ho et al. 2020, arXiv:2006.11239, eq. 5: L_(t-1).
def step_divergence(found: Estimate, x: Tensor, z: Tensor, here: At, there: At) -> Tensor:
    """Return by how much a step of a model differs from that of one that knows the picture, in nats a value.

    Args:
        found: What the model says of z. Its variance is that of the posterior if it says nothing of it.
        x: (B, ...) the pictures.
        z: What became of them.
        here: The path at the time of z.
        there: At the time to which the step leads, where there is still some noise.
    """
    exact = posterior_variance(here, there)
    variance = exact if found.share is None else learned_variance(found.share, here, there)
    mean, guess = posterior_mean(x, z, here, there), posterior_mean(found.x, z, here, there)
    return normal_divergence(mean, exact, guess, variance)


# Nichol & Dhariwal 2021, arXiv:2102.09672, eq. 16; the bound, in bits, leaves the mean alone. Survey eq. 88.
def hybrid_loss(predict: Predict, x: Tensor, objective: Objective, generator: torch.Generator) -> Tensor:
    """Return the squared error of what is predicted, and a little of the bound for the variance.

    The last of the thousand steps is left out: no noise is drawn in it.

    Args:
        predict: The network, whose output is that of `targets.split`.
        x: (B, ...) pictures or latents of about unit size.
        objective: What it is trained for.
        generator: Draws noise and times, on the device of the pictures.
    """
    drawn = objective.times.draw(len(x), generator)
    t = (drawn * (_STEPS - 1)).floor().clamp(min=1) / _STEPS
    noise = torch.randn(x.shape, generator=generator, device=x.device, dtype=x.dtype)
    here, there = (objective.path.at(broadcast(when, x)) for when in (t, t + 1.0 / _STEPS))
    z = here.mix(x, noise)
    predicted, share = split(predict(z, t))
    error = (predicted - target(objective.target, x, noise, here)).square()
    found = estimate(objective.target, predicted.detach(), z, here)._replace(share=share)
    bound = step_divergence(found, x, z, here, there).mean() * (_STEPS / math.log(2.0))
    return (weight_of(objective, here) * error).mean() + _SHARE * bound


# Ho et al. 2020, arXiv:2006.11239, eq. 13.
def level_likelihood(x: Tensor, mean: Tensor, deviation: float) -> Tensor:
    """Return the logarithm of the chance of grey levels under a normal distribution, in nats a value.

    Args:
        x: Values of 256 levels from -1 to 1; the outer ones stand for all beyond.
        mean: Of the distribution.
        deviation: Its own.
    """
    scale = -1.0 / (deviation * math.sqrt(2.0))
    above = 0.5 * torch.erfc((x - mean + 1 / 255) * scale)
    below = 0.5 * torch.erfc((x - mean - 1 / 255) * scale)
    above, below = torch.where(x > 0.999, 1.0, above), torch.where(x < -0.999, 0.0, below)
    return (above - below).clamp(min=_LEAST).log()


# Ho et al. 2020, arXiv:2006.11239, eq. 5: L_T, all L_(t-1), L_0; survey eqs. 80 and 81.
def variational_bound(
    denoise: Denoiser, x: Tensor, times: Sequence[float], path: Path, generator: torch.Generator
) -> Tensor:
    """Return how many bits the values of pictures take at most, (B,), for each value.

    Args:
        denoise: The model.
        x: (B, ...) pictures of 256 grey levels from -1 to 1.
        times: Rising, from noise to picture, as those of `times.log_snr`: the more, the tighter is the bound.
        path: Along which the model works.
        generator: Draws the noise, on the device of the pictures.
    """
    first = path.at(times[0])
    total = normal_divergence(first.alpha * x, first.sigma**2, 0.0, first.sigma**2)
    for t, after in steps_of(times):
        here, there = path.at(t), path.at(after)
        z = here.mix(x, torch.randn(x.shape, generator=generator, device=x.device, dtype=x.dtype))
        found = denoise(z, t)
        if after < 1.0:
            total = total + step_divergence(found, x, z, here, there)
        else:
            total = total - level_likelihood(x, found.x, math.sqrt(forward_variance(here, there)))
    return total.flatten(1).mean(1) / math.log(2.0)
