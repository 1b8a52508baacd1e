"""Latents that are drawn: the variational bottleneck, what it costs, and whether it is used at all."""

from __future__ import annotations

from typing import Literal, TypeAlias

import torch
from torch import Tensor, nn

from forensics.errors import UsageError
from forensics.generators.codec.bottlenecks.base import Latents

__all__ = ["Gaussian", "Pressure", "active_units", "annealed", "gaussian_kl", "kl_objective"]

Pressure: TypeAlias = Literal["beta", "capacity", "free_bits"]
_ACTIVE = 0.01  # variance of means beyond which a value says something of the picture


# Kingma & Welling 2013, arXiv:1312.6114, appendix B.
def gaussian_kl(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Return the divergence of each value's Gaussian from a standard one, in nats."""
    return 0.5 * (mean.square() + log_variance.exp() - 1.0 - log_variance)


def kl_objective(kl: Tensor, pressure: Pressure, amount: float) -> Tensor:
    """Return what a divergence costs.

    Args:
        kl: (B, ...) nats of each value.
        pressure: `beta`: a multiple of it (Higgins et al. 2017); `capacity`: how far a picture's sum is
            from an amount (Burgess et al. 2018, arXiv:1804.03599, eq. 8); `free_bits`: what goes beyond an
            amount for each channel (Kingma et al. 2016, arXiv:1606.04934, eq. 13).
        amount: The factor, or the nats.

    Raises:
        UsageError: There is no such pressure.
    """
    of_pictures = kl.flatten(1).sum(1)
    match pressure:
        case "beta":
            return amount * of_pictures.mean()
        case "capacity":
            return (of_pictures - amount).abs().mean()
        case "free_bits":
            of_channels = kl.flatten(2).sum(2).mean(0) if kl.ndim > 2 else kl.mean(0)
            return of_channels.clamp(min=amount).sum()
    raise UsageError(f"there is no pressure {pressure!r}", expected="beta, capacity, free_bits")


# Bowman et al. 2015, arXiv:1511.06349, section 3.1, in a straight line.
def annealed(done: float, share: float) -> float:
    """Return the part of its full weight that a divergence has by now: latents are of use before they cost.

    Args:
        done: Share of the run that is over.
        share: Of the run, over which the weight rises; it is full from the start if 0.
    """
    return 1.0 if share <= 0.0 else min(1.0, done / share)


# Burda et al. 2015 (IWAE), arXiv:1509.00519, section 5.2.
def active_units(mean: Tensor) -> Tensor:
    """Return which values of latents still depend on the picture: none do once the posterior collapsed.

    Args:
        mean: (B, ...) means of the latents of different pictures.

    Returns:
        (...) True where the variance over the pictures is above 0.01.
    """
    return mean.var(dim=0) > _ACTIVE


class Gaussian(nn.Module):
    """Latents drawn from a Gaussian that the encoder gives for each value: the variational autoencoder.

    Args:
        channels: Of latents.
        pressure: In which terms the divergence costs.
        amount: How much of it.
    """

    def __init__(self, channels: int, pressure: Pressure = "beta", amount: float = 1.0) -> None:
        super().__init__()
        self.needed, self.channels = 2 * channels, channels
        self.pressure, self.amount = pressure, amount

    def forward(self, found: Tensor, generator: torch.Generator | None = None) -> Latents:
        """Return latents: drawn if there is a generator, else the means."""
        mean, log_variance = found.chunk(2, dim=1)
        log_variance = log_variance.clamp(-20.0, 10.0)
        loss = kl_objective(gaussian_kl(mean, log_variance), self.pressure, self.amount)
        if generator is None:
            return Latents(mean, loss)
        noise = torch.randn(mean.shape, generator=generator, device=mean.device, dtype=mean.dtype)
        return Latents(mean + (0.5 * log_variance).exp() * noise, loss)
