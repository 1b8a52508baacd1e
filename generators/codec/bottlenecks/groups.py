"""Several tokens for one place: of parts of the latents, or of what is left of them."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from forensics.errors import UsageError
from forensics.generators.codec.bottlenecks.base import Latents
from forensics.generators.codec.bottlenecks.codebook import Codebook, Spherical

__all__ = ["Product", "Residual"]


# Jegou et al. 2011, "Product quantization for nearest neighbor search", IEEE TPAMI 33(1), section II.
class Product(nn.Module):
    """The channels are shared out to groups with a codebook each; one token of each group for each place.

    Args:
        groups: How many, a divisor of the channels.
        tokens: Of each codebook.
        channels: Of latents.
        spherical: Codebooks are of directions (grouped spherical quantisation).

    Raises:
        UsageError: The channels cannot be shared out.
    """

    def __init__(self, groups: int, tokens: int, channels: int, *, spherical: bool = False) -> None:
        super().__init__()
        if groups < 1 or channels % groups:
            raise UsageError("groups share the channels", expected=f"a divisor of {channels}", actual=groups)
        self.needed = self.channels = channels
        self.tokens, self.each = tokens, groups
        kind = Spherical if spherical else Codebook
        self.books = nn.ModuleList(kind(tokens, channels // groups) for _ in range(groups))

    def forward(self, found: Tensor, generator: torch.Generator | None = None) -> Latents:
        """Return the nearest vectors of each group, and (B, h, w * groups) tokens."""
        parts = [
            book(part, generator) for book, part in zip(self.books, found.chunk(self.each, 1), strict=True)
        ]
        indices = torch.stack([part.indices for part in parts], dim=3)
        loss = torch.stack([part.loss for part in parts]).mean()
        return Latents(torch.cat([part.z for part in parts], dim=1), loss, indices.flatten(2))

    def of_indices(self, indices: Tensor) -> Tensor:
        """Return (B, C, h, w) latents for (B, h, w * groups) tokens."""
        parts = [indices[:, :, number :: self.each] for number in range(self.each)]
        return torch.cat([book.of_indices(part) for book, part in zip(self.books, parts, strict=True)], dim=1)


# Lee et al. 2022 (RQ-VAE), arXiv:2203.01941, section 3.1, eqs. 2 to 4.
class Residual(nn.Module):
    """What one codebook leaves over, the next one approaches: several tokens for each place, coarse first.

    Args:
        depth: Codebooks, 1 at least.
        tokens: Of each.
        channels: Of latents.

    Raises:
        UsageError: There is no codebook.
    """

    def __init__(self, depth: int, tokens: int, channels: int) -> None:
        super().__init__()
        if depth < 1:
            raise UsageError("a residual bottleneck needs codebooks", expected=">= 1", actual=depth)
        self.needed = self.channels = channels
        self.tokens, self.each = tokens, depth
        self.books = nn.ModuleList(Codebook(tokens, channels) for _ in range(depth))

    def forward(self, found: Tensor, generator: torch.Generator | None = None) -> Latents:
        """Return sums of vectors, and (B, h, w * depth) tokens."""
        left, total, indices, losses = found, torch.zeros_like(found), [], []
        for book in self.books:
            part = book(left, generator)
            left, total = left - part.z.detach(), total + part.z.detach()
            indices.append(part.indices)
            losses.append(part.loss)
        z = total + (found - found.detach())  # the sum of all vectors, exactly; gradients pass as if `found`
        return Latents(z, torch.stack(losses).mean(), torch.stack(indices, dim=3).flatten(2))

    def of_indices(self, indices: Tensor) -> Tensor:
        """Return (B, C, h, w) latents for (B, h, w * depth) tokens."""
        parts = [indices[:, :, number :: self.each] for number in range(self.each)]
        return torch.stack([book.of_indices(p) for book, p in zip(self.books, parts, strict=True)]).sum(0)
