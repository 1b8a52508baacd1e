"""What latents go through: a Gaussian, rounding to a grid, or a codebook."""

from __future__ import annotations

import math
from typing import Literal, NamedTuple, Protocol, TypeAlias

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from forensics.errors import UsageError

__all__ = ["Bottleneck", "Codebook", "Gaussian", "Latents", "Rounding", "gaussian_kl", "kl_objective"]

Pressure: TypeAlias = Literal["beta", "capacity", "free_bits"]


class Latents(NamedTuple):
    """What a bottleneck lets through.

    Attributes:
        z: (B, C, h, w) latents.
        loss: What it costs, in the terms of the bottleneck.
        indices: (B, h, w) tokens, None if the bottleneck has none.
    """

    z: Tensor
    loss: Tensor
    indices: Tensor | None = None


class Bottleneck(Protocol):
    """What latents go through.

    Attributes:
        needed: Channels of what it takes.
        channels: Channels of latents.
    """

    needed: int
    channels: int

    def __call__(self, found: Tensor, generator: torch.Generator | None = None) -> Latents:
        """Return latents for (B, needed, h, w); what is random is drawn if there is a generator."""
        ...


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


# Mentzer et al. 2023 (FSQ), arXiv:2309.15505, section 3.1.
class Rounding(nn.Module):
    """Each channel is rounded to one of a few levels; all of them together are a token.

    Args:
        levels: Of each channel, 2 at least.

    Raises:
        UsageError: A channel has fewer than 2.
    """

    basis: Tensor
    levels: Tensor

    def __init__(self, levels: tuple[int, ...]) -> None:
        super().__init__()
        if min(levels, default=0) < 2:
            raise UsageError("each channel needs two levels at least", expected=">= 2", actual=levels)
        self.needed = self.channels = len(levels)
        self.tokens = math.prod(levels)
        basis = [math.prod(levels[:i]) for i in range(len(levels))]
        self.register_buffer("levels", torch.tensor(levels).reshape(-1, 1, 1), persistent=False)
        self.register_buffer("basis", torch.tensor(basis).reshape(-1, 1, 1), persistent=False)

    def forward(self, found: Tensor, generator: torch.Generator | None = None) -> Latents:
        """Return latents from -1 to 1 on a grid, through which gradients pass as if it were none."""
        del generator
        places = self._bounded(found)
        rounded = places + (places.round() - places).detach()
        return Latents(self._spread(rounded), found.new_zeros(()), self._index(rounded.detach()))

    def of_indices(self, indices: Tensor) -> Tensor:
        """Return (B, C, h, w) latents for (B, h, w) tokens."""
        return self._spread((indices[:, None] // self.basis % self.levels).float())

    def _bounded(self, found: Tensor) -> Tensor:
        """Return values between the lowest level and the highest, and half a level around both."""
        half = self.levels / 2.0
        return (half * (torch.tanh(found) + 1.0) - 0.5).clamp(-0.499 + 0 * half, self.levels - 0.501)

    def _spread(self, places: Tensor) -> Tensor:
        return places * 2.0 / (self.levels - 1) - 1.0

    def _index(self, places: Tensor) -> Tensor:
        return (places.round().long() * self.basis).sum(1)


# van den Oord et al. 2017 (VQ-VAE), arXiv:1711.00937, eq. 3, with the moving averages of its appendix A.1.
class Codebook(nn.Module):
    """Latents become the nearest of some learned vectors; vectors that are never nearest begin anew.

    Args:
        tokens: How many.
        channels: Of each.
        keep: Share of the averages that one step keeps.
        commitment: What it costs that latents lie apart from their vectors.
    """

    vectors: Tensor
    counts: Tensor
    sums: Tensor

    def __init__(self, tokens: int, channels: int, keep: float = 0.99, commitment: float = 0.25) -> None:
        super().__init__()
        self.needed = self.channels = channels
        self.tokens, self.keep, self.commitment = tokens, keep, commitment
        self.register_buffer("vectors", torch.randn(tokens, channels))
        self.register_buffer("counts", torch.ones(tokens))
        self.register_buffer("sums", self.vectors.clone())

    def forward(self, found: Tensor, generator: torch.Generator | None = None) -> Latents:
        """Return the nearest vectors, through which gradients pass; in training the vectors follow."""
        flat = found.movedim(1, -1).reshape(-1, self.channels)
        indices = torch.cdist(flat.detach(), self.vectors).argmin(1)
        if self.training:
            self._follow(flat.detach(), indices, generator)
        nearest = self.of_indices(indices.reshape(len(found), *found.shape[2:]))
        loss = self.commitment * F.mse_loss(found, nearest.detach())
        return Latents(
            found + (nearest - found).detach(), loss, indices.reshape(len(found), *found.shape[2:])
        )

    def of_indices(self, indices: Tensor) -> Tensor:
        """Return (B, C, h, w) latents for (B, h, w) tokens."""
        return self.vectors[indices].movedim(-1, 1)

    @torch.no_grad()
    def _follow(self, flat: Tensor, indices: Tensor, generator: torch.Generator | None) -> None:
        chosen = F.one_hot(indices, self.tokens).to(flat)
        self.counts.lerp_(chosen.sum(0), 1 - self.keep)
        self.sums.lerp_(chosen.T @ flat, 1 - self.keep)
        unused = self.counts < 0.01
        if unused.any():
            drawn = torch.randint(len(flat), (int(unused.sum()),), generator=generator, device=flat.device)
            self.sums[unused], self.counts[unused] = flat[drawn], 1.0
        self.vectors.copy_(self.sums / self.counts[:, None])
