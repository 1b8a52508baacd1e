"""The contract of bottlenecks: what goes in, and what they let through."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import torch
from torch import Tensor

__all__ = ["Bottleneck", "Latents"]


class Latents(NamedTuple):
    """What a bottleneck lets through.

    Attributes:
        z: (B, C, h, w) latents.
        loss: What it costs, in the terms of the bottleneck.
        indices: (B, h, w * n) tokens, those of a place side by side; None if the bottleneck has none.
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
