"""Latents on a fixed grid: rounded to levels, or to their signs. No codebook is learned."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from forensics.errors import UsageError
from forensics.generators.codec.bottlenecks.base import Latents
from forensics.generators.codec.bottlenecks.usage import bits_gap

__all__ = ["Rounding", "Signs"]


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
        self.each = 1
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


# Yu et al. 2023 (MAGVIT-v2), arXiv:2310.05737, section 3.1, eqs. 3 to 5; the entropies bit by bit.
class Signs(nn.Module):
    """Each channel becomes its sign; all of them together are a token, looked up nowhere.

    Args:
        channels: C of latents: there are 2^C tokens.
        commitment: What it costs that latents lie apart from -1 and 1.
        entropy: What it costs that signs are unsure, or one of both is rare.
    """

    basis: Tensor

    def __init__(self, channels: int, commitment: float = 0.25, entropy: float = 0.1) -> None:
        super().__init__()
        self.needed = self.channels = channels
        self.tokens, self.each = 2**channels, 1
        self.commitment, self.entropy = commitment, entropy
        self.register_buffer("basis", (2 ** torch.arange(channels)).reshape(-1, 1, 1), persistent=False)

    def forward(self, found: Tensor, generator: torch.Generator | None = None) -> Latents:
        """Return -1 or 1 for each value, through which gradients pass as if it were the value itself."""
        del generator
        positive = found > 0.0
        signs = 2.0 * positive.to(found.dtype) - 1.0
        loss = self.commitment * F.mse_loss(found, signs) + self.entropy * bits_gap(found)
        return Latents(found + (signs - found).detach(), loss, (positive.long() * self.basis).sum(1))

    def of_indices(self, indices: Tensor) -> Tensor:
        """Return (B, C, h, w) latents for (B, h, w) tokens."""
        return 2.0 * (indices[:, None] // self.basis % 2).float() - 1.0
