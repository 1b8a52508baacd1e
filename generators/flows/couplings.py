"""Couplings of any function, scales of their own for all values, and what says how they are bent."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from forensics.generators.flows.layers import Flowed
from forensics.generators.flows.transforms import Transform
from forensics.generators.parts.residual import zeroed
from forensics.generators.parts.transformer import TransformerBlock

__all__ = ["BentCoupling", "Conditioner", "Scaling"]


# Dinh et al. 2014 (NICE), arXiv:1410.8516, section 3.3.
class Scaling(nn.Module):
    """A scale for each value: what couplings that only shift cannot do.

    From scales of one it would take thousands of steps to those of small values, so that the first batch of
    a training sets them, alike in each channel, as `ActNorm` does (arXiv:1807.03039, section 3.1).

    Args:
        shape: Of the values of a picture, channels first.
    """

    begun: Tensor

    def __init__(self, *shape: int) -> None:
        super().__init__()
        self.log_scale = nn.Parameter(torch.zeros(1, *shape))
        self.register_buffer("begun", torch.tensor(False))

    def forward(self, x: Tensor) -> Flowed:
        """Return (B, *shape) for the same."""
        if self.training and not self.begun:
            self._begin(x)
        return Flowed(x * self.log_scale.exp(), self.log_scale.sum().expand(x.shape[0]))

    def inverse(self, z: Tensor) -> Tensor:
        """Return (B, *shape) for the same."""
        return z * (-self.log_scale).exp()

    @torch.no_grad()
    def _begin(self, x: Tensor) -> None:
        size = x.square().mean(dim=(0, *range(2, x.ndim)), keepdim=True).sqrt().clamp(min=1e-6)
        self.log_scale.copy_((-size.log()).expand_as(self.log_scale))
        self.begun.fill_(True)


# Ho et al. 2019 (Flow++), arXiv:1902.00275, section 3.3: convolutions, then attention to all places.
class Conditioner(nn.Module):
    """From what a coupling sees to how it bends the rest; it starts at zero.

    Args:
        channels: Of what is seen.
        out: Numbers at each place.
        width: Features.
        heads: Of an attention in between; none if 0.
    """

    def __init__(self, channels: int, out: int, width: int, heads: int = 0) -> None:
        super().__init__()
        self.first = nn.Sequential(
            nn.Conv2d(channels, width, 3, padding=1), nn.SiLU(), nn.Conv2d(width, width, 1), nn.SiLU()
        )
        self.attention = TransformerBlock(width, heads, identity=False) if heads else None
        self.last = zeroed(nn.Conv2d(width, out, 3, padding=1))

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, out, H, W) for (B, channels, H, W)."""
        deep = self.first(x)
        if self.attention is not None:
            places = self.attention(deep.flatten(2).transpose(1, 2))
            deep = places.transpose(1, 2).reshape(-1, *deep.shape[1:])
        return self.last(deep)


class BentCoupling(nn.Module):
    """What a mask leaves out is bent by functions that a network chooses by the rest.

    Args:
        channels: Of what comes in.
        width: Features of the network.
        mask: (1, C, H, W) or one that broadcasts: 1 for what is seen, 0 for what is changed.
        transform: The kind of functions.
        heads: Of the network's attention; none if 0.
        context: Channels of something else that the network sees.
    """

    mask: Tensor

    def __init__(
        self,
        channels: int,
        width: int,
        mask: Tensor,
        transform: Transform,
        *,
        heads: int = 0,
        context: int = 0,
    ) -> None:
        super().__init__()
        self.transform = transform
        self.register_buffer("mask", mask, persistent=False)
        self.network = Conditioner(channels + context, transform.needed * channels, width, heads)

    def forward(self, x: Tensor, context: Tensor | None = None) -> Flowed:
        """Return (B, C, H, W) for the same.

        Args:
            x: What is bent.
            context: (B, context, H, W) what the network sees beside it.
        """
        bent = self.transform.forward(x, self._by(x, context))
        rest = 1 - self.mask
        return Flowed(self.mask * x + rest * bent.y, (rest * bent.log_slope).flatten(1).sum(1))

    def inverse(self, z: Tensor, context: Tensor | None = None) -> Tensor:
        """Return (B, C, H, W) for the same."""
        return self.mask * z + (1 - self.mask) * self.transform.inverse(z, self._by(z, context))

    def _by(self, x: Tensor, context: Tensor | None) -> Tensor:
        seen = x * self.mask
        found = self.network(seen if context is None else torch.cat([seen, context], dim=1))
        shape = (-1, self.transform.needed, *x.shape[1:])
        return found.reshape(shape).transpose(0, 1)
