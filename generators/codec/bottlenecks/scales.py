"""Tokens of maps of growing size: what the coarse ones leave over, the finer ones approach."""

from __future__ import annotations

import math
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from forensics.errors import UsageError
from forensics.generators.codec.bottlenecks.base import Latents
from forensics.generators.codec.bottlenecks.codebook import Codebook
from forensics.generators.parts.residual import zeroed

__all__ = ["Scales", "checked_sides", "enlarged", "reduced"]


# Tian et al. 2024 (VAR), arXiv:2404.02905, algorithms 1 and 2: one codebook for all scales, and a convolution
# behind each map that was enlarged.
class Scales(nn.Module):
    """Maps of tokens, each with more of them: what is left over is made smaller, looked up, and enlarged.

    Args:
        sides: Of the maps, in tokens: each a divisor of the last, the last a divisor of the sides of latents.
        tokens: Of the codebook.
        channels: Of latents.
        commitment: What it costs that latents lie apart from the sums of their maps.

    Raises:
        UsageError: The sides do not grow, or do not divide the last.
    """

    def __init__(self, sides: tuple[int, ...], tokens: int, channels: int, commitment: float = 0.25) -> None:
        super().__init__()
        self.sides = checked_sides(sides)
        self.needed = self.channels = channels
        self.tokens, self.each, self.commitment = tokens, 1, commitment
        self.book = Codebook(tokens, channels)
        self.smooth = nn.ModuleList(zeroed(nn.Conv2d(channels, channels, 3, padding=1)) for _ in sides)

    def forward(self, found: Tensor, generator: torch.Generator | None = None) -> Latents:
        """Return sums of enlarged maps, and (B, 1, N) tokens: map by map, each row by row.

        Raises:
            UsageError: The latents are not made of whole maps.
        """
        if found.shape[2] % self.sides[-1] or found.shape[3] % self.sides[-1]:
            raise UsageError(
                "latents are not made of whole maps of tokens",
                expected=f"multiples of {self.sides[-1]}",
                actual=tuple(found.shape[2:]),
            )
        with torch.autocast(found.device.type, enabled=False):  # in 16 bits, others would be the nearest
            return self._approached(found.to(self.book.vectors.dtype), generator)

    def of_indices(self, indices: Tensor) -> Tensor:
        """Return (B, C, h, h) latents for the (B, 1, N) tokens of a square."""
        whole = math.isqrt(indices.shape[2] // sum(side * side for side in self.sides))
        sizes = [whole * side for side in self.sides]
        maps = indices[:, 0].split([size * size for size in sizes], dim=1)
        parts = [
            self._added(number, self.book.of_indices(part.reshape(-1, size, size)))
            for number, (part, size) in enumerate(zip(maps, sizes, strict=True))
        ]
        return torch.stack(parts).sum(0)

    def _approached(self, found: Tensor, generator: torch.Generator | None) -> Latents:
        total, indices, losses = torch.zeros_like(found), [], []
        for number, side in enumerate(self.sides):
            left = (found - total).detach()
            part = self.book(reduced(left, self.sides[-1] // side), generator)
            total = total + self._added(number, part.z)
            indices.append(part.indices.flatten(1))
            apart = self.commitment * F.mse_loss(found, total.detach())
            losses.append(apart + F.mse_loss(total, found.detach()))
        z = total + (found - found.detach())  # the sum of all maps, exactly; gradients pass as if `found`
        return Latents(z, torch.stack(losses).mean(), torch.cat(indices, dim=1)[:, None])

    def _added(self, number: int, vectors: Tensor) -> Tensor:
        large = enlarged(vectors, self.sides[-1] // self.sides[number])
        return large + self.smooth[number](large)


def checked_sides(sides: tuple[int, ...]) -> tuple[int, ...]:
    """Return the sides of maps.

    Raises:
        UsageError: There are none, they do not grow, or do not divide the last.
    """
    grow = all(small < large for small, large in pairwise(sides))
    if not sides or sides[0] < 1 or not grow or any(sides[-1] % side for side in sides):
        raise UsageError(
            "maps of tokens grow, and the sides of all divide those of the last",
            expected="such as 1, 2, 4, 8",
            actual=sides,
        )
    return sides


def reduced(x: Tensor, factor: int) -> Tensor:
    """Return (B, C, H / factor, W / factor) means of squares."""
    return F.avg_pool2d(x, factor)


def enlarged(x: Tensor, factor: int) -> Tensor:
    """Return (B, C, H * factor, W * factor), straight lines between the middles of what was there."""
    if factor == 1:
        return x
    return F.interpolate(x, scale_factor=float(factor), mode="bilinear", align_corners=False)
