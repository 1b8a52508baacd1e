"""How likely pictures are for a variational autoencoder: bounds from below, and its Gaussian decoder."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

__all__ = ["elbo", "gaussian_log_density", "importance_bound", "log_weights"]


# Kingma & Welling 2013, arXiv:1312.6114, appendix C.2. With a variance that is the same everywhere it is a
# constant less the squared error over twice the variance: the likeliest picture is the mean of all that are
# possible, hence blurred; the likeliest variance is the mean squared error.
def gaussian_log_density(x: Tensor, mean: Tensor, variance: float) -> Tensor:
    """Return (B,) nats: the logarithm of the density of pictures under a Gaussian decoder.

    Args:
        x: (B, ...) pictures.
        mean: (B, ...) what the decoder gives.
        variance: Of each value around it.
    """
    error = (x - mean).square().flatten(1)
    return -0.5 * (error / variance + math.log(2.0 * math.pi * variance)).sum(1)


# Burda et al. 2015 (IWAE), arXiv:1509.00519, section 3.
def log_weights(
    decode: Callable[[Tensor], Tensor],
    x: Tensor,
    posterior: tuple[Tensor, Tensor],
    variance: float,
    count: int,
    generator: torch.Generator,
) -> Tensor:
    """Return (count, B) nats: log p(x | z) + log p(z) - log q(z | x) for latents drawn from q.

    Args:
        decode: (B, ...) latents to the mean of pictures.
        x: (B, ...) pictures.
        posterior: Mean and logarithm of the variance of the latents of each picture.
        variance: Of the decoder.
        count: Draws for each picture.
        generator: Draws them, on the device of the pictures.
    """
    mean, log_variance = posterior
    found = []
    for _ in range(count):
        noise = torch.randn(mean.shape, generator=generator, device=mean.device, dtype=mean.dtype)
        z = mean + (0.5 * log_variance).exp() * noise
        prior_over_posterior = 0.5 * (noise.square() + log_variance - z.square()).flatten(1).sum(1)
        found.append(gaussian_log_density(x, decode(z), variance) + prior_over_posterior)
    return torch.stack(found)


# Kingma & Welling 2013, eq. 2.
def elbo(weights: Tensor) -> Tensor:
    """Return (B,) nats: the evidence lower bound, from the (K, B) logarithms of weights."""
    return weights.mean(0)


# Burda et al. 2015 (IWAE), eq. 8; with one draw it is the evidence lower bound, with many log p(x).
def importance_bound(weights: Tensor) -> Tensor:
    """Return (B,) nats: the bound of importance weighting, from the (K, B) logarithms of weights."""
    return weights.logsumexp(0) - math.log(len(weights))
