"""The residual block of all convolutional networks."""

from __future__ import annotations

from typing import TypeVar

import torch.nn.functional as F
from torch import Tensor, nn

__all__ = ["ResidualBlock", "zeroed"]

Layer = TypeVar("Layer", nn.Conv2d, nn.Linear)


# He et al. 2016, arXiv:1603.05027 (pre-activation), with the adaptive group norm of Dhariwal & Nichol 2021,
# arXiv:2105.05233, eq. 4: survey "AdaGN".
class ResidualBlock(nn.Module):
    """Two convolutions beside a way past them; it starts as nothing but that way.

    Args:
        channels: Of what comes in.
        out: Of what goes out; the same if None.
        condition: Values of a vector that scales and shifts the features; none if None.
        groups: Channels are normalised in so many groups; not at all if 0.
        dropout: Share of the features that are left out in training.
    """

    def __init__(
        self,
        channels: int,
        out: int | None = None,
        *,
        condition: int | None = None,
        groups: int = 8,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        out = out or channels
        self.first_norm = _norm(groups, channels)
        self.first = nn.Conv2d(channels, out, 3, padding=1)
        self.second_norm = _norm(groups, out)
        self.dropout = nn.Dropout(dropout)
        self.second = zeroed(nn.Conv2d(out, out, 3, padding=1))
        self.past = nn.Identity() if out == channels else nn.Conv2d(channels, out, 1)
        self.condition = None if condition is None else zeroed(nn.Linear(condition, 2 * out))

    def forward(self, x: Tensor, condition: Tensor | None = None) -> Tensor:
        """Return (B, out, H, W) for (B, channels, H, W).

        Args:
            x: Features.
            condition: (B, condition) what scales and shifts them.
        """
        deep = self.second_norm(self.first(F.silu(self.first_norm(x))))
        if self.condition is not None and condition is not None:
            scale, shift = self.condition(F.silu(condition))[:, :, None, None].chunk(2, dim=1)
            deep = deep * (1.0 + scale) + shift
        return self.past(x) + self.second(self.dropout(F.silu(deep)))


def zeroed(layer: Layer) -> Layer:
    """Start a layer at zero: what it is added to works from the first step."""
    nn.init.zeros_(layer.weight)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer


def _norm(groups: int, channels: int) -> nn.Module:
    return nn.GroupNorm(min(groups, channels), channels) if groups else nn.Identity()
