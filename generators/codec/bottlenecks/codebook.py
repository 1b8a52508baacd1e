"""Latents as members of a learned codebook: the nearest vector, the nearest direction, or a mixture."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from forensics.generators.codec.bottlenecks.base import Latents
from forensics.generators.codec.bottlenecks.usage import entropy_gap

__all__ = ["Codebook", "Relaxed", "Spherical"]


# van den Oord et al. 2017 (VQ-VAE), arXiv:1711.00937, eq. 3, with the moving averages of its appendix A.1.
class Codebook(nn.Module):
    """Latents become the nearest of some learned vectors; vectors that are hardly nearest begin anew.

    Args:
        tokens: How many.
        channels: Of each.
        keep: Share of the averages that one step keeps.
        commitment: What it costs that latents lie apart from their vectors.
        revive: Latents in a step, on average, below which a vector begins anew at one of them; 0 for never.
        entropy: What it costs that latents lie between vectors, or that few vectors get all.
    """

    vectors: Tensor
    counts: Tensor
    sums: Tensor

    def __init__(
        self,
        tokens: int,
        channels: int,
        keep: float = 0.99,
        commitment: float = 0.25,
        *,
        revive: float = 0.01,
        entropy: float = 0.0,
    ) -> None:
        super().__init__()
        self.needed = self.channels = channels
        self.tokens, self.each = tokens, 1
        self.keep, self.commitment, self.revive, self.entropy = keep, commitment, revive, entropy
        self.register_buffer("vectors", torch.randn(tokens, channels))
        self.register_buffer("counts", torch.ones(tokens))
        self.register_buffer("sums", self.vectors.clone())

    def forward(self, found: Tensor, generator: torch.Generator | None = None) -> Latents:
        """Return the nearest vectors, through which gradients pass; in training the vectors follow."""
        with torch.autocast(found.device.type, enabled=False):  # in 16 bits, others would be the nearest
            return self._nearest(found.to(self.vectors.dtype), generator)

    def _nearest(self, found: Tensor, generator: torch.Generator | None) -> Latents:
        flat = found.permute(0, 2, 3, 1).reshape(-1, self.channels)
        indices = (self.vectors.square().sum(1) - 2.0 * flat.detach() @ self.vectors.T).argmin(1)
        if self.training:
            self._follow(flat.detach(), indices, generator)
        nearest = self.of_indices(indices.reshape(found.shape[0], *found.shape[2:]))
        loss = self.commitment * F.mse_loss(found, nearest.detach())
        if self.entropy:
            loss = loss + self.entropy * entropy_gap(-torch.cdist(flat, self.vectors).square())
        return Latents(
            nearest + (found - found.detach()), loss, indices.reshape(found.shape[0], *found.shape[2:])
        )

    def of_indices(self, indices: Tensor) -> Tensor:
        """Return (B, C, h, w) latents for (B, h, w) tokens."""
        return self.vectors[indices].permute(0, 3, 1, 2)

    @torch.no_grad()
    def _follow(self, flat: Tensor, indices: Tensor, generator: torch.Generator | None) -> None:
        chosen = F.one_hot(indices, self.tokens).to(flat)
        self.counts.lerp_(chosen.sum(0), 1 - self.keep)
        self.sums.lerp_(chosen.T @ flat, 1 - self.keep)
        unused = self.counts < self.revive
        if unused.any():
            drawn = torch.randint(len(flat), (int(unused.sum()),), generator=generator, device=flat.device)
            self.sums[unused], self.counts[unused] = flat[drawn], 1.0
        self.vectors.copy_(self.sums / self.counts[:, None])


# Yu et al. 2021 (ViT-VQGAN), arXiv:2110.04627, section 3.2; in groups Wang et al. 2024
# (GSQ), arXiv:2412.02632.
class Spherical(Codebook):
    """A codebook of directions: latents and vectors have length one.

    Args:
        tokens: How many.
        channels: Of each.
    """

    def __init__(self, tokens: int, channels: int) -> None:
        super().__init__(tokens, channels)
        self._shorten()

    def forward(self, found: Tensor, generator: torch.Generator | None = None) -> Latents:
        """Return the vectors whose angle to the latents is least."""
        return super().forward(F.normalize(found, dim=1), generator)

    @torch.no_grad()
    def _follow(self, flat: Tensor, indices: Tensor, generator: torch.Generator | None) -> None:
        super()._follow(flat, indices, generator)
        self._shorten()

    @torch.no_grad()
    def _shorten(self) -> None:
        self.vectors.copy_(F.normalize(self.vectors, dim=1))


# Ramesh et al. 2021 (DALL-E), arXiv:2102.12092, section 2.1; Jang et al. 2016, arXiv:1611.01144, eq. 2.
class Relaxed(nn.Module):
    """The encoder gives the chance of each token; in training latents are mixtures, afterwards the likeliest.

    Args:
        tokens: How many.
        channels: Of the vector of each, which gradients change.
        temperature: Of the mixtures: near 0 they are nearly one vector each.
        amount: Weight of the divergence of the chances from even ones.
    """

    def __init__(
        self, tokens: int, channels: int, temperature: float = 2.0 / 3.0, amount: float = 1e-3
    ) -> None:
        super().__init__()
        self.needed, self.channels = tokens, channels
        self.tokens, self.each = tokens, 1
        self.temperature, self.amount = temperature, amount
        self.vectors = nn.Parameter(torch.randn(tokens, channels))

    def forward(self, found: Tensor, generator: torch.Generator | None = None) -> Latents:
        """Return latents: in training mixtures drawn by a generator, if there is one; else the likeliest."""
        log_chance = found.log_softmax(dim=1)
        divergence = (log_chance.exp() * log_chance).sum(dim=1) + math.log(self.tokens)
        loss, indices = self.amount * divergence.mean(), found.argmax(dim=1)
        if generator is None or not self.training:
            return Latents(self.of_indices(indices), loss, indices)
        drawn = torch.rand(found.shape, generator=generator, device=found.device).clamp(1e-7, 1.0 - 1e-7)
        share = ((log_chance - (-drawn.log()).log()) / self.temperature).softmax(dim=1)
        return Latents(torch.einsum("bkhw,kc->bchw", share, self.vectors), loss, indices)

    def of_indices(self, indices: Tensor) -> Tensor:
        """Return (B, C, h, w) latents for (B, h, w) tokens."""
        return self.vectors[indices].permute(0, 3, 1, 2)
